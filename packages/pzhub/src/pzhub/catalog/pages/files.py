"""Single files of a product: saved, or shown where they cannot reach the page around them."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import HttpResponseBase
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.models import ProductFile
from pzhub.catalog.pages.detail import is_document
from pzhub.catalog.selectors import files_visible_to, product_for
from pzhub.core.errors import NotFoundError
from pzhub.core.storage import data_path
from pzhub.core.transfer import file_response

#: Users' HTML: an origin of its own, no script, no form, nothing from elsewhere.
_DOCUMENT_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
)


def _file(request: SignedInRequest, key: str, pk: int) -> ProductFile:
    product = product_for(request.user, key)
    file = files_visible_to(request.user).filter(product=product, pk=pk).first()
    if file is None or file.is_directory:
        raise NotFoundError(f"{product} has no file {pk} that can be downloaded by itself.")
    return file


@login_required
@require_safe
def download(request: SignedInRequest, key: str, pk: int) -> HttpResponseBase:
    """Send one file as it was uploaded; ranges are honoured."""
    file = _file(request, key, pk)
    return file_response(
        request,
        data_path(file.path),
        filename=file.name,
        etag=file.sha256,
        content_type="application/octet-stream",
    )


@login_required
@require_safe
@xframe_options_sameorigin
def document(request: SignedInRequest, key: str, pk: int) -> HttpResponseBase:
    """Show a user's HTML in a sandbox: it is never part of our pages."""
    file = _file(request, key, pk)
    if not is_document(file):
        raise NotFoundError(f"{file.name} is not an HTML document.")
    response = file_response(
        request,
        data_path(file.path),
        filename=file.name,
        etag=file.sha256,
        content_type="text/html; charset=utf-8",
        inline=True,
    )
    response.headers["Content-Security-Policy"] = _DOCUMENT_POLICY
    return response
