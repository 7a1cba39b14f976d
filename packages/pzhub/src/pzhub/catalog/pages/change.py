"""Changing a product: text, meanings of columns, deletion and its undoing."""

from __future__ import annotations

from typing import Final

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.activity import activity_of
from pzhub.catalog.models import Product
from pzhub.catalog.pages.meanings import MEANINGS, sent_meaning
from pzhub.catalog.policies import is_owner, require_delete, require_update
from pzhub.catalog.selectors import columns_visible_to, descendants_of, product_for, replaceable_by
from pzhub.catalog.services import (
    TRASH_DAYS,
    delete_product,
    restore_product,
    set_column_associations,
    update_product,
)
from pzhub.catalog.services.delete import REASON_LENGTH
from pzhub.core.errors import NotFoundError
from pzhub.core.forms import PageForm
from pztables.errors import UserError
from pztables.roles import role_named

#: How many earlier products can be chosen from, the newest ones.
MOST_VERSIONS: Final = 200


class ProductForm(PageForm):
    """What the owner may change after publication."""

    display_name = forms.CharField(
        label=gettext_lazy("Product name"),
        max_length=255,
        error_messages={"required": gettext_lazy("Give the product a name.")},
        help_text=gettext_lazy("The internal name stays, and with it the address."),
    )
    description = forms.CharField(
        label=gettext_lazy("Description"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text=gettext_lazy(
            "Markdown with tables and links: sources, selection, flags, acknowledgement."
        ),
    )


class AddressedForm(ProductForm):
    """The same for types that may have their data elsewhere."""

    field_order = ("display_name", "access_url")
    access_url = forms.URLField(
        max_length=500,
        required=False,
        assume_scheme="https",
        label=gettext_lazy("Where the data are"),
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        error_messages={
            "invalid": gettext_lazy("Give a whole address, such as https://example.org/data.")
        },
        help_text=gettext_lazy("A link to data that are not among the files."),
    )


class ReasonForm(PageForm):
    """Why an administrator takes down what belongs to somebody else."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Tell the owner why.")},
        help_text=gettext_lazy(
            "The owner reads it where the product was. Only administrators can restore it."
        ),
    )


def _editable(request: SignedInRequest, key: str) -> Product:
    product = product_for(request.user, key)
    require_update(product, request.user)
    return product


def _page(request: SignedInRequest, product: Product, form: ProductForm) -> HttpResponse:
    columns = list(product.columns.order_by("order", "id"))
    context = {
        "product": product,
        "form": form,
        "files": list(product.files.order_by("role", "id")),
        "columns": [(column, role_named(column.alias or "")) for column in columns],
        "roles": MEANINGS,
        "activity": activity_of(product, request.user),
        "earlier": list(replaceable_by(product)[:MOST_VERSIONS]),
    }
    return render(request, "catalog/edit.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: SignedInRequest, key: str) -> HttpResponse:
    """Change the name and the description."""
    product = _editable(request, key)
    initial = {
        "display_name": product.display_name,
        "description": product.description,
        "access_url": product.access_url,
    }
    kind = AddressedForm if product.product_type.rules.allows_metadata_only else ProductForm
    form = kind(request.POST or None, initial=initial)
    if request.method != "POST" or not form.is_valid():
        return _page(request, product, form)
    try:
        update_product(actor=request.user, product=product, **form.cleaned_data)
    except UserError as refusal:
        form.add_refusal(refusal)
        return _page(request, product, form)
    messages.success(request, _("The changes are saved."))
    return redirect("catalog:detail", product.internal_name)


@login_required
@require_POST
def edit_column(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Change what one column means."""
    product = _editable(request, key)
    column = columns_visible_to(request.user).filter(product=product, pk=pk).first()
    if column is None:
        raise NotFoundError(f"{product} has no column {pk}: its columns were read again.")
    meaning = sent_meaning(column, request.POST)
    if meaning is not None:
        try:
            set_column_associations(
                actor=request.user, product=product, associations={column.pk: meaning}
            )
        except UserError as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(
                request,
                _("%(column)s is now: %(meaning)s.")
                % {"column": column.column_name, "meaning": meaning.alias or _("not associated")},
            )
    return redirect(f"/product/{product.internal_name}/edit#columns")


@login_required
@require_http_methods(["GET", "POST"])
def delete(request: SignedInRequest, key: str) -> HttpResponse:
    """Ask, naming what follows, for the reason too where it belongs to somebody else; delete."""
    product = product_for(request.user, key)
    require_delete(product, request.user)
    sent = request.POST if request.method == "POST" else None
    form = None if is_owner(product, request.user) else ReasonForm(sent)
    if sent is None or (form and not form.is_valid()):
        return _ask(request, product, form)
    try:
        reason = form.cleaned_data["reason"] if form else ""
        delete_product(actor=request.user, product=product, reason=reason)
    except UserError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(
            request,
            _("%(name)s is deleted. Its page lets you restore it for %(days)s days.")
            % {"name": product.display_name, "days": TRASH_DAYS},
        )
    return redirect("catalog:detail", product.internal_name)


def _ask(request: SignedInRequest, product: Product, form: ReasonForm | None) -> HttpResponse:
    context = {
        "product": product,
        "form": form,
        "made_from_it": list(descendants_of(product, request.user)[:20]),
        "days": TRASH_DAYS,
    }
    status = 400 if form and form.errors else 200
    return render(request, "catalog/delete.html", context, status=status)


@login_required
@require_POST
def restore(request: SignedInRequest, key: str) -> HttpResponse:
    """Take a deleted product back."""
    product = product_for(request.user, key, include_deleted=True)
    restore_product(actor=request.user, product=product)
    messages.success(request, _("%(name)s is back.") % {"name": product.display_name})
    return redirect("catalog:detail", product.internal_name)
