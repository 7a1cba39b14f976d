"""The page of a product's plots, and its parts for htmx."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.models import Product
from pzhub.catalog.pages.rows import row_of
from pzhub.catalog.selectors import product_for
from pzhub.tables.pages.column_plot import ColumnPanel, column_panel
from pzhub.tables.pages.plot_forms import ConeForm
from pzhub.tables.pages.plot_panels import (
    PAGE_WIDTH,
    PRODUCT_WIDTH,
    more_plots,
    redshift_panel,
    sky_panel,
)
from pzhub.tables.profiles import state_of
from pzhub.uploads.profiles import read_profile

#: What htmx replaces, and the template of it.
_PARTS: Final = {
    "nz": "tables/_nz.html",
    "sky": "tables/_sky.html",
    "column": "tables/_column_plot.html",
    "plots": "tables/_plots.html",
}


@login_required
@require_GET
def plots_page(request: SignedInRequest, key: str) -> HttpResponse:
    """Show all plots of a product; to htmx only the one that was asked for anew."""
    product = product_for(request.user, key)
    part = _PARTS.get(request.headers.get("HX-Target", ""))
    context = plots_context(request, product)
    # htmx shows only answers that went well.
    status = 400 if context["is_wrong"] and part is None else 200
    response = render(request, part or "tables/plots.html", context, status=status)
    response.headers["Vary"] = "HX-Request, HX-Target, Cookie"
    if part is not None and _is_here(request):
        if request.headers["HX-Target"] != "plots":
            response.headers["HX-Push-Url"] = request.get_full_path()
        elif context["state"] not in ("waiting", "running"):
            response.headers["HX-Refresh"] = "true"  # everything else of the page is there too
    return response


def _is_here(request: SignedInRequest) -> bool:
    """Return whether the part is for the page of plots, and not for that of the product."""
    return urlsplit(request.headers.get("HX-Current-URL", "")).path == request.path


@login_required
@require_GET
def rows_in_cone(request: SignedInRequest, key: str) -> HttpResponse:
    """Lead from a circle on the sky to its rows; say what is wrong with the numbers."""
    product = product_for(request.user, key)
    form = ConeForm(request.GET)
    if form.is_valid():
        where = "cone({ra!r}, {dec!r}, {radius!r})".format(**form.cleaned_data)
        address = reverse("tables:data", args=[product.internal_name])
        return redirect(f"{address}?{urlencode({'where': where})}")
    context = plots_context(request, product, sent=QueryDict()) | {"cone_form": form}
    return render(request, "tables/plots.html", context, status=400)


def plots_context(
    request: SignedInRequest, product: Product, sent: QueryDict | None = None
) -> dict[str, Any]:
    """Return what the page of plots shows."""
    sent = request.GET if sent is None else sent
    row = row_of(product, request.user)
    stored = read_profile(row.profile_path)
    context: dict[str, Any] = {
        "product": product,
        "row": row,
        "state": state_of(product),
        "redshifts": None,
        "sky": None,
        "more": [],
        "column": None,
        "cone_form": ConeForm(),
    }
    if stored is not None:
        context |= _drawn(request, product, stored, sent)
    context["is_page"] = _is_here(request) or "HX-Request" not in request.headers
    context["is_wrong"] = any(
        panel is not None and panel.form.is_bound and not panel.form.is_valid()
        for panel in (context["redshifts"], context["sky"], context["column"])
    )
    return context


def _drawn(
    request: SignedInRequest, product: Product, stored: Mapping[str, Any], sent: QueryDict
) -> dict[str, Any]:
    wanted = request.headers.get("HX-Target", "")
    is_page = _is_here(request) or "HX-Request" not in request.headers
    width = PAGE_WIDTH if is_page else PRODUCT_WIDTH
    column: ColumnPanel | None = None
    if wanted in ("", "plots", "column"):
        column = column_panel(request.user, product, stored, sent)
    return {
        "redshifts": redshift_panel(stored, sent, width) if wanted in ("", "plots", "nz") else None,
        "sky": sky_panel(stored, sent, width) if wanted in ("", "plots", "sky") else None,
        "more": more_plots(stored) if wanted == "" else [],
        "column": column,
    }
