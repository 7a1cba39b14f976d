"""The picker of catalogs: what is chosen stays on top, whatever is searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from pzhub.accounts.models import User
from pzhub.catalog.models import Column, FileRole, Product, ProductFile, ProductStatus
from pzhub.catalog.product_list import ProductFilter, products_list
from pzhub.catalog.selectors import products_visible_to
from pztables.roles import role_named

PAGE_SIZE = 25
#: Meanings without which flags cannot be unified or duplicates resolved well.
_HELPFUL = ("z_flag", "survey")


@dataclass(frozen=True, slots=True)
class PickerRow:
    """A catalog that can be chosen."""

    product: Product
    n_rows: int | None
    helpful: list[str]
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Picker:
    """The picker as it stands: chosen catalogs first, then those that match the search."""

    rows: list[PickerRow]
    query: str
    official: bool
    n_matching: int
    n_hidden: int
    takes_one: bool = False

    @property
    def n_chosen(self) -> int:
        """How many catalogs are chosen."""
        return sum(row.is_chosen for row in self.rows)

    @property
    def rows_chosen(self) -> int:
        """How many rows the chosen catalogs have together."""
        return sum(row.n_rows or 0 for row in self.rows if row.is_chosen)


def _with_parts(products: QuerySet[Product]) -> QuerySet[Product]:
    main = ProductFile.objects.filter(role=FileRole.MAIN)
    meant = Column.objects.exclude(alias=None)
    return products.prefetch_related(
        Prefetch("files", queryset=main, to_attr="main_files"),
        Prefetch("columns", queryset=meant, to_attr="meant_columns"),
    )


def chosen_catalogs(actor: User, names: Sequence[str]) -> tuple[list[Product], list[str]]:
    """Return the products of some names or ids, and the names that are none that can be used."""
    visible = products_visible_to(actor).filter(
        product_type__name="redshift_catalog", status=ProductStatus.PUBLISHED
    )
    by_name = {
        product.internal_name: product
        for product in _with_parts(visible.filter(internal_name__in=names))
    }
    unknown = [name for name in dict.fromkeys(names) if name not in by_name]
    return [by_name[name] for name in dict.fromkeys(names) if name in by_name], unknown


def picker_of(
    actor: User,
    chosen: Sequence[Product],
    *,
    query: str,
    official: bool,
    takes_one: bool = False,
) -> Picker:
    """Return the picker for a search; ``takes_one``: of one catalog, not of several."""
    wanted = ProductFilter(
        tab="official" if official else "all", q=query, chosen={"type": ("redshift_catalog",)}
    )
    found = products_list(actor, wanted)
    others = found.exclude(pk__in=[product.pk for product in chosen])
    n_others = others.count()
    shown = list(_with_parts(others)[:PAGE_SIZE])
    rows = [_row(product, is_chosen=True) for product in chosen]
    rows += [_row(product, is_chosen=False) for product in shown]
    n_matching = n_others + len(chosen)
    return Picker(rows, query, official, n_matching, n_others - len(shown), takes_one)


def _row(product: Product, *, is_chosen: bool) -> PickerRow:
    files: list[ProductFile] = product.main_files  # type: ignore[attr-defined]  # prefetched
    columns: list[Column] = product.meant_columns  # type: ignore[attr-defined]  # prefetched
    roles = {role.name for column in columns if (role := role_named(column.alias or ""))}
    n_rows = files[0].n_rows if files else None
    return PickerRow(product, n_rows, [name for name in _HELPFUL if name in roles], is_chosen)
