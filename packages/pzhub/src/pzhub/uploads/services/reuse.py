"""Meanings of columns taken over from an earlier product of the same layout."""

from __future__ import annotations

from typing import Final, NamedTuple

from django.db import transaction
from django.db.models import Count

from pzhub.accounts.models import User
from pzhub.catalog.models import Column, Product, ProductStatus
from pzhub.catalog.selectors import products_visible_to
from pzhub.catalog.services import set_column_associations
from pzhub.catalog.services.columns import Association
from pzhub.core.errors import InvalidError

#: So many earlier products are offered.
MOST_OFFERED: Final = 20
#: So many column names are compared.
_MOST_NAMES: Final = 500


class NothingInCommonError(InvalidError):
    """No column of the other product that has a meaning has the name of one of ours."""

    code = "nothing_in_common"


class Likeness(NamedTuple):
    """An earlier product, and how many of its meanings fit."""

    product: Product
    n_columns: int


def products_to_copy_from(product: Product, actor: User) -> list[Likeness]:
    """Return the actor's products whose meanings fit columns of a product, the best first."""
    names = list(product.columns.values_list("column_name", flat=True)[:_MOST_NAMES])
    fitting = (
        Column.objects.filter(product__user=actor, column_name__in=names)
        .exclude(product=product)
        .exclude(product__status=ProductStatus.DELETED)
        .exclude(alias=None)
        .exclude(alias="")
        .values("product")
        .annotate(n_columns=Count("pk"))
        .order_by("-n_columns", "-product")[:MOST_OFFERED]
    )
    counts = {row["product"]: row["n_columns"] for row in fitting}
    products = Product.objects.in_bulk(list(counts))
    return [Likeness(products[pk], count) for pk, count in counts.items()]


@transaction.atomic
def copy_meanings(*, actor: User, product: Product, source: Product) -> list[str]:
    """Give the columns of a product the meanings that those of the same name have in another.

    Parameters
    ----------
    actor
        Who may change the product, and sees the other one.
    product, source
        To and from which.

    Returns
    -------
    names of the columns that have them now

    Raises
    ------
    NothingInCommonError
        If no name is in both.
    """
    seen = products_visible_to(actor).filter(pk=source.pk).exists()
    meanings = {
        column.column_name: Association(column.alias, column.ucd, column.unit or None)
        for column in (source.columns.exclude(alias=None).exclude(alias="") if seen else ())
    }
    columns = {
        column.pk: column for column in product.columns.all() if column.column_name in meanings
    }
    if not columns:
        raise NothingInCommonError(
            f"{source} has no column with a meaning whose name is one of {product}."
        )
    set_column_associations(
        actor=actor,
        product=product,
        associations={pk: meanings[column.column_name] for pk, column in columns.items()},
    )
    return [column.column_name for column in columns.values()]
