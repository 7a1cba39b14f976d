"""Save what a table's page shows as a product of one's own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.models import Product, ProductType
from pzhub.tables.pages.view import DataView
from pzhub.tables.query import Question
from pzhub.tables.selectors import table_for
from pzhub.tables.services.views import save_view
from pzhub.tables.table import StoredTable
from pztables.errors import UserError


class SaveForm(forms.Form):
    """Name and type of the new product."""

    display_name = forms.CharField(max_length=255, label=gettext_lazy("Name of the new product"))
    product_type = forms.ModelChoiceField(
        ProductType.objects.all(),
        to_field_name="name",
        empty_label=None,
        label=gettext_lazy("Product type"),
    )
    description = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        label=gettext_lazy("Description"),
    )


@login_required
@require_http_methods(["GET", "POST"])
def save(request: SignedInRequest, key: str) -> HttpResponse:
    """Ask for a name, then begin the product."""
    product, table = table_for(request.user, key)
    view = DataView.of(request.GET, table.columns)
    if request.method == "POST":
        form = SaveForm(request.POST)
        if form.is_valid():
            try:
                made = _saved(request, product, table, view, form.cleaned_data)
            except UserError as refusal:
                return _page(request, product, table, view, form, refusal)
            text = _("%(name)s is being made; it is published when it is ready.")
            messages.success(request, text % {"name": made.display_name})
            return redirect("catalog:detail", made.internal_name)
        return _page(request, product, table, view, form)
    first = {
        "display_name": _("Part of %(name)s") % {"name": product.display_name},
        "product_type": product.product_type.name,
    }
    return _page(request, product, table, view, SaveForm(initial=first))


def _saved(
    request: SignedInRequest,
    product: Product,
    table: StoredTable,
    view: DataView,
    given: dict[str, Any],
) -> Product:
    saved = save_view(
        actor=request.user,
        source=product,
        table=table,
        question=_question(table, view),
        display_name=given["display_name"],
        product_type=given["product_type"],
        description=given["description"],
    )
    return saved.product


def _question(table: StoredTable, view: DataView) -> Question:
    """Return all rows that fit; all columns unless some were chosen."""
    columns = None if view.cols is None else view.shown(table.columns)
    return Question(columns=columns, where=view.where, sort=view.sort)


def _page(
    request: SignedInRequest,
    product: Product,
    table: StoredTable,
    view: DataView,
    form: SaveForm,
    refusal: UserError | None = None,
) -> HttpResponse:
    query = view.changed().query(table.columns)
    columns = list(table.columns) if view.cols is None else view.shown(table.columns)
    back = reverse("tables:data", args=[product.internal_name])
    context = {
        "product": product,
        "view": view,
        "form": form,
        "refusal": refusal,
        "columns": columns,
        "query": query,
        "back": f"{back}?{query}" if query else back,
    }
    status = 409 if refusal else (400 if form.errors else 200)
    return render(request, "tables/save.html", context, status=status)
