"""The product list: everything that it shows is in its address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast, get_args

from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.db.models import Count
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from pzhub.accounts.models import User
from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.models import Product
from pzhub.catalog.pages.rows import row_of, rows_of, with_row_relations
from pzhub.catalog.selectors import (
    ListTab,
    product_for,
    product_types_list,
    products_list,
    releases_visible_to,
)

SIZES: Final = (25, 50, 100)
TABS: Final = (
    ("all", gettext_lazy("All")),
    ("official", gettext_lazy("Official")),
    ("mine", gettext_lazy("Mine")),
    ("drafts", gettext_lazy("Drafts and jobs")),
)
SORTS: Final = (
    ("-created", gettext_lazy("Newest first")),
    ("created", gettext_lazy("Oldest first")),
    ("name", gettext_lazy("Name, A to Z")),
    ("-name", gettext_lazy("Name, Z to A")),
    ("type", gettext_lazy("Type")),
    ("owner", gettext_lazy("Owner")),
)
_KNOWN: Final = frozenset({"tab", "q", "type", "release", "sort", "page", "size"})


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list's address asks for; whatever it does not know it leaves at the default."""

    tab: ListTab = "all"
    q: str = ""
    types: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    sort: str = "-created"
    size: int = SIZES[0]
    page: int = 1
    unknown: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, sent: QueryDict) -> ListQuery:
        """Read an address; lists are repeated parameters or separated by commas."""
        tab = sent.get("tab", "all")
        size, page = (_number(sent.get(name, "")) for name in ("size", "page"))
        sort = sent.get("sort", "-created")
        return cls(
            tab=cast(ListTab, tab) if tab in get_args(ListTab) else "all",
            q=sent.get("q", "").replace("\0", "").strip()[:200],
            types=_names(sent.getlist("type")),
            releases=_names(sent.getlist("release")),
            sort=sort if sort in dict(SORTS) or sort in {"-type", "-owner"} else "-created",
            size=size if size in SIZES else SIZES[0],
            page=page or 1,
            unknown=tuple(sorted(set(sent) - _KNOWN)),
        )

    def products(self, user: User) -> Any:
        """Return the products asked for, in order."""
        return products_list(
            user,
            tab=self.tab,
            q=self.q,
            types=self.types,
            releases=self.releases,
            sort=self.sort,
        )

    @property
    def address(self) -> str:
        """The shortest address of this list."""
        sent = QueryDict(mutable=True)
        for name, value, default in (
            ("tab", self.tab, "all"),
            ("q", self.q, ""),
            ("sort", self.sort, "-created"),
            ("size", self.size, SIZES[0]),
            ("page", self.page, 1),
        ):
            if value != default:
                sent[name] = str(value)
        sent.setlist("type", list(self.types))
        sent.setlist("release", list(self.releases))
        query = sent.urlencode()
        return f"/products?{query}" if query else "/products"

    def changed(self, **changes: Any) -> str:
        """Return the address of this list with something changed, on its first page."""
        return replace(self, **{"page": 1, **changes}).address

    @property
    def is_filtered(self) -> bool:
        """Whether something narrows the list."""
        return bool(self.q or self.types or self.releases)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _names(sent: list[str]) -> tuple[str, ...]:
    names = (name.strip() for text in sent for name in text.replace("\0", "").split(","))
    return tuple(dict.fromkeys(name for name in names if name))[:50]


@dataclass(frozen=True, slots=True)
class FacetChoice:
    """One value of a facet, with how many products it would leave."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that narrows the list, and the address without it."""

    label: str
    without: str
    query: ListQuery


def _type_facet(query: ListQuery, user: User) -> list[FacetChoice]:
    counts = _counts(replace(query, types=()), user, "product_type__name")
    choices = [
        FacetChoice(
            kind.name, kind.display_name, counts.get(kind.name, 0), kind.name in query.types
        )
        for kind in product_types_list()
    ]
    return _with_unknown(choices, query.types)


