"""Telling users that a download which took long is ready; of quick ones they know."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.urls import reverse
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.selectors import products_visible_to
from pzhub.downloads.models import Archive, Bundle
from pzhub.notices.models import NoticeKind
from pzhub.notices.services import mark_seen, notify

#: Who asked for a download watches for about this long.
WATCHED: Final = timedelta(seconds=15)


def tell_bundle(bundle: Bundle) -> None:
    """Tell who asked for a bundle that it is ready."""
    if _took_long(bundle.created_at):
        url = reverse("downloads:bundle", args=[bundle.pk])
        _notify(bundle.user, _key_of_bundle(bundle), bundle.filename, url)


def tell_archive(archive: Archive) -> None:
    """Tell those who asked for an archive, as far as they may still see the product."""
    product = archive.product
    for user in archive.waiting.all() if _took_long(archive.created_at) else ():
        if products_visible_to(user).filter(pk=product.pk).exists():
            url = reverse("catalog:detail", args=[product.internal_name])
            _notify(user, _key_of_archive(archive, user), product.display_name, url)


def saw_bundle(bundle: Bundle) -> None:
    """Note that a bundle was fetched: nobody need be told of it any more."""
    mark_seen(bundle.user, _key_of_bundle(bundle))


def saw_archive(archive: Archive, user: User) -> None:
    """Note that a user fetched an archive."""
    mark_seen(user, _key_of_archive(archive, user))


def _took_long(begun: datetime) -> bool:
    return timezone.now() - begun >= WATCHED


def _key_of_bundle(bundle: Bundle) -> str:
    return f"bundle {bundle.pk}"


def _key_of_archive(archive: Archive, user: User) -> str:
    return f"archive {archive.pk} {user.pk}"


def _notify(user: User, key: str, subject: str, url: str) -> None:
    notify(user=user, kind=NoticeKind.DOWNLOAD_READY, key=key, subject=subject, url=url)
