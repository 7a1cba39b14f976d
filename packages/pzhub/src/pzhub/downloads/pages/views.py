"""The download button: prepare, ask again until ready, fetch."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.models import Product
from pzhub.catalog.selectors import product_for
from pzhub.core import storage
from pzhub.core.transfer import file_response
from pzhub.downloads.models import Archive, ArchiveKind, ArchiveStatus
from pzhub.downloads.services import archive_status, open_archive, prepare_archive, sign_link


@login_required
@require_http_methods(["GET", "POST"])
def prepare(request: SignedInRequest, internal_name: str) -> HttpResponse:
    """Prepare a download (POST) or show how far it is (GET), as a fragment."""
    product = product_for(request.user, internal_name)
    kind = _kind_asked(request)
    act = prepare_archive if request.method == "POST" else archive_status
    archive = act(actor=request.user, product=product, kind=kind)
    link = _link(request, product, archive)
    if "HX-Request" not in request.headers:
        return _without_script(request, product, archive, link)
    context = {"product": product, "kind": kind.value, "archive": archive, "link": link}
    return render(request, "downloads/_download.html", context)


def _without_script(
    request: HttpRequest, product: Product, archive: Archive | None, link: str | None
) -> HttpResponse:
    """Lead to the file itself, or back to the product with a note of how far it is."""
    if link:
        return redirect(link)
    if archive is not None and archive.status == ArchiveStatus.FAILED:
        messages.error(request, archive.error_message)
    elif archive is not None:
        messages.info(request, _("The download is being prepared: ask again in a moment."))
    return redirect("catalog:detail", product.internal_name)


def _kind_asked(request: HttpRequest) -> ArchiveKind:
    asked = request.POST.get("kind") or request.GET.get("kind")
    return ArchiveKind.MAIN_FILE if asked == ArchiveKind.MAIN_FILE else ArchiveKind.PRODUCT


def _link(request: SignedInRequest, product: Product, archive: Archive | None) -> str | None:
    if archive is None or archive.status != ArchiveStatus.READY:
        return None
    address = reverse("downloads:file", args=[product.internal_name])
    return f"{address}?{urlencode({'token': sign_link(archive, request.user)})}"


@login_required
@require_GET
def file(request: SignedInRequest, internal_name: str) -> HttpResponseBase:
    """Send a prepared download."""
    product = product_for(request.user, internal_name)
    token = request.GET.get("token", "")
    archive = open_archive(actor=request.user, product=product, token=token)
    path = storage.data_path(archive.path)
    return file_response(request, path, filename=archive.filename, etag=archive.checksum)
