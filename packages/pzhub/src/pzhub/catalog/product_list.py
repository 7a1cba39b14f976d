"""The product list of the site: tabs, search, facets, orders. Querysets only.

A facet is one way to narrow the list: its choices within a facet add up (``or``; ``has`` is the
exception, each choice must hold), facets narrow each other (``and``).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast

from pzhub.accounts.models import User
from pzhub.catalog.fulltext import product_has_word
from pzhub.catalog.models import (
    Column,
    FileRole,
    Product,
    ProductFile,
    ProductStatus,
    ProductSummary,
    ProductType,
    Release,
)
from pzhub.catalog.selectors import (
    PRODUCT_SEARCH_FIELDS,
    any_field_contains,
    products_visible_to,
    search_words,
)
from pzhub.catalog.spans import Cone, Span, span_condition
from pzhub.core.search import require_few_words
from pztables.roles import role_named

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
#: Meanings that people look for, as the columns of some products have them.
WANTED_ROLES: Final = ("z_flag", "z_err", "survey", "instrument_type")
#: Formats of main files, by the suffixes that their names end in.
FORMAT_SUFFIXES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "parquet": (".parquet", ".pq"),
        "csv": (".csv", ".tsv", ".txt", ".dat", ".csv.gz", ".gz"),
        "fits": (".fits", ".fit", ".fits.gz"),
        "hdf5": (".hdf5", ".hf5", ".h5", ".hdf"),
        "votable": (".vot", ".vo", ".xml"),
    }
)
#: Sizes of main files, bytes: from (inclusive) and to (exclusive).
SIZES: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        "under-1mb": (0, 10**6),
        "1-10mb": (10**6, 10**7),
        "10-100mb": (10**7, 10**8),
        "over-100mb": (10**8, 2**63 - 1),
    }
)


@dataclass(frozen=True, slots=True)
class Kind:
    """Products that all facets see alike, and how many they are."""

    values: Mapping[str, tuple[str, ...]]
    n_products: int


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


def products_list(user: User, wanted: ProductFilter) -> QuerySet[Product]:
    """Return the products of one list, in order.

    Raises
    ------
    InvalidError
        If there are more words than a search takes.
    """
    products = _searched(products_visible_to(user).filter(_tab_condition(wanted.tab, user)), wanted)
    for name, values in wanted.chosen.items():
        if values:
            products = products.filter(FACETS[name](values))
    for name, span in wanted.spans.items():
        products = products.filter(span_condition(name, span))
    if wanted.cone is not None:
        products = products.filter(wanted.cone.condition)
    return _ordered(products, wanted.sort)


def tab_counts(user: User) -> dict[str, int]:
    """Return how many products each tab has."""
    counts: dict[str, int] = products_visible_to(user).aggregate(
        **{tab: Count("pk", filter=_tab_condition(tab, user)) for tab in get_args(ListTab)}
    )
    return counts


def kinds_of_products(user: User, wanted: ProductFilter) -> list[Kind]:
    """Return what there is to narrow: the products of a tab, a search, spans, and surveys.

    One look for all facets; each kind tells its values, so that what any choice would leave is
    counted without asking again.
    """
    unnarrowed = replace(wanted, chosen={"survey": wanted.chosen.get("survey", ())})
    rows = list(
        products_list(user, unnarrowed)
        .order_by()
        .annotate(main=FilteredRelation("files", condition=Q(files__role=FileRole.MAIN)))
        .annotate(main_size=_SIZE_OF_MAIN, **{name: _has_role(name) for name in WANTED_ROLES})
        .values_list(*_KIND_COLUMNS, *WANTED_ROLES)
        .annotate(n=Count("pk"))
    )
    names = _names({row[_KIND_COLUMNS.index("user_id")] for row in rows})
    return [_kind(row, names) for row in rows]


def facet_counts(kinds: Sequence[Kind], wanted: ProductFilter, name: str) -> dict[str, int]:
    """Return how many products each value of a facet would leave, all else as it is."""
    counts: Counter[str] = Counter()
    others = {
        facet: set(values)
        for facet, values in wanted.chosen.items()
        if values and facet != "survey" and (facet != name or facet == "has")
    }
    for kind in kinds:
        if all(_fits(facet, kind.values[facet], values) for facet, values in others.items()):
            for value in kind.values[name]:
                counts[value] += kind.n_products
    return counts


def survey_counts(user: User, wanted: ProductFilter) -> dict[str, int]:
    """Return how many products hold redshifts of each survey, all else as it is.

    Spellings that differ in case only are one survey, called as most products call it.
    """
    others = replace(wanted, chosen={**wanted.chosen, "survey": ()})
    rows = (
        products_list(user, others)
        .order_by()
        .filter(summary__isnull=False)
        .values_list(_SURVEYS_AS_TEXT)
        .annotate(n=Count("pk"))
    )
    spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for text, n_products in rows:
        for name in set(json.loads(text)):
            spellings[str(name).casefold()][str(name)] += n_products
    return {found.most_common(1)[0][0]: found.total() for found in spellings.values()}


def n_products_of(kinds: Sequence[Kind], wanted: ProductFilter) -> int:
    """Return how many products a list has, from the kinds that its facets were counted by."""
    chosen = {
        name: set(values) for name, values in wanted.chosen.items() if values and name != "survey"
    }
    return sum(
        kind.n_products
        for kind in kinds
        if all(_fits(name, kind.values[name], values) for name, values in chosen.items())
    )


def page_of_products(user: User, wanted: ProductFilter, first: int, last: int) -> QuerySet[Product]:
    """Return the products of a list from one place to another (exclusive), in order.

    The database sorts numbers only; the rest is read for those that are shown.
    """
    numbers = list(products_list(user, wanted).values_list("pk", flat=True)[first:last])
    place = Case(*(When(pk=pk, then=at) for at, pk in enumerate(numbers)), default=0)
    return products_visible_to(user).filter(pk__in=numbers).order_by(place)


def _fits(facet: str, values: tuple[str, ...], chosen: set[str]) -> bool:
    return chosen.issubset(values) if facet == "has" else not chosen.isdisjoint(values)


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


def _has_role(name: str) -> Exists:
    role = role_named(name)
    alias = role.alias if role else name
    return Exists(Column.objects.filter(product=OuterRef("pk"), alias=alias))


def _has_roles(values: Sequence[str]) -> Q:
    condition = Q()
    for name in values:
        condition &= Q(_has_role(name)) if name in WANTED_ROLES else Q(pk__in=())
    return condition


def _main_file(condition: Q) -> Q:
    mains = ProductFile.objects.filter(condition, product=OuterRef("pk"), role=FileRole.MAIN)
    return Q(Exists(mains))


def _format_condition(values: Sequence[str]) -> Q:
    condition = Q(pk__in=())
    for value in values:
        if value == "hats":
            condition |= Q(is_directory=True)
        elif value in FORMAT_SUFFIXES:
            condition |= Q(is_directory=False, extension__in=FORMAT_SUFFIXES[value])
    return _main_file(condition)


def _size_condition(values: Sequence[str]) -> Q:
    condition = Q(pk__in=())
    for low, high in (SIZES[value] for value in values if value in SIZES):
        condition |= Q(size__gte=low, size__lt=high)
    return _main_file(condition)


#: Lists as both databases write them: ``["DESI", "VVDS"]``.
_SURVEYS_AS_TEXT: Final = Cast("summary__surveys", TextField())


def _survey_condition(values: Sequence[str]) -> Q:
    condition = Q(pk__in=())
    for value in values:
        # SQLite keeps what is not ASCII escaped, PostgreSQL as it is.
        for written in {json.dumps(value), json.dumps(value, ensure_ascii=False)}:
            condition |= Q(surveys_as_text__icontains=written)
    summaries = ProductSummary.objects.annotate(surveys_as_text=Cast("surveys", TextField()))
    return Q(pk__in=summaries.filter(condition).values("pk"))


#: Facets: the condition of chosen values.
FACETS: Final[Mapping[str, Callable[[Sequence[str]], Q]]] = MappingProxyType(
    {
        "type": _column_condition("product_type__name"),
        "release": _column_condition("release__name", none="none"),
        "has": _has_roles,
        "survey": _survey_condition,
        "origin": _column_condition("process__pipeline__name", none="upload"),
        "owner": _column_condition("user__username"),
        "format": _format_condition,
        "size": _size_condition,
    }
)
#: Numbers, not names: grouping by texts takes several times as long.
_KIND_COLUMNS: Final = (
    "product_type_id",
    "release_id",
    "user_id",
    "process__pipeline__name",
    "main__is_directory",
    "main__extension",
    "main_size",
)
_SIZE_OF_MAIN: Final = Case(
    *(
        When(main__size__gte=low, main__size__lt=high, then=Value(name))
        for name, (low, high) in SIZES.items()
    ),
    default=None,
    output_field=CharField(null=True),
)
_FORMAT_OF_SUFFIX: Final = {
    suffix: name for name, suffixes in FORMAT_SUFFIXES.items() for suffix in suffixes
}


def _kind(row: tuple[Any, ...], names: _Names) -> Kind:
    type_, release, owner, pipeline, is_directory, extension, size, *roles, n_products = row
    format_ = "hats" if is_directory else _FORMAT_OF_SUFFIX.get(extension)
    values = {
        "type": (names.types[type_],),
        "release": (names.releases[release] if release else "none",),
        "has": tuple(name for name, has in zip(WANTED_ROLES, roles, strict=True) if has),
        "origin": (pipeline or "upload",),
        "owner": (names.owners[owner],),
        "format": (format_,) if format_ else (),
        "size": (size,) if size else (),
    }
    return Kind(values, n_products)


@dataclass(frozen=True, slots=True)
class _Names:
    """Names by id."""

    types: dict[int, str]
    releases: dict[int, str]
    owners: dict[int, str]


def _names(owners: set[int]) -> _Names:
    people = User.objects.filter(pk__in=owners) if len(owners) < 500 else User.objects.all()
    return _Names(
        dict(ProductType.objects.values_list("pk", "name")),
        dict(Release.objects.values_list("pk", "name")),
        dict(people.values_list("pk", "username")),
    )
