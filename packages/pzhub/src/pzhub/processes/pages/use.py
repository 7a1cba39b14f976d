"""Marked products, and which pipeline takes which of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.models import Product, ProductStatus
from pzhub.catalog.pages.bulk import back_to_list, list_of, selection_of
from pzhub.catalog.selection import require_selection, selected_products
from pzhub.core.errors import InvalidError
from pzhub.processes.pages.catalog import form_url_of
from pzhub.processes.pipelines import pipeline_specs
from pzhub.processes.pipelines.specs import max_inputs, min_inputs
from pzhub.processes.selectors import pipelines_list

#: Most products that are carried to a form.
MOST_USED: Final = 50


@dataclass(frozen=True, slots=True)
class Misfit:
    """A product that a pipeline does not take, and why."""

    product: Product
    reason: str


@dataclass(frozen=True, slots=True)
class Use:
    """What one pipeline can do with the marked products.

    Attributes
    ----------
    name
        Of the pipeline, for people.
    fitting
        What it takes, each with the address of the form filled in with it alone.
    misfits
        What it does not take.
    address
        Of the form filled in with all that fit; empty where that cannot be.
    reason
        Why it cannot be.
    takes_each
        Whether each can be used by itself instead.
    """

    name: str
    fitting: list[tuple[Product, str]]
    misfits: list[Misfit]
    address: str
    reason: str
    takes_each: bool


@login_required
@require_POST
def use(request: SignedInRequest) -> HttpResponse:
    """Offer the pipelines that take what is marked, with their forms filled in."""
    marked = selected_products(request.user, selection_of(request))
    try:
        products = require_selection(marked, most=MOST_USED)
    except InvalidError as refusal:
        return back_to_list(request, refusal)
    enabled = set(pipelines_list().values_list("name", flat=True))
    context = {
        "uses": [_use(name, products) for name in pipeline_specs() if name in enabled],
        "n_products": len(products),
        "query": list_of(request),
    }
    return render(request, "processes/use.html", context)


def _use(name: str, products: Sequence[Product]) -> Use:
    spec = pipeline_specs()[name]
    types = spec.product_types_accepted
    misfits = [Misfit(product, why) for product in products if (why := _why_not(types, product))]
    unfit = {misfit.product.pk for misfit in misfits}
    fitting = [product for product in products if product.pk not in unfit]
    fewest, most = min_inputs(spec.name), max_inputs(spec.name)
    is_too_many = most is not None and len(fitting) > most
    reason = ""
    if len(fitting) < fewest:
        reason = _("It needs at least %(n)s redshift catalogs.") % {"n": fewest}
        if fewest == 1:
            reason = _("It needs a redshift catalog.")
    elif is_too_many:
        reason = _("It takes one catalog at a time; choose:")
    return Use(
        name=spec.display_name,
        fitting=[(product, _address(spec.name, [product])) for product in fitting],
        misfits=misfits,
        address="" if reason else _address(spec.name, fitting),
        reason=reason,
        takes_each=is_too_many,
    )


def _why_not(types: Sequence[str], product: Product) -> str:
    """Return why a pipeline does not take a product; empty when it does."""
    if product.product_type.name not in types:
        words = _("it is of the type %(type)s; the pipeline reads redshift catalogs")
        return words % {"type": product.product_type.display_name}
    return "" if product.status == ProductStatus.PUBLISHED else _("it is not published")


def _address(pipeline: str, products: Sequence[Product]) -> str:
    names = [product.internal_name or "" for product in products]
    return f"{form_url_of(pipeline)}?{urlencode({'catalog': names}, doseq=True)}"
