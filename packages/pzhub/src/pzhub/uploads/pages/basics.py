"""Step 1: start a draft, resume one, change what it says about itself."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from pzhub.accounts.requests import SignedInRequest
from pzhub.uploads.pages.draft import Draft, Step, draft_for, steps_of_new_product
from pzhub.uploads.pages.forms import TYPES_OF_FIELD, BasicsForm
from pzhub.uploads.selectors import drafts_of
from pzhub.uploads.services import begin_draft, change_basics, limits_of
from pztables.errors import UserError


def is_script(request: SignedInRequest) -> bool:
    """Return whether a script asks, which wants values rather than a page."""
    return request.headers.get("X-Requested-With") == "XMLHttpRequest"


@login_required
@require_http_methods(["GET", "POST"])
def new(request: SignedInRequest) -> HttpResponse:
    """Start a draft, or choose one to go on with."""
    form = BasicsForm(request.POST or None, actor=request.user, initial=request.GET.dict())
    if form.is_valid():
        try:
            product = begin_draft(actor=request.user, **form.values)
        except UserError as refusal:
            form.add_refusal(refusal)
        else:
            return _begun(request, product.pk)
    if is_script(request) and form.errors:
        return _faults(form)
    context = {
        "form": form,
        "steps": steps_of_new_product(),
        "types_of_field": TYPES_OF_FIELD,
        "drafts": drafts_of(request.user),
        "limits": limits_of(request.user),
    }
    return render(request, "uploads/new.html", context, status=400 if form.errors else 200)


def _begun(request: SignedInRequest, pk: int) -> HttpResponse:
    """Lead to the files; a script that has some already sends them at once."""
    files = reverse("uploads:files", args=[pk])
    if not is_script(request):
        return redirect(files)
    following = reverse("uploads:columns", args=[pk])
    return JsonResponse({"product": pk, "action": files, "next": following}, status=201)


def _faults(form: BasicsForm) -> HttpResponse:
    errors: dict[str, Any] = {name: list(texts) for name, texts in form.errors.items()}
    return JsonResponse({"errors": errors}, status=400)


@login_required
@require_safe
def resume(request: SignedInRequest, pk: int) -> HttpResponse:
    """Go to the step where a draft stopped."""
    draft = draft_for(request.user, pk)
    return redirect(draft.url(draft.resume_step))


@login_required
@require_http_methods(["GET", "POST"])
def basics(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change what a draft says about itself; a script saves while somebody types."""
    draft = draft_for(request.user, pk)
    form = BasicsForm(request.POST or None, actor=request.user, product=draft.product)
    if form.is_valid() and _saved(request, draft, form):
        return JsonResponse({"ok": True}) if is_script(request) else redirect("uploads:files", pk)
    if is_script(request):
        return _faults(form)
    context = {"form": form, "draft": draft, "steps": draft.steps(Step.BASICS)}
    return render(request, "uploads/basics.html", context, status=400 if form.errors else 200)


def _saved(request: SignedInRequest, draft: Draft, form: BasicsForm) -> bool:
    try:
        change_basics(actor=request.user, product=draft.product, **form.values)
    except UserError as refusal:
        form.add_refusal(refusal)
        return False
    return True