def _release_facet(query: ListQuery, user: User) -> list[FacetChoice]:
    counts = _counts(replace(query, releases=()), user, "release__name")
    choices = [
        FacetChoice(
            release.name,
            release.display_name,
            counts.get(release.name, 0),
            release.name in query.releases,
        )
        for release in releases_visible_to(user)
    ]
    none = FacetChoice("none", _("No release"), counts.get(None, 0), "none" in query.releases)
    return _with_unknown([*choices, none], query.releases)


def _with_unknown(choices: list[FacetChoice], asked: tuple[str, ...]) -> list[FacetChoice]:
    """Add what an address asks for and nobody knows: it must be seen to be taken away."""
    known = {choice.value for choice in choices}
    return choices + [FacetChoice(name, name, 0, True) for name in asked if name not in known]


def _counts(query: ListQuery, user: User, column: str) -> dict[str | None, int]:
    rows = query.products(user).order_by().values_list(column).annotate(n=Count("pk"))
    return dict(rows)


def _conditions(
    query: ListQuery, types: list[FacetChoice], releases: list[FacetChoice]
) -> Iterator[Condition]:
    """Say in words what narrows the list; each can be taken away by itself."""
    if query.q:
        without = replace(query, q="", page=1)
        yield Condition(f"“{query.q}”", without.address, without)
    for choice in _chosen(types):
        rest = tuple(name for name in query.types if name != choice.value)
        without = replace(query, types=rest, page=1)
        yield Condition(choice.label, without.address, without)
    for choice in _chosen(releases):
        rest = tuple(name for name in query.releases if name != choice.value)
        without = replace(query, releases=rest, page=1)
        yield Condition(choice.label, without.address, without)


def _chosen(facet: list[FacetChoice]) -> Iterator[FacetChoice]:
    return (choice for choice in facet if choice.chosen)


def _context(request: SignedInRequest, query: ListQuery) -> dict[str, Any]:
    user = request.user
    products = with_row_relations(query.products(user))
    page: Page[Product] = Paginator(products, query.size).get_page(query.page)
    types, releases = _type_facet(query, user), _release_facet(query, user)
    conditions = list(_conditions(query, types, releases))
    total = page.paginator.count
    context: dict[str, Any] = {
        "query": query,
        "page": page,
        "numbers": [
            number if isinstance(number, int) else "…"
            for number in page.paginator.get_elided_page_range(page.number, on_each_side=2)
        ],
        "rows": rows_of(page.object_list, user),
        "sizes": SIZES,
        "size": query.size,
        "sorts": SORTS,
        "types": types,
        "releases": releases,
        "conditions": conditions,
        "unclipped": query.changed(q="", types=(), releases=()),
        "show_status": query.tab in {"mine", "drafts"},
        "tabs": [
            (name, label, products_list(user, tab=cast(ListTab, name)).order_by().count())
            for name, label in TABS
        ],
    }
    if not total and query.is_filtered:
        context["loosened"] = [
            (condition, condition.query.products(user).order_by().count())
            for condition in conditions
        ]
    return context


@login_required
@require_GET
def product_list(request: SignedInRequest) -> HttpResponse:
    """Show one page of the list; to htmx only the part that changes."""
    query = ListQuery.of(request.GET)
    is_part = request.headers.get("HX-Target") == "listing"
    template = "catalog/_listing.html" if is_part else "catalog/list.html"
    response = render(request, template, _context(request, query))
    if is_part:
        response.headers["HX-Push-Url"] = query.address
    response.headers["Vary"] = "HX-Request, HX-Target, Cookie"
    return response


@login_required
@require_GET
def product_row(request: SignedInRequest, key: str) -> HttpResponse:
    """Show one line again: lines of products in the making ask for themselves."""
    product = product_for(request.user, key)
    context = {
        "row": row_of(product, request.user),
        "show_status": True,
        "show_actions": True,
        "show_graphics": request.GET.get("graphics") == "1",
    }
    return render(request, "catalog/_row.html", context)
