"""The mark of official products: given and taken back by administrators, with a note."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductStatus, ProductType
from pzhub.catalog.policies import require_official
from pzhub.catalog.selectors import MADE_OFFICIAL, MARKED_LATEST, TAKEN_BACK
from pzhub.catalog.services.update import locked_product
from pzhub.core import audit
from pzhub.core.errors import ConflictError, InvalidError

#: Longest note, characters.
NOTE_LENGTH: Final = 500


@transaction.atomic
def set_official(*, actor: User, product: Product, official: bool, note: str) -> Product:
    """Make a published product official, or take that back.

    Parameters
    ----------
    actor
        An administrator.
    product
        A published product.
    official
        Whether it is official from now on.
    note
        Why, for everybody who sees the product; at most `NOTE_LENGTH` characters.

    Raises
    ------
    OfficialRequiresAdminError
        If the actor is no administrator.
    InvalidError
        If the note is empty or too long.
    ConflictError
        If the product is not published, or is so marked already.
    """
    require_official(actor)
    note = _checked(note)
    product = locked_product(product)
    if product.status != ProductStatus.PUBLISHED:
        raise ConflictError(f"{product} is not published: only published products are official.")
    if product.official_product == official:
        state = "official already" if official else "not official"
        raise ConflictError(f"{product} is {state}.")
    product.official_product = official
    product.is_latest = product.is_latest and official
    product.save(update_fields=["official_product", "is_latest", "updated_at"])
    action = MADE_OFFICIAL if official else TAKEN_BACK
    audit.record(actor=actor, action=action, target=product, note=note)
    return product


@transaction.atomic
def mark_latest(*, actor: User, product: Product, note: str) -> Product | None:
    """Make an official product the one of its type and release to use now.

    Parameters
    ----------
    actor
        An administrator.
    product
        An official product.
    note
        Why, for everybody who sees the product; at most `NOTE_LENGTH` characters.

    Returns
    -------
    the product that was marked before and no longer is, if there was one

    Raises
    ------
    OfficialRequiresAdminError
        If the actor is no administrator.
    InvalidError
        If the note is empty or too long.
    ConflictError
        If the product is not official, or is marked already.
    """
    require_official(actor)
    note = _checked(note)
    product = locked_product(product)
    if not product.official_product or product.status != ProductStatus.PUBLISHED:
        raise ConflictError(f"{product} is not official: make it official first.")
    if product.is_latest:
        raise ConflictError(f"{product} is the latest of its type already.")
    # Two products of a type that are marked at once would both stay so.
    ProductType.objects.select_for_update().get(pk=product.product_type_id)
    before = latest_beside(product)
    if before is not None:
        _set_latest(before, latest=False)
    _set_latest(product, latest=True)
    facts = {"instead_of": str(before)} if before else {}
    audit.record(actor=actor, action=MARKED_LATEST, target=product, note=note, **facts)
    return before


@transaction.atomic
def unmark_latest(*, actor: User, product: Product, restore: Product | None = None) -> None:
    """Undo `mark_latest`: take the mark back, and give it to the product that had it before.

    Raises
    ------
    OfficialRequiresAdminError
        If the actor is no administrator.
    ConflictError
        If the product is not marked, or the other one cannot be.
    """
    require_official(actor)
    product = locked_product(product)
    if not product.is_latest:
        raise ConflictError(f"{product} is not marked as the latest of its type.")
    _set_latest(product, latest=False)
    audit.record(actor=actor, action="product-unmarked-latest", target=product)
    if restore is not None:
        mark_latest(actor=actor, product=restore, note=f"Instead of {product}, which was undone.")


def latest_beside(product: Product) -> Product | None:
    """Return the product of the same type and release that is marked as the latest."""
    marked = Product.objects.filter(
        product_type=product.product_type_id, release=product.release_id, is_latest=True
    )
    return marked.exclude(pk=product.pk).first()


def _set_latest(product: Product, *, latest: bool) -> None:
    product.is_latest = latest
    product.save(update_fields=["is_latest", "updated_at"])


def _checked(note: str) -> str:
    note = note.strip()
    if not note:
        raise InvalidError("Say why, in a note.", fields={"note": ["Say why, in a note."]})
    if len(note) > NOTE_LENGTH:
        text = f"The note has {len(note)} characters; it may have {NOTE_LENGTH}."
        raise InvalidError(text, fields={"note": [text]})
    return note
