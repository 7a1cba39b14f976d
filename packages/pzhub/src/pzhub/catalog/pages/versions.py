"""Saying which earlier product one replaces."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.policies import require_update
from pzhub.catalog.selectors import product_for
from pzhub.catalog.services import set_replaces
from pztables.errors import UserError


@login_required
@require_POST
def edit_replaces(request: SignedInRequest, key: str) -> HttpResponse:
    """Take the choice of the edit page; an empty one says that nothing is replaced."""
    product = product_for(request.user, key)
    require_update(product, request.user)
    chosen = request.POST.get("replaces", "")
    try:
        replaces = product_for(request.user, chosen) if chosen else None
        set_replaces(actor=request.user, product=product, replaces=replaces)
    except UserError as refusal:
        messages.error(request, refusal.message)
        return redirect(f"/product/{product.internal_name}/edit#versions")
    messages.success(request, _("The changes are saved."))
    return redirect("catalog:detail", product.internal_name)
