"""The official product of its type to use now: marked with a note, and undone."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pzhub.accounts.requests import SignedInRequest, administrators_only
from pzhub.catalog.models import Product
from pzhub.catalog.policies import require_official
from pzhub.catalog.selectors import latest_mark_of, product_for
from pzhub.catalog.services import mark_latest, unmark_latest
from pzhub.catalog.services.official import latest_beside
from pzhub.core.errors import NotFoundError
from pzhub.web.pages.administration.products import NoteForm
from pztables.errors import UserError


@administrators_only
@require_http_methods(["GET", "POST"])
def latest(request: SignedInRequest, key: str) -> HttpResponse:
    """Ask for a note and mark a product as the latest of its type; or undo that."""
    product = product_for(request.user, key)
    require_official(request.user)
    form = NoteForm(request.POST or None)
    undoes = request.method == "POST" and request.POST.get("latest") == "0"
    valid = request.method == "POST" and (undoes or form.is_valid())
    if valid and _done(request, form, product, undoes=undoes):
        return redirect("catalog:detail", product.internal_name)
    context = {
        "product": product,
        "form": form,
        "before": _before(request, product) if product.is_latest else latest_beside(product),
        "mark": latest_mark_of(product),
    }
    status = 400 if request.method == "POST" else 200
    return render(request, "web/administration/latest.html", context, status=status)


def _done(request: SignedInRequest, form: NoteForm, product: Product, *, undoes: bool) -> bool:
    try:
        if undoes:
            unmark_latest(actor=request.user, product=product, restore=_before(request, product))
        else:
            mark_latest(actor=request.user, product=product, note=form.cleaned_data["note"])
    except UserError as refusal:
        form.is_valid()
        form.add_refusal(refusal)
        return False
    sentence = _("%(name)s is no longer marked.") if undoes else _("%(name)s is the latest now.")
    messages.success(request, sentence % {"name": product.display_name})
    return True


def _before(request: SignedInRequest, product: Product) -> Product | None:
    """Return the product that lost the mark to this one, if it still can have it."""
    mark = latest_mark_of(product)
    name = mark.data.get("instead_of") if mark else None
    if not name:
        return None
    try:
        before = product_for(request.user, name)
    except NotFoundError:
        return None
    return before if before.official_product else None
