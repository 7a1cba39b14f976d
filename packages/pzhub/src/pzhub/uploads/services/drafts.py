"""Drafts that nobody works on: their owners are told, and then they are discarded."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from pzhub.catalog.models import Product, ProductStatus
from pzhub.catalog.services import delete_product
from pzhub.config import hub_config
from pzhub.core.chores import holder_name
from pzhub.core.leases import acquire_lease
from pzhub.notices.models import Notice, NoticeKind
from pzhub.notices.services import notify

#: Owners are told so long before a draft is discarded, and never less.
NOTICE_DAYS: Final = 14
_EVERY_SECONDS: Final = 3_600


def expiry_of(draft: Product) -> datetime | None:
    """Return when a draft is discarded if nobody changes it; ``None`` for never."""
    days = hub_config().draft_days
    return draft.updated_at + timedelta(days=days) if days else None


def expires_soon(draft: Product) -> bool:
    """Return whether a draft is discarded within the days of the notice."""
    expiry = expiry_of(draft)
    return expiry is not None and expiry - timezone.now() <= timedelta(days=NOTICE_DAYS)


def sweep_drafts() -> None:
    """Tell owners about old drafts and discard the oldest; once an hour, whoever asks."""
    if acquire_lease("sweep-drafts", holder_name(), _EVERY_SECONDS):
        tell_about_drafts()
        discard_drafts()


def tell_about_drafts() -> int:
    """Tell owners which drafts expire soon; each once, unless it was changed since.

    Returns
    -------
    how many drafts expire soon
    """
    drafts = _untouched_for(hub_config().draft_days - NOTICE_DAYS)
    for draft in drafts:
        notify(
            user=draft.user,
            kind=NoticeKind.DRAFT_EXPIRES,
            key=_key(draft),
            subject=draft.display_name,
            url=reverse("uploads:resume", args=[draft.pk]),
        )
    return len(drafts)


def discard_drafts() -> int:
    """Discard drafts whose time is over and whose owner was told long enough ago.

    Returns
    -------
    how many were discarded; administrators can restore them for 30 days
    """
    told_before = timezone.now() - timedelta(days=min(NOTICE_DAYS, hub_config().draft_days))
    over = [
        draft
        for draft in _untouched_for(hub_config().draft_days)
        if Notice.objects.filter(key=_key(draft), created_at__lte=told_before).exists()
    ]
    return sum(discard_untouched(draft) for draft in over)


@transaction.atomic
def discard_untouched(draft: Product) -> bool:
    """Discard a draft, unless it was changed since it was read; return whether it went."""
    same = Product.objects.select_for_update().filter(
        pk=draft.pk, status=ProductStatus.REGISTERING, updated_at=draft.updated_at
    )
    if same.first() is None:
        return False
    delete_product(
        actor=draft.user,
        product=draft,
        reason=f"Nobody changed this draft for {hub_config().draft_days} days.",
    )
    return True


def _untouched_for(days: int) -> list[Product]:
    if not hub_config().draft_days:
        return []
    before = timezone.now() - timedelta(days=max(days, 0))
    return list(_drafts().filter(updated_at__lte=before).order_by("pk"))


def _drafts() -> QuerySet[Product]:
    drafts = Product.objects.filter(status=ProductStatus.REGISTERING, process=None)
    return drafts.select_related("user", "product_type")


def _key(draft: Product) -> str:
    """Name the notice after the last change: another change makes another notice."""
    return f"draft-{draft.pk}-{int(draft.updated_at.timestamp())}"
