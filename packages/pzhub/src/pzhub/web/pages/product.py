"""Parts of the product page that need the apps above the catalog: files to change, the run."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.models import FileRole, ProductFile
from pzhub.catalog.policies import require_update
from pzhub.catalog.selectors import files_visible_to, product_for
from pzhub.core.errors import NotFoundError
from pzhub.uploads.receive import staged_upload
from pzhub.uploads.services import receive_file, remove_file
from pzhub.web.selectors import run_of
from pztables.errors import UserError


def _edit_address(internal_name: str | None) -> str:
    return f"/product/{internal_name}/edit#files"


@login_required
@require_POST
def add_file(request: SignedInRequest, key: str) -> HttpResponse:
    """Take one more auxiliary file."""
    product = product_for(request.user, key)
    require_update(product, request.user)
    try:
        file = receive_file(
            actor=request.user,
            product=product,
            upload=staged_upload(request, "file"),
            role=FileRole.AUXILIARY,
            refuse_duplicate=True,
        )
    except UserError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("%(name)s is added.") % {"name": file.name})
    return redirect(_edit_address(product.internal_name))


def _auxiliary(request: SignedInRequest, key: str, pk: int) -> ProductFile:
    product = product_for(request.user, key)
    require_update(product, request.user)
    files = files_visible_to(request.user).exclude(role=FileRole.MAIN)
    file = files.filter(product=product, pk=pk).first()
    if file is None:
        raise NotFoundError(f"{product} has no file {pk} that can be removed.")
    return file


@login_required
@require_http_methods(["GET", "POST"])
def remove(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Ask, then remove a file that is not the main one."""
    file = _auxiliary(request, key, pk)
    if request.method != "POST":
        return render(request, "web/remove_file.html", {"file": file, "product": file.product})
    remove_file(actor=request.user, file=file)
    messages.success(request, _("%(name)s is removed.") % {"name": file.name})
    return redirect(_edit_address(file.product.internal_name))


@login_required
@require_GET
def run(request: SignedInRequest, key: str) -> HttpResponse:
    """Show what the run that made a product did, its configuration and flag translation."""
    product = product_for(request.user, key)
    context = {"product": product, "run": run_of(product, request.user)}
    is_part = bool(request.headers.get("HX-Request"))
    return render(request, "web/_run.html" if is_part else "web/run.html", context)
