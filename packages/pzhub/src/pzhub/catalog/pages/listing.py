"""The product list: everything that it shows is in its address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, get_args

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.facet_counts import listed_products
from pzhub.catalog.models import Product
from pzhub.catalog.pages.address import SIZES, SORTS, TABS, ListQuery, View
from pzhub.catalog.pages.bulk import COMPARED, compare_address, take_undo
from pzhub.catalog.pages.conditions import SPAN_LABELS, conditions_of, nothing_of
from pzhub.catalog.pages.facets import facets_of
from pzhub.catalog.pages.rows import row_of, rows_of, with_draft_steps, with_row_relations
from pzhub.catalog.product_list import products_numbered, tab_counts
from pzhub.catalog.selectors import product_for, releases_visible_to
from pzhub.catalog.spans import Span

__all__ = ["ListQuery", "product_list", "product_row"]

#: The cookie of the view that somebody looked at last, and how long it is kept, seconds.
VIEW_COOKIE: Final = "pzserver.listview"
_YEAR: Final = 365 * 24 * 3600


def _view_of(request: SignedInRequest, query: ListQuery) -> View:
    """Return the view of the address, else the one looked at last."""
    last = request.COOKIES.get(VIEW_COOKIE)
    if query.view is not None:
        return query.view
    return "cards" if last == "cards" else "table"


def _in_order(numbers: Sequence[int]) -> list[Product]:
    """Return the products of a page. The database sorted their ids; it reads no others whole."""
    found = {product.pk: product for product in with_row_relations(products_numbered(numbers))}
    return [found[number] for number in numbers if number in found]


def _context(request: SignedInRequest, query: ListQuery) -> dict[str, Any]:
    user = request.user
    releases = list(releases_visible_to(user).defer("object_catalog"))
    listed = listed_products(user, query.wanted, releases)
    page = Paginator[int](listed.numbers, query.size).get_page(query.page)
    facets = facets_of(query.wanted, listed, releases)
    conditions = list(conditions_of(query, facets))
    in_tab = tab_counts(user, [release.pk for release in releases])
    rows = rows_of(_in_order(list(page.object_list)), user)
    is_drafts = query.tab == "drafts"
    context: dict[str, Any] = {
        "query": query,
        "view": "table" if is_drafts else _view_of(request, query),
        "views": [] if is_drafts else [(view, query.viewed(view).address) for view in _VIEWS],
        "page": page,
        "numbers": [
            number if isinstance(number, int) else "…"
            for number in page.paginator.get_elided_page_range(page.number, on_each_side=2)
        ],
        "rows": with_draft_steps(rows) if is_drafts else rows,
        "sizes": SIZES,
        "size": query.size,
        "sorts": SORTS,
        "facets": facets,
        "spans": [
            (name, label, query.wanted.spans.get(name, Span()))
            for name, label in SPAN_LABELS.items()
        ],
        "conditions": conditions,
        "show_status": query.tab in {"mine", "drafts"},
        "tabs": [(name, label, in_tab[name]) for name, label in TABS],
        "n_in_tab": in_tab[query.tab],
        "can_compare": compare_address() is not None,
        "compared": COMPARED,
    }
    if not page.paginator.count and query.is_filtered:
        context["nothing"] = nothing_of(user, conditions)
    return context


_VIEWS: Final[tuple[View, ...]] = get_args(View)


@login_required
@require_GET
def product_list(request: SignedInRequest) -> HttpResponse:
    """Show one page of the list; to htmx only the part that changes."""
    query = ListQuery.of(request.GET)
    is_part = request.headers.get("HX-Target") == "listing"
    context = _context(request, query)
    if is_part:
        response = render(request, "catalog/_listing.html", context)
        response.headers["HX-Push-Url"] = query.address
    else:
        context["undo"] = take_undo(request)
        response = render(request, "catalog/list.html", context)
    if query.view is not None:
        response.set_cookie(
            VIEW_COOKIE, query.view, max_age=_YEAR, samesite="Lax", secure=request.is_secure()
        )
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
        "selectable": True,
        "show_graphics": request.GET.get("graphics") == "1",
    }
    template = "catalog/_draft_row.html" if "draft" in request.GET else "catalog/_row.html"
    return render(request, template, context)
