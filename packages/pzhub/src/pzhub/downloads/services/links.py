"""Signed links: short-lived, for one archive of one product."""

from __future__ import annotations

from typing import Final

from django.core import signing

from pzhub.accounts.models import User
from pzhub.catalog.models import Product
from pzhub.core import storage
from pzhub.core.errors import ForbiddenError, NotFoundError
from pzhub.downloads.models import Archive, ArchiveKind, ArchiveStatus
from pzhub.downloads.services.telling import saw_archive

LINK_SECONDS: Final = 900
_SALT: Final = "pzhub.downloads"


class LinkInvalidError(ForbiddenError):
    """A download link that this server did not sign for this product."""

    code = "link_invalid"


class LinkExpiredError(ForbiddenError):
    """A download link that is too old."""

    code = "link_expired"


class ArchiveGoneError(NotFoundError):
    """The prepared file was removed meanwhile."""

    code = "archive_gone"


def sign_link(archive: Archive, user: User) -> str:
    """Return the token of a download link of a user."""
    payload = {"archive": archive.pk, "product": archive.product_id, "user": user.pk}
    return signing.dumps(payload, salt=_SALT)


def open_archive(
    *, actor: User, product: Product, token: str, kind: ArchiveKind | None = None
) -> Archive:
    """Return the archive of a link.

    A link works for everybody who may see the product, not only for whom it was made.

    Parameters
    ----------
    actor
        Signed in; ``product`` was found through a selector of theirs.
    product
        What the address names.
    token
        What `sign_link` returned.
    kind
        The only kind that the address serves, if it serves one.

    Raises
    ------
    LinkInvalidError, LinkExpiredError
        If the link is missing, altered, of another product, or older than 15 minutes.
    ArchiveGoneError
        If the file is gone, or of another kind.
    """
    archive_id = _signed_archive(product, token)
    archives = Archive.objects.filter(pk=archive_id, product=product, status=ArchiveStatus.READY)
    if kind is not None:
        archives = archives.filter(kind=kind)
    archive = archives.first()
    if archive is None or not is_whole(archive):
        raise ArchiveGoneError("The prepared file was removed: prepare the download again.")
    saw_archive(archive, actor)
    return archive


def is_whole(archive: Archive) -> bool:
    """Tell whether the file of a ready archive is there, all of it."""
    path = storage.data_path(archive.path)
    return path.is_file() and path.stat().st_size == archive.size


def _signed_archive(product: Product, token: str) -> int:
    try:
        payload = signing.loads(token, salt=_SALT, max_age=LINK_SECONDS)
    except signing.SignatureExpired:
        raise LinkExpiredError(
            "This download link has expired: prepare the download again for a fresh one."
        ) from None
    except signing.BadSignature:
        payload = {}
    if payload.get("product") != product.pk:
        raise LinkInvalidError(
            "This download link is not valid for this product: prepare the download first."
        )
    return int(payload["archive"])
