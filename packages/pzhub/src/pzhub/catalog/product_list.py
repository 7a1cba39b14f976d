"""The product list of the site: tabs, search, facets, orders. Querysets only.

A facet is one way to narrow the list: its choices within a facet add up (``or``; ``has`` is the
exception, each choice must hold), facets narrow each other (``and``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, get_args

from django.db.models import (
    Count,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
)

from pzhub.accounts.models import User
from pzhub.catalog.facet_rows import FORMATS, SIZES, WANTED_ROLES, alias_of
from pzhub.catalog.fulltext import product_has_word
from pzhub.catalog.models import (
    Column,
    FileRole,
    Product,
    ProductStatus,
)
from pzhub.catalog.selectors import (
    PRODUCT_SEARCH_FIELDS,
    any_field_contains,
    products_visible_to,
    search_words,
    with_list_relations,
)
from pzhub.catalog.spans import Cone, Span, span_condition
from pzhub.core.search import require_few_words

ListTab = Literal["all", "official", "mine", "drafts"]

#: Orders of the product list: name in the URL, without its sign -> column.
PRODUCT_ORDERS: Final = {
    "created": "created_at",
    "name": "display_name",
    "type": "product_type__order",
    "release": "release__display_name",
    "owner": "user__username",
    "status": "status",
    "rows": "sorted_main__n_rows",
    "size": "sorted_main__size",
}


@dataclass(frozen=True, slots=True)
class ProductFilter:
    """What a list shows.

    Attributes
    ----------
    tab
        ``all`` and ``official`` show published products, ``mine`` all of the user's own,
        ``drafts`` those that wait for their owner.
    q
        Words, each the beginning of a word that the product tells of itself (names, description,
        columns, meanings, files), or a part of its names or its owner's.
    chosen
        Values by facet (`FACETS`).
    spans
        Spans by name (`pzhub.catalog.spans.SPANS`).
    cone
        Where on the sky products must have positions.
    sort
        A key of `PRODUCT_ORDERS`, ``-`` before it for descending; unknown ones mean newest first.
    """

    tab: ListTab = "all"
    q: str = ""
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spans: Mapping[str, Span] = field(default_factory=dict)
    cone: Cone | None = None
    sort: str = "-created"


def products_list(
    user: User, wanted: ProductFilter, releases: Collection[int] | None = None
) -> QuerySet[Product]:
    """Return the products of one list, in order.

    Parameters
    ----------
    user
        Who looks.
    wanted
        What the list shows.
    releases
        Of `products_visible_to`.

    Raises
    ------
    InvalidError
        If there are more words than a search takes.
    """
    visible = products_visible_to(user, releases=releases)
    products = _searched(visible.filter(_tab_condition(wanted.tab, user)), wanted)
    for name, values in wanted.chosen.items():
        if values:
            products = products.filter(FACETS[name](values))
    for name, span in wanted.spans.items():
        products = products.filter(span_condition(name, span))
    if wanted.cone is not None:
        products = products.filter(wanted.cone.condition)
    return _ordered(products, wanted.sort)


def tab_counts(user: User, releases: Collection[int] | None = None) -> dict[str, int]:
    """Return how many products each tab has."""
    counts: dict[str, int] = products_visible_to(user, releases=releases).aggregate(
        **{tab: Count("pk", filter=_tab_condition(tab, user)) for tab in get_args(ListTab)}
    )
    return counts


def products_numbered(numbers: Sequence[int]) -> QuerySet[Product]:
    """Return products by their ids, in no order, with what a list shows of other tables.

    Parameters
    ----------
    numbers
        Ids from a list of somebody who may see these products.
    """
    return with_list_relations(Product.objects.filter(pk__in=numbers).order_by())


def _searched(products: QuerySet[Product], wanted: ProductFilter) -> QuerySet[Product]:
    words = search_words(wanted.q)
    require_few_words(words)
    for word in words:
        names = any_field_contains(word, (*PRODUCT_SEARCH_FIELDS, "internal_name"))
        products = products.filter(product_has_word(word) | names)
    return products


def _tab_condition(tab: ListTab, user: User) -> Q:
    if tab == "mine":
        return Q(user=user)
    if tab == "drafts":
        waiting = (ProductStatus.REGISTERING, ProductStatus.PROCESSING, ProductStatus.FAILED)
        return Q(user=user, status__in=waiting)
    published = Q(status=ProductStatus.PUBLISHED)
    return published & Q(official_product=True) if tab == "official" else published


def _ordered(products: QuerySet[Product], sort: str) -> QuerySet[Product]:
    """Sort; what has no rows or no size comes last, in both directions."""
    backwards = sort.startswith("-")
    column = PRODUCT_ORDERS.get(sort.removeprefix("-"))
    if column is None:
        return products.order_by("-created_at", "-id")
    sign = "-" if backwards else ""
    if not column.startswith("sorted_main"):
        return products.order_by(f"{sign}{column}", f"{sign}id")
    main = FilteredRelation("files", condition=Q(files__role=FileRole.MAIN))
    order = F(column).desc(nulls_last=True) if backwards else F(column).asc(nulls_last=True)
    return products.alias(sorted_main=main).order_by(order, f"{sign}id")


# ── facets ──────────────────────────────────────────────────────────────────
def _column_condition(column: str, none: str | None = None) -> Callable[[Sequence[str]], Q]:
    """Return the condition on a column; ``none`` is the value that stands for nothing there."""

    def condition(values: Sequence[str]) -> Q:
        without = Q(**{f"{column}__isnull": True}) if none in values else Q()
        return Q(**{f"{column}__in": values}) | without

    return condition


#: Values of the facet of origins that are no pipeline's name.
UPLOADED: Final = "upload"
SAVED_VIEW: Final = "saved_view"


def _origin_condition(values: Sequence[str]) -> Q:
    condition = Q(process__pipeline__name__in=values)
    if UPLOADED in values:
        condition |= Q(process__isnull=True, saved_view__isnull=True)
    if SAVED_VIEW in values:
        condition |= Q(saved_view__isnull=False)
    return condition


def _has_role(name: str) -> Exists:
    return Exists(Column.objects.filter(product=OuterRef("pk"), alias=alias_of(name)))


def _has_roles(values: Sequence[str]) -> Q:
    condition = Q()
    for name in values:
        condition &= Q(_has_role(name)) if name in WANTED_ROLES else Q(pk__in=())
    return condition


def _place_condition(column: str, names: Sequence[str]) -> Callable[[Sequence[str]], Q]:
    """Return the condition on a column that has places in some names, counted from 1."""
    places = {name: place for place, name in enumerate(names, 1)}

    def condition(values: Sequence[str]) -> Q:
        return Q(**{f"{column}__in": [places[value] for value in values if value in places]})

    return condition


def _survey_condition(values: Sequence[str]) -> Q:
    condition = Q(pk__in=())
    for value in values:
        # Lists as both databases write them: ["DESI", "VVDS"]. SQLite keeps what is not ASCII
        # escaped, PostgreSQL as it is.
        for written in {json.dumps(value), json.dumps(value, ensure_ascii=False)}:
            condition |= Q(facets__surveys__icontains=written)
    return condition


#: Facets: the condition of chosen values.
FACETS: Final[Mapping[str, Callable[[Sequence[str]], Q]]] = MappingProxyType(
    {
        "type": _column_condition("product_type__name"),
        "release": _column_condition("release__name", none="none"),
        "has": _has_roles,
        "survey": _survey_condition,
        "origin": _origin_condition,
        "owner": _column_condition("user__username"),
        "format": _place_condition("facets__format", FORMATS),
        "size": _place_condition("facets__size", tuple(SIZES)),
    }
)
