"""The columns of a product with their statistics: the section, its page, one column, the schema."""

from __future__ import annotations

import csv
import io
import json
from typing import Any, Final

import pyarrow as pa
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.models import Product
from pzhub.catalog.policies import can_update
from pzhub.catalog.selectors import product_for
from pzhub.catalog.services import describe_column
from pzhub.core.forms import PageForm
from pzhub.tables.pages.column_rows import column_rows, columns_part, details_of
from pzhub.tables.table import TableColumn
from pzhub.uploads.profiles import profile_state, stored_profile
from pztables.formats import ColumnInfo
from pztables.formats.parquet import vo_header

_SCHEMAS: Final = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "vot": "application/x-votable+xml",
}


class ColumnTextForm(PageForm):
    """What a column holds, in the owner's words."""

    description = forms.CharField(
        label=gettext_lazy("Description"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@login_required
@require_GET
def columns_page(request: SignedInRequest, key: str) -> HttpResponse:
    """Show the columns that a search finds, page by page; to htmx only the table."""
    product = product_for(request.user, key)
    if key != product.internal_name:
        return redirect("tables:columns", product.internal_name)
    columns = list(product.columns.order_by("order", "id"))
    part = columns_part(
        product,
        columns,
        stored_profile(product),
        search=request.GET.get("q", ""),
        page=request.GET.get("page", "1"),
    )
    is_part = request.headers.get("HX-Target") == "columns-table"
    template = "tables/_columns_table.html" if is_part else "tables/statistics.html"
    context = {"product": product, "part": part, "state": profile_state(product)}
    response = render(request, template, context)
    response.headers["Vary"] = "HX-Request, HX-Target, Cookie"
    return response


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def column_page(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Show all that is known of one column; its owner can say what it holds."""
    product = product_for(request.user, key)
    column = product.columns.filter(pk=pk).first()
    if column is None:
        raise Http404(_("This column is not there any more: the table was read again."))
    form = ColumnTextForm(request.POST or None, initial={"description": column.description})
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["description"]
        describe_column(actor=request.user, column=column, description=text)
        messages.success(request, _("The description was saved."))
        return redirect("tables:column", product.internal_name, pk)
    profile = stored_profile(product)
    context = {
        "product": product,
        "row": column_rows(product, [column], profile)[0],
        "details": details_of(product, column, profile),
        "form": form if can_update(product, request.user) else None,
        "state": profile_state(product),
    }
    return render(request, "tables/column.html", context)


@login_required
@require_GET
def schema_file(request: SignedInRequest, key: str, suffix: str) -> HttpResponse:
    """Send what is known of the columns as CSV, JSON, or a VOTable without rows."""
    if suffix not in _SCHEMAS:
        raise Http404(_("The schema is there as csv, json and vot."))
    product = product_for(request.user, key)
    columns = list(product.columns.order_by("order", "id"))
    lines = [row.as_dict() for row in column_rows(product, columns, stored_profile(product))]
    content = {"csv": _csv, "json": _json, "vot": _votable}[suffix](product, lines)
    name = f"{product.internal_name}_columns.{suffix}"
    return HttpResponse(
        content,
        content_type=_SCHEMAS[suffix],
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


def _csv(_product: Product, lines: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(lines[0]) if lines else ["name"])
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _json(product: Product, lines: list[dict[str, Any]]) -> str:
    described = {"product": product.internal_name, "columns": lines}
    return json.dumps(described, ensure_ascii=False, indent=2, allow_nan=False)


def _votable(_product: Product, lines: list[dict[str, Any]]) -> str:
    fields = []
    for line in lines:
        info = ColumnInfo(
            line["name"],
            _arrow_type(line["type"]),
            line["unit"] or None,
            line["ucd"] or None,
            line["description"] or None,
        )
        fields.append(TableColumn(info, line["meaning"] or None).arrow_field())
    return vo_header(pa.schema(fields))


def _arrow_type(name: str) -> pa.DataType:
    """Return the type of a name as profiles write it; text for those that VOTable lacks."""
    try:
        return pa.type_for_alias(name)
    except ValueError:
        return pa.string()
