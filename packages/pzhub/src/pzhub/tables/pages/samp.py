"""Send a view of a table to TOPCAT, Aladin and other desktop tools, by SAMP.

The page speaks with the hub on the reader's own machine; the tool then fetches the rows by a
signed link, as it has no session here.
"""

from __future__ import annotations

from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_safe

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.models import Product
from pzhub.core.errors import ForbiddenError, NotFoundError, TooLargeError, TooOftenError
from pzhub.tables.api.views import file_answer, provenance_of
from pzhub.tables.pages.selection import is_too_large
from pzhub.tables.pages.view import DataView
from pzhub.tables.query import Question
from pzhub.tables.selectors import table_for
from pzhub.tables.services import SUBSET_FORMATS, write_subset
from pzhub.tables.services.links import LINK_SECONDS, open_view, sign_view
from pzhub.tables.table import StoredTable
from pztables.errors import UserError

_VOTABLE: Final = SUBSET_FORMATS["votable"]
_STATUS: Final[tuple[tuple[type[UserError], int], ...]] = (
    (NotFoundError, 404), (ForbiddenError, 403), (TooLargeError, 413), (TooOftenError, 429),
)  # fmt: skip


@login_required
@require_GET
def samp_page(request: SignedInRequest, key: str) -> HttpResponse:
    """Offer to send a view to desktop tools, and the link to copy."""
    product, table = table_for(request.user, key)
    view = DataView.of(request.GET, table.columns)
    view = DataView(where=view.where, cols=view.cols, sort=view.sort)
    query = view.query(table.columns)
    link = reverse("vo:sent", args=[sign_view(request.user, product, query)])
    back = _back(product, query)
    context = {
        "product": product,
        "view": view,
        "columns": list(table.columns) if view.cols is None else view.shown(table.columns),
        "link": request.build_absolute_uri(link),
        "minutes": LINK_SECONDS // 60,
        "back": back,
        "address": request.build_absolute_uri(back),
        "is_too_large": not view.where and is_too_large(table.n_rows),
    }
    response = render(request, "tables/samp.html", context)
    response.reaches_samp_hub = True  # type: ignore[attr-defined]  # read by SecurityHeaders
    return response


def _back(product: Product, query: str) -> str:
    path = reverse("tables:data", args=[product.internal_name])
    return f"{path}?{query}" if query else path


@require_safe
def sent(request: HttpRequest, token: str) -> HttpResponseBase:
    """Send the rows of a signed link as a VOTable; what is refused is said as plain text."""
    try:
        view = open_view(token)
        product, table = table_for(view.user, view.product)
        question = _question(table, DataView.of(QueryDict(view.query), table.columns))
        back = request.build_absolute_uri(_back(product, view.query))
        provenance = provenance_of(request, product, table, question) | {"address": back}
        subset = write_subset(table, question, subset_format=_VOTABLE, provenance=provenance)
    except UserError as refusal:
        status = next((code for kind, code in _STATUS if isinstance(refusal, kind)), 400)
        return HttpResponse(
            refusal.message, status=status, content_type="text/plain; charset=utf-8"
        )
    response = file_answer(subset, _VOTABLE, f"{product.internal_name}.vot", inline=True)
    response["Cache-Control"] = "private, no-store"
    return response


def _question(table: StoredTable, view: DataView) -> Question:
    columns = None if view.cols is None else view.shown(table.columns)
    return Question(columns=columns, where=view.where, sort=view.sort)
