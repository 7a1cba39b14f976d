"""Reads of downloads."""

from __future__ import annotations

from django.db.models import QuerySet

from pzhub.accounts.models import User
from pzhub.catalog.models import Product
from pzhub.catalog.selectors import products_visible_to
from pzhub.core.errors import NotFoundError
from pzhub.downloads.content import content_of
from pzhub.downloads.models import Archive, ArchiveKind, Bundle


def archive_for(product: Product, kind: ArchiveKind) -> Archive | None:
    """Return the newest archive of what the product holds now, or ``None``.

    Raises
    ------
    pzhub.downloads.content.NoMainFileError
        If a main file is asked for and there is none.
    """
    signature = content_of(product, kind).signature
    archives = Archive.objects.filter(product=product, kind=kind, source_signature=signature)
    return archives.order_by("-id").first()


def archives_visible_to(user: User) -> QuerySet[Archive]:
    """Return the archives of the products that a user may see."""
    return Archive.objects.filter(product__in=products_visible_to(user).order_by())


def bundles_of(user: User) -> QuerySet[Bundle]:
    """Return the bundles of a user, newest first; nobody else sees them."""
    return Bundle.objects.filter(user=user)


def bundle_for(user: User, pk: int) -> Bundle:
    """Return one bundle.

    Raises
    ------
    NotFoundError
        If there is none of the user's with this number.
    """
    bundle = bundles_of(user).filter(pk=pk).first()
    if bundle is None:
        raise NotFoundError(f"There is no prepared download {pk}, or it was removed.")
    return bundle
