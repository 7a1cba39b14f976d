"""The mark of official products: given and taken back by administrators, with a note."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductStatus
from pzhub.catalog.policies import require_official
from pzhub.catalog.selectors import MADE_OFFICIAL, TAKEN_BACK
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
    product.save(update_fields=["official_product", "updated_at"])
    action = MADE_OFFICIAL if official else TAKEN_BACK
    audit.record(actor=actor, action=action, target=product, note=note)
    return product


def _checked(note: str) -> str:
    note = note.strip()
    if not note:
        raise InvalidError("Say why, in a note.", fields={"note": ["Say why, in a note."]})
    if len(note) > NOTE_LENGTH:
        text = f"The note has {len(note)} characters; it may have {NOTE_LENGTH}."
        raise InvalidError(text, fields={"note": [text]})
    return note
