"""The administrators' pages of releases: which there are, a new one, changing one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pzhub.accounts.requests import SignedInRequest, administrators_only
from pzhub.catalog.models import Release
from pzhub.catalog.selectors import release_for, releases_visible_to
from pzhub.processes.pages.release_form import ReleaseForm
from pzhub.processes.services import (
    check_release_objects,
    describe_folder,
    folders_with_objects,
    register_in_folder,
    update_release,
)
from pztables.errors import UserError


@administrators_only
@require_safe
def releases(request: SignedInRequest) -> HttpResponse:
    """List all releases with what their object catalogs hold."""
    found = releases_visible_to(request.user).prefetch_related("access_groups")
    context = {"releases": found}
    return render(request, "processes/releases.html", context)


@administrators_only
@require_http_methods(["GET", "POST"])
def release_new(request: SignedInRequest) -> HttpResponse:
    """Choose a folder, see what is in it, register it as a release."""
    return _page(request, None)


@administrators_only
@require_http_methods(["GET", "POST"])
def release(request: SignedInRequest, name: str) -> HttpResponse:
    """Change a release; with a folder in the address, register that as its object catalog."""
    return _page(request, release_for(request.user, name))


@administrators_only
@require_POST
def release_check(request: SignedInRequest, name: str) -> HttpResponse:
    """Look whether the object catalog is as it was registered; footers and a sample only."""
    found = release_for(request.user, name)
    try:
        report = check_release_objects(actor=request.user, release=found, deep=False)
    except UserError as refusal:
        messages.error(request, refusal.message)
        return redirect("processes:release", name)
    for sentence in (*report.problems, *report.changes):
        messages.error(request, sentence)
    if not report.problems and not report.changes:
        messages.success(request, _("The object catalog is as it was registered."))
    return redirect("processes:release", name)


def _page(request: SignedInRequest, known: Release | None) -> HttpResponse:
    folder = (request.POST or request.GET).get("folder", "")
    if request.method != "POST" and not folder and (known is None or "choose" in request.GET):
        return _choose(request, known)
    described: dict[str, Any] | None = known.object_catalog if known else None
    if folder or known is None:
        try:
            described = describe_folder(actor=request.user, folder=folder)
        except UserError as refusal:
            return _choose(request, known, refusal)
    form = ReleaseForm(request.POST or None, release=known, described=described, folder=folder)
    if request.method == "POST" and form.is_valid() and (saved := _save(request, form, known)):
        messages.success(request, _("Release %(name)s is saved.") % {"name": saved.display_name})
        return redirect("processes:releases")
    context = {"form": form, "release": known, "described": described, "folder": folder}
    status = 400 if form.errors else 200
    return render(request, "processes/release.html", context, status=status)


def _save(request: SignedInRequest, form: ReleaseForm, known: Release | None) -> Release | None:
    """Save what a valid form asks for; what is refused is shown in the form."""
    folder = request.POST.get("folder", "")
    try:
        if known is not None and not folder:
            return update_release(actor=request.user, release=known, wishes=form.wishes)
        name = known.name if known is not None else form.cleaned_data["name"]
        return register_in_folder(
            actor=request.user, name=name, folder=folder, wishes=form.wishes, update=bool(known)
        )
    except UserError as refusal:
        form.add_refusal(refusal)
        return None


def _choose(
    request: SignedInRequest, known: Release | None, refusal: UserError | None = None
) -> HttpResponse:
    context = {
        "release": known,
        "folders": folders_with_objects(),
        "chosen": (request.POST or request.GET).get("folder", ""),
        "refusal": refusal,
    }
    status = 400 if refusal else 200
    return render(request, "processes/release_folder.html", context, status=status)
