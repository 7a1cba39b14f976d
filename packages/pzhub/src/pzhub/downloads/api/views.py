"""Routes of downloads: prepare, ask, fetch."""

from __future__ import annotations

from typing import ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from pzhub.catalog.selectors import product_for
from pzhub.core import storage
from pzhub.core.api.views import PzViewSet
from pzhub.core.transfer import file_response
from pzhub.downloads.api.serializers import NOT_THERE, ArchiveOut
from pzhub.downloads.models import Archive, ArchiveKind, ArchiveStatus
from pzhub.downloads.selectors import archives_visible_to
from pzhub.downloads.services import archive_status, open_archive, prepare_archive


def archive_response(request: HttpRequest, archive: Archive) -> HttpResponseBase:
    """Send a prepared file."""
    path = storage.data_path(archive.path)
    return file_response(request, path, filename=archive.filename, etag=archive.checksum)


class DownloadViewSet(PzViewSet[Archive]):
    """The download of a product as .zip."""

    kind: ClassVar[ArchiveKind] = ArchiveKind.PRODUCT
    #: What links of this address may lead to; ``None`` is everything of the product.
    link_kind: ClassVar[ArchiveKind | None] = None
    successor: ClassVar[str] = "api:product-download-prepare"
    serializer_class = ArchiveOut
    required_scope = "read"  # preparing changes nothing that anybody else sees

    def get_queryset(self) -> QuerySet[Archive]:
        """Return the archives of the products that the caller may see."""
        return archives_visible_to(self.actor)

    @extend_schema(request=None, responses={200: ArchiveOut, 202: ArchiveOut})
    def prepare(self, request: Request, pk: str) -> Response:
        """Prepare the download; 200 when it is ready, 202 while it is being built."""
        # contract: the body is empty and calls itself JSON; nothing reads it.
        product = product_for(self.actor, pk)
        archive = prepare_archive(actor=self.actor, product=product, kind=self.kind)
        return self._shown(archive)

    @extend_schema(responses={200: ArchiveOut, 404: NOT_THERE})
    def state(self, request: Request, pk: str) -> Response:
        """Tell how far the download is."""
        product = product_for(self.actor, pk)
        archive = archive_status(actor=self.actor, product=product, kind=self.kind)
        if archive is None:
            return Response({"status": "not_found"}, status=status.HTTP_404_NOT_FOUND)
        return self.render(archive)

    @extend_schema(
        parameters=[OpenApiParameter("token", str, required=True)],
        responses={
            (200, "*/*"): OpenApiTypes.BINARY,
            (206, "*/*"): OpenApiTypes.BINARY,
        },
    )
    def file(self, request: Request, pk: str) -> HttpResponseBase:
        """Send the file of a signed link, whole or a range."""
        product = product_for(self.actor, pk)
        token = request.query_params.get("token", "")
        archive = open_archive(actor=self.actor, product=product, token=token, kind=self.link_kind)
        return archive_response(request._request, archive)

    @extend_schema(
        deprecated=True,
        responses={(200, "*/*"): OpenApiTypes.BINARY, 202: ArchiveOut},
    )
    def at_once(self, request: Request, pk: str) -> HttpResponseBase:
        """Send the file without a link, as programs of old expect."""
        # contract: superseded by prepare, status and file; kept with the headers that say so.
        product = product_for(self.actor, pk)
        archive = prepare_archive(actor=self.actor, product=product, kind=self.kind)
        if archive.status == ArchiveStatus.READY:
            response = archive_response(request._request, archive)
        else:
            response = self._shown(archive)
        successor = reverse(self.successor, args=[product.pk], request=request)
        response["Deprecation"] = "true"
        response["Link"] = f'<{successor}>; rel="successor-version"'
        return response

    def _shown(self, archive: Archive) -> Response:
        building = archive.status in (ArchiveStatus.PENDING, ArchiveStatus.RUNNING)
        code = status.HTTP_202_ACCEPTED if building else status.HTTP_200_OK
        return self.render(archive, code)


class MainFileDownloadViewSet(DownloadViewSet):
    """The download of a product's main file."""

    kind = ArchiveKind.MAIN_FILE
    link_kind = ArchiveKind.MAIN_FILE
    successor = "api:product-main-file-download-prepare"
