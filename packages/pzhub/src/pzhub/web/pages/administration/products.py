"""Products for administrators: all of them with search, and the mark of official ones."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from pzhub.accounts.requests import SignedInRequest, administrators_only
from pzhub.catalog.models import Product
from pzhub.catalog.policies import require_official
from pzhub.catalog.selectors import official_mark_of, product_for
from pzhub.catalog.services import set_official
from pzhub.catalog.services.official import NOTE_LENGTH
from pzhub.core.forms import PageForm
from pzhub.web.pages.administration.paging import paged
from pzhub.web.selectors import products_of_kind
from pztables.errors import UserError

KINDS: Final = (
    ("", gettext_lazy("All")),
    ("official", gettext_lazy("Official")),
    ("shared", gettext_lazy("Published, not official")),
    ("deleted", gettext_lazy("Deleted")),
)


class NoteForm(PageForm):
    """Why a product becomes official, or no longer is."""

    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Say why, in a note.")},
    )


@administrators_only
@require_safe
def products(request: SignedInRequest) -> HttpResponse:
    """List products with what an administrator may do to them."""
    kind, words = request.GET.get("kind", ""), request.GET.get("q", "")
    found = products_of_kind(request.user, kind, words)
    context: dict[str, Any] = {"kind": kind, "q": words, "kinds": KINDS, **paged(request, found)}
    return render(request, "web/administration/products.html", context)


@administrators_only
@require_http_methods(["GET", "POST"])
def official(request: SignedInRequest, key: str) -> HttpResponse:
    """Ask for a note, then make a product official or take that back."""
    product = product_for(request.user, key)
    require_official(request.user)
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _marked(request, form, product):
        return redirect("catalog:detail", product.internal_name)
    context = {"product": product, "form": form, "mark": official_mark_of(product)}
    status = 400 if form.errors else 200
    return render(request, "web/administration/official.html", context, status=status)


def _marked(request: SignedInRequest, form: NoteForm, product: Product) -> bool:
    """Do it; what is refused is shown in the form."""
    wanted = request.POST.get("official") == "1"
    try:
        set_official(
            actor=request.user, product=product, official=wanted, note=form.cleaned_data["note"]
        )
    except UserError as refusal:
        form.add_refusal(refusal)
        return False
    sentence = _("%(name)s is official.") if wanted else _("%(name)s is no longer official.")
    messages.success(request, sentence % {"name": product.display_name})
    return True
