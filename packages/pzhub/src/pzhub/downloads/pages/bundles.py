"""Downloads of several products: ask, look how far they are, fetch."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.pages.bulk import back_to_list, selection_of
from pzhub.catalog.selection import names_not_found, require_selection, selected_products
from pzhub.catalog.selectors import products_visible_to
from pzhub.config import hub_config
from pzhub.core.errors import ConflictError, InvalidError
from pzhub.core.transfer import file_response
from pzhub.downloads.models import Bundle
from pzhub.downloads.selectors import bundle_for, bundles_of
from pzhub.downloads.services import open_bundle, prepare_bundle
from pzhub.downloads.services.bundles import MOST_KEPT


@login_required
@require_http_methods(["GET", "POST"])
def bundles(request: SignedInRequest) -> HttpResponse:
    """Show the prepared downloads of the user (GET), or begin one of what a list marks (POST)."""
    if request.method != "POST":
        context = {
            "bundles": bundles_of(request.user),
            "hours": hub_config().archive_hours,
            "most_kept": MOST_KEPT,
        }
        return render(request, "downloads/bundles.html", context)
    try:
        bundle = _begun(request)
    except (InvalidError, ConflictError) as refusal:
        return back_to_list(request, refusal)
    return redirect("downloads:bundle", bundle.pk)


def _begun(request: SignedInRequest) -> Bundle:
    selection = selection_of(request)
    marked = selected_products(request.user, selection).prefetch_related("files")
    products = require_selection(marked, most=hub_config().bundle_max_products)
    if unknown := names_not_found(selection, products):
        raise InvalidError(
            f"There is no product {', '.join(unknown[:5])}, or you may not see it:"
            " select again from the list."
        )
    return prepare_bundle(actor=request.user, products=products)


@login_required
@require_GET
def bundle(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show how far a download is, and lead to its file; to htmx only what changes."""
    found = bundle_for(request.user, pk)
    inside = products_visible_to(request.user).filter(pk__in=found.products.values("pk"))
    context = {"bundle": found, "inside": inside, "hours": hub_config().archive_hours}
    is_part = "HX-Request" in request.headers
    return render(request, f"downloads/{'_bundle' if is_part else 'bundle'}.html", context)


@login_required
@require_GET
def file(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """Send the file of a download, while its reader may read all that is inside."""
    found = bundle_for(request.user, pk)
    path = open_bundle(actor=request.user, bundle=found)
    return file_response(request, path, filename=found.filename, etag=found.checksum)
