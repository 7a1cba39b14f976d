"""Several products at once: what somebody marked in a list, as far as they may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet

from pzhub.accounts.models import User
from pzhub.catalog.models import Product
from pzhub.catalog.product_list import ProductFilter, products_list
from pzhub.catalog.selectors import products_visible_to
from pzhub.core.errors import InvalidError

#: Most products that can be named one by one; all results of a list may be more.
MOST_NAMED: Final = 500


class NothingSelectedError(InvalidError):
    """No product was marked, or nothing is left of what was."""

    code = "nothing_selected"


class SelectionTooLargeError(InvalidError):
    """More products were marked than an act takes."""

    code = "selection_too_large"


@dataclass(frozen=True, slots=True)
class Selection:
    """What was marked: products by name, or everything that a list shows.

    Attributes
    ----------
    names
        Internal names.
    everything
        The list whose products are all meant; ``None`` where names count.
    """

    names: tuple[str, ...] = ()
    everything: ProductFilter | None = None


def selected_products(user: User, selection: Selection) -> QuerySet[Product]:
    """Return the marked products that a user may see: in the order of the list, or of names.

    Raises
    ------
    SelectionTooLargeError
        If more than `MOST_NAMED` are named.
    """
    if selection.everything is not None:
        return products_list(user, selection.everything)
    if len(selection.names) > MOST_NAMED:
        raise SelectionTooLargeError(
            f"{len(selection.names)} products are named; at most {MOST_NAMED} can be:"
            " select all results of a list instead."
        )
    names = [name for name in selection.names if "\0" not in name]
    return products_visible_to(user).filter(internal_name__in=names).order_by("pk")


def require_selection(products: QuerySet[Product], *, most: int) -> list[Product]:
    """Return the marked products, refusing none and too many.

    Raises
    ------
    NothingSelectedError
        If there are none.
    SelectionTooLargeError
        If there are more than ``most``.
    """
    found = list(products[: most + 1])
    if not found:
        raise NothingSelectedError("Select at least one product of the list first.")
    if len(found) > most:
        n_products = products.count()
        raise SelectionTooLargeError(
            f"{n_products} products are selected; this takes at most {most}: narrow the list."
        )
    return found


def names_not_found(selection: Selection, found: Sequence[Product]) -> list[str]:
    """Return the names that led to no product that the user may see."""
    known = {product.internal_name for product in found}
    return [name for name in dict.fromkeys(selection.names) if name not in known]
