"""What is done with several products of the list at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.models import Product, ProductStatus
from pzhub.catalog.pages.address import ListQuery
from pzhub.catalog.pages.change import ReasonForm
from pzhub.catalog.pages.metadata_table import metadata_response
from pzhub.catalog.policies import can_delete, is_owner
from pzhub.catalog.selection import (
    MOST_NAMED,
    NothingSelectedError,
    Selection,
    require_selection,
    selected_products,
)
from pzhub.catalog.selectors import made_from, product_for, read_by_runs
from pzhub.catalog.services import TRASH_DAYS, delete_product, restore_product
from pzhub.core.errors import InvalidError
from pztables.errors import UserError

#: Most products of one deletion: each is named before.
MOST_DELETED: Final = 100
#: Fewest and most products of a comparison.
COMPARED: Final = (2, 6)
_UNDO: Final = "undo_delete"


def selection_of(request: HttpRequest) -> Selection:
    """Return what the form of a list marks: all its results, or products by name."""
    if request.POST.get("all"):
        return Selection(everything=list_of(request).wanted)
    return Selection(names=tuple(dict.fromkeys(request.POST.getlist("product"))))


def compare_address() -> str | None:
    """Return the address of the comparison of products, where this server has one."""
    try:
        return reverse("tables:compare")
    except NoReverseMatch:
        return None


def list_of(request: HttpRequest) -> ListQuery:
    """Return the list that the form stands in."""
    return ListQuery.of_text(request.POST.get("list", ""))


def back_to_list(request: HttpRequest, refusal: UserError) -> HttpResponse:
    """Go back to the list and say there why an act was refused."""
    messages.error(request, refusal.message)
    return redirect(list_of(request).address)


@login_required
@require_POST
def act(request: SignedInRequest) -> HttpResponseBase:
    """Do with the marked products what the pressed button says."""
    do = _ACTS.get(request.POST.get("act", ""), _unknown)
    try:
        return do(request)
    except InvalidError as refusal:
        return back_to_list(request, refusal)


def _unknown(request: SignedInRequest) -> HttpResponse:
    raise InvalidError(
        f"{request.POST.get('act', '')[:40]!r} is nothing that can be done with products here;"
        f" it must be one of {', '.join(_ACTS)}."
    )


def _marked(request: SignedInRequest, most: int = MOST_NAMED) -> list[Product]:
    return require_selection(selected_products(request.user, selection_of(request)), most=most)


def _names(request: SignedInRequest) -> HttpResponse:
    """Show the names, and lines of Python, to be copied."""
    names = [product.internal_name or "" for product in _marked(request)]
    context = {
        "names": names,
        "text": "\n".join(names),
        "python": "\n".join(f'pz.get_product("{name}")' for name in names),
        "back": list_of(request).address,
    }
    return render(request, "catalog/selection_names.html", context)


def _metadata(request: SignedInRequest) -> HttpResponseBase:
    """Send a line of facts for each marked product."""
    products = selected_products(request.user, selection_of(request))
    if not products.exists():
        raise NothingSelectedError("Select at least one product of the list first.")
    return metadata_response(products, request.build_absolute_uri("/product/"))


def _compare(request: SignedInRequest) -> HttpResponse:
    """Go to the comparison of a few products."""
    fewest, most = COMPARED
    names = [product.internal_name or "" for product in _marked(request, most)]
    if len(names) < fewest:
        raise InvalidError(f"{len(names)} product is selected; compare {fewest} to {most}.")
    address = compare_address()
    if address is None:
        raise InvalidError("This server cannot compare products.")
    return redirect(f"{address}?{urlencode({'products': ','.join(names)})}")


def _ask_delete(request: SignedInRequest) -> HttpResponse:
    """Ask before products are deleted, naming each and what follows."""
    products = _marked(request, MOST_DELETED)
    return _question(request, products, list_of(request))


def _question(
    request: SignedInRequest,
    products: list[Product],
    query: ListQuery,
    form: ReasonForm | None = None,
) -> HttpResponse:
    user = request.user
    reasons = _reasons_against(request, products)
    refused = [(product, reasons[product.pk]) for product in products if product.pk in reasons]
    allowed = [product for product in products if product.pk not in reasons]
    followers = made_from([product.pk for product in allowed], user)
    if form is None and any(not is_owner(product, user) for product in allowed):
        form = ReasonForm()
    context = {
        "allowed": [(product, followers.get(product.pk, [])) for product in allowed],
        "n_followers": len({other.pk for found in followers.values() for other in found}),
        "refused": refused,
        "form": form,
        "days": TRASH_DAYS,
        "query": query,
    }
    status = 400 if form and form.errors else 200
    return render(request, "catalog/selection_delete.html", context, status=status)


def _reasons_against(request: SignedInRequest, products: list[Product]) -> dict[int, str]:
    """Return why some of the products cannot be deleted by this user now."""
    in_use = read_by_runs([product.pk for product in products])
    reasons = {}
    for product in products:
        if not can_delete(product, request.user):
            reasons[product.pk] = _("belongs to %(owner)s") % {"owner": product.user.username}
        elif product.status == ProductStatus.PROCESSING:
            reasons[product.pk] = _("a run is making it: stop the run first")
        elif product.pk in in_use:
            reasons[product.pk] = _("a run is reading it: wait for its end")
    return reasons


@login_required
@require_POST
def delete_several(request: SignedInRequest) -> HttpResponse:
    """Delete what the question named; each by itself, so that one refusal stops no other."""
    query = list_of(request)
    try:
        products = _marked(request, MOST_DELETED)
    except InvalidError as refusal:
        return back_to_list(request, refusal)
    form = None
    if any(can_delete(p, request.user) and not is_owner(p, request.user) for p in products):
        form = ReasonForm(request.POST)
        if not form.is_valid():
            return _question(request, products, query, form)
    reason = form.cleaned_data["reason"] if form else ""
    deleted = []
    for product in products:
        try:
            delete_product(actor=request.user, product=product, reason=reason)
            deleted.append(product.internal_name)
        except UserError as refusal:
            messages.error(request, refusal.message)
    if deleted:
        request.session[_UNDO] = deleted
    return redirect(query.address)


@login_required
@require_POST
def restore_several(request: SignedInRequest) -> HttpResponse:
    """Take back what was deleted together."""
    query = list_of(request)
    names = request.POST.getlist("product")[:MOST_DELETED]
    n_restored = 0
    for name in dict.fromkeys(names):
        try:
            product = product_for(request.user, name, include_deleted=True)
            restore_product(actor=request.user, product=product)
            n_restored += 1
        except UserError as refusal:
            messages.error(request, refusal.message)
    if n_restored:
        words = ngettext("%(n)s product is back.", "%(n)s products are back.", n_restored)
        messages.success(request, words % {"n": n_restored})
    return redirect(query.address)


def take_undo(request: HttpRequest) -> list[str]:
    """Return what was deleted just now, for the list to offer its undoing, once."""
    names: list[str] = request.session.pop(_UNDO, [])
    return names


_ACTS: Final[dict[str, Callable[[SignedInRequest], HttpResponseBase]]] = {
    "names": _names,
    "metadata": _metadata,
    "compare": _compare,
    "delete": _ask_delete,
}
