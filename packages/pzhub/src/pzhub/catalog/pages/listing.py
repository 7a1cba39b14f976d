"""The product list: everything that it shows is in its address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast, get_args

from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from pzhub.accounts.models import User
from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.models import Product
from pzhub.catalog.pages.facets import FacetView, facets_of, sent_name
from pzhub.catalog.pages.rows import row_of, rows_of, with_row_relations
from pzhub.catalog.product_list import FACETS, ListTab, ProductFilter, products_list, tab_counts
from pzhub.catalog.selectors import product_for

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


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list's address asks for; whatever it does not know it leaves at the default."""

    wanted: ProductFilter = field(default_factory=ProductFilter)
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
            wanted=ProductFilter(
                tab=cast(ListTab, tab) if tab in get_args(ListTab) else "all",
                q=sent.get("q", "").replace("\0", "").strip()[:200],
                chosen={name: _names(sent.getlist(sent_name(name))) for name in FACETS},
                sort=sort if sort in dict(SORTS) or sort in {"-type", "-owner"} else "-created",
            ),
            size=size if size in SIZES else SIZES[0],
            page=page or 1,
            unknown=tuple(sorted(set(sent) - _KNOWN)),
        )

    @property
    def tab(self) -> ListTab:
        """The tab."""
        return self.wanted.tab

    @property
    def q(self) -> str:
        """The words searched for."""
        return self.wanted.q

    @property
    def sort(self) -> str:
        """The order."""
        return self.wanted.sort

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
        for name, values in self.wanted.chosen.items():
            sent.setlist(sent_name(name), list(values))
        query = sent.urlencode()
        return f"/products?{query}" if query else "/products"

    def narrowed(self, **changes: Any) -> ListQuery:
        """Return this list with something changed of what it shows, on its first page."""
        return replace(self, wanted=replace(self.wanted, **changes), page=1)

    @property
    def unclipped(self) -> str:
        """The address of this list with nothing that narrows it."""
        return self.narrowed(q="", chosen={}).address

    @property
    def is_filtered(self) -> bool:
        """Whether something narrows the list."""
        return bool(self.q or any(self.wanted.chosen.values()))


_KNOWN: Final = frozenset({"tab", "q", "sort", "page", "size", *map(sent_name, FACETS)})


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _names(sent: list[str]) -> tuple[str, ...]:
    names = (name.strip() for text in sent for name in text.replace("\0", "").split(","))
    return tuple(dict.fromkeys(name for name in names if name))[:50]


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that narrows the list, and the address without it."""

    label: str
    without: str
    query: ListQuery


def _conditions(query: ListQuery, facets: list[FacetView]) -> Iterator[Condition]:
    """Say in words what narrows the list; each can be taken away by itself."""
    if query.q:
        without = query.narrowed(q="")
        yield Condition(f"“{query.q}”", without.address, without)
    for facet in facets:
        for choice in facet.choices:
            if choice.chosen:
                rest = tuple(n for n in query.wanted.chosen[facet.name] if n != choice.value)
                without = query.narrowed(chosen={**query.wanted.chosen, facet.name: rest})
                yield Condition(choice.label, without.address, without)


def _context(request: SignedInRequest, query: ListQuery) -> dict[str, Any]:
    user = request.user
    products = with_row_relations(products_list(user, query.wanted))
    page: Page[Product] = Paginator(products, query.size).get_page(query.page)
    facets = facets_of(user, query.wanted)
    conditions = list(_conditions(query, facets))
    in_tab = tab_counts(user)
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
        "facets": facets,
        "conditions": conditions,
        "show_status": query.tab in {"mine", "drafts"},
        "tabs": [(name, label, in_tab[name]) for name, label in TABS],
    }
    if not total and query.is_filtered:
        context["loosened"] = [
            (condition, _count(user, condition.query.wanted)) for condition in conditions
        ]
    return context


def _count(user: User, wanted: ProductFilter) -> int:
    return products_list(user, wanted).order_by().count()


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
