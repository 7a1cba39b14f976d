"""The first step of the wizard: a product begins, or its basics change, with what it replaces."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from pzhub.accounts.models import User
from pzhub.catalog.models import Product
from pzhub.catalog.services import create_product, set_replaces, update_product


@transaction.atomic
def begin_draft(*, actor: User, replaces: Product | None = None, **basics: Any) -> Product:
    """Begin a product that may replace an earlier one: both or nothing.

    Raises
    ------
    HubError
        As `create_product` and `set_replaces`.
    """
    product = create_product(actor=actor, **basics)
    return set_replaces(actor=actor, product=product, replaces=replaces)


@transaction.atomic
def change_basics(
    *, actor: User, product: Product, replaces: Product | None = None, **basics: Any
) -> Product:
    """Change what a draft says of itself, and what it replaces: both or nothing.

    Raises
    ------
    HubError
        As `update_product` and `set_replaces`.
    """
    product = update_product(actor=actor, product=product, **basics)
    return set_replaces(actor=actor, product=product, replaces=replaces)
