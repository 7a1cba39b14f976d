"""Citations of a product as files."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.citation import citations_of
from pzhub.catalog.models import ProductStatus
from pzhub.catalog.selectors import product_for
from pzhub.core.errors import NotFoundError


@login_required
@require_safe
def citation(request: SignedInRequest, key: str, style: str) -> HttpResponse:
    """Send one way to cite a published product."""
    product = product_for(request.user, key)
    if product.status != ProductStatus.PUBLISHED:
        raise NotFoundError(f"{product} is not published: there is nothing to cite yet.")
    address = reverse("catalog:detail", args=[product.internal_name])
    citations = citations_of(product, request.build_absolute_uri(address))
    found = next((item for item in citations if item.style == style), None)
    if found is None:
        known = ", ".join(item.style for item in citations)
        raise NotFoundError(f"There is no citation as {style}: ask for one of {known}.")
    name = f"{product.internal_name}.{found.suffix}"
    return HttpResponse(
        f"{found.text}\n",
        content_type=f"{found.content_type}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
