"""Step 1: start a draft, resume one, change what it says about itself."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.services import create_product, update_product
from pzhub.uploads.pages.draft import Step, draft_for, steps_of_new_product
from pzhub.uploads.pages.forms import TYPES_OF_FIELD, BasicsForm
from pzhub.uploads.selectors import drafts_of
from pztables.errors import UserError


@login_required
@require_http_methods(["GET", "POST"])
def new(request: SignedInRequest) -> HttpResponse:
    """Start a draft, or choose one to go on with."""
    form = BasicsForm(request.POST or None, actor=request.user, initial=request.GET.dict())
    if form.is_valid():
        try:
            product = create_product(actor=request.user, **form.values)
        except UserError as refusal:
            form.add_refusal(refusal)
        else:
            return redirect("uploads:files", product.pk)
    context = {"form": form, "steps": steps_of_new_product(), "types_of_field": TYPES_OF_FIELD,
               "drafts": drafts_of(request.user)}  # fmt: skip
    return render(request, "uploads/new.html", context, status=400 if form.errors else 200)


@login_required
@require_safe
def resume(request: SignedInRequest, pk: int) -> HttpResponse:
    """Go to the step where a draft stopped."""
    draft = draft_for(request.user, pk)
    return redirect(draft.url(draft.resume_step))


@login_required
@require_http_methods(["GET", "POST"])
def basics(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change what a draft says about itself."""
    draft = draft_for(request.user, pk)
    form = BasicsForm(request.POST or None, actor=request.user, product=draft.product)
    if form.is_valid():
        try:
            update_product(actor=request.user, product=draft.product, **form.values)
        except UserError as refusal:
            form.add_refusal(refusal)
        else:
            return redirect("uploads:files", pk)
    context = {"form": form, "draft": draft, "steps": draft.steps(Step.BASICS)}
    return render(request, "uploads/basics.html", context, status=400 if form.errors else 200)
