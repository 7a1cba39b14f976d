"""Step 2: send files, watch how the main one is read, remove what is wrong."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.models import FileRole
from pzhub.core.errors import InvalidError
from pzhub.uploads.pages.basics import is_script
from pzhub.uploads.pages.draft import Draft, Step, draft_for
from pzhub.uploads.pages.forms import FileForm
from pzhub.uploads.receive import staged_upload
from pzhub.uploads.selectors import unfinished_uploads_of
from pzhub.uploads.services import limits_of, receive_file, remove_file, start_registration
from pzhub.uploads.services.incoming import arrived_bytes
from pztables.errors import UserError


@login_required
@require_http_methods(["GET", "POST"])
def files(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show the files of a draft and take one more."""
    draft = draft_for(request.user, pk)
    role = FileRole.AUXILIARY if draft.main_file and not draft.is_refused else FileRole.MAIN
    form = FileForm(request.POST or None, initial={"role": role.value})
    if form.is_valid():
        try:
            _receive(request, draft, form.cleaned_data["role"])
        except UserError as refusal:
            return _refused(request, draft, form, refusal)
        return _received(request, draft)
    return _page(request, draft, form)


def _receive(request: SignedInRequest, draft: Draft, role: FileRole) -> None:
    receive_file(
        actor=request.user,
        product=draft.product,
        upload=staged_upload(request, "file"),
        role=role,
        refuse_duplicate=True,
        replace_main=True,
    )
    if role == FileRole.MAIN:
        start_registration(actor=request.user, product=draft.product)


def _received(request: SignedInRequest, draft: Draft) -> HttpResponse:
    if is_script(request):
        return JsonResponse({"ok": True}, status=201)
    return redirect("uploads:files", draft.product.pk)


def _refused(
    request: SignedInRequest, draft: Draft, form: FileForm, refusal: UserError
) -> HttpResponse:
    if is_script(request):
        return JsonResponse({"error": refusal.message, "code": refusal.code}, status=400)
    names = refusal.fields.get("file", []) if isinstance(refusal, InvalidError) else []
    return _page(request, draft, form, file_errors=names or [refusal.message])


def _page(
    request: SignedInRequest, draft: Draft, form: FileForm, file_errors: list[str] | None = None
) -> HttpResponse:
    context = {
        "draft": draft,
        "form": form,
        "file_errors": file_errors or [],
        "steps": draft.steps(Step.FILES),
        "limits": limits_of(draft.product.user),
        "unfinished": [
            (upload.name, arrived_bytes(upload.pk), upload.size)
            for upload in unfinished_uploads_of(request.user).filter(product=draft.product)
        ],
    }
    return render(request, "uploads/files.html", context, status=400 if file_errors else 200)


@login_required
@require_safe
def inspection(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show the files and how far the reading of the main one is, without the page around it."""
    draft = draft_for(request.user, pk)
    return render(request, "uploads/_files_state.html", {"draft": draft, "is_fragment": True})


@login_required
@require_http_methods(["GET", "POST"])
def remove(request: SignedInRequest, pk: int, file_pk: int) -> HttpResponse:
    """Ask before a file is removed, then remove it."""
    draft = draft_for(request.user, pk)
    file = get_object_or_404(draft.product.files, pk=file_pk)
    if request.method == "POST":
        remove_file(actor=request.user, file=file)
        messages.success(request, _("%(name)s was removed.") % {"name": file.name})
        return redirect("uploads:files", pk)
    return render(request, "uploads/remove_file.html", {"draft": draft, "file": file})
