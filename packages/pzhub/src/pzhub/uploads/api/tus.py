"""Resumable uploads on the wire: the tus protocol, version 1.0.0.

Core, creation, creation-with-upload, expiration, termination and checksum. Refusals have the
statuses of the protocol and the body of every other refusal of the API.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.db.models import QuerySet
from django.http import UnreadablePostError
from django.utils.http import http_date
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from pzhub.catalog.selectors import products_visible_to
from pzhub.core.api.filters import MAX_ID
from pzhub.core.api.views import PzViewSet
from pzhub.uploads.api.serializers import ResumableUploadIn, ResumableUploadOut
from pzhub.uploads.api.tus_headers import (
    ALGORITHMS,
    OFFSET_STREAM,
    VERSION,
    LengthRequiredError,
    TusVersionError,
    checksum_of,
    metadata_of,
    number_of,
)
from pzhub.uploads.models import ResumableUpload
from pzhub.uploads.selectors import unfinished_uploads_of, uploads_of
from pzhub.uploads.services import append_to_upload, arrived_bytes, begin_upload, cancel_upload
from pzhub.uploads.services.incoming import PieceChecksumError, UploadBusyError, UploadGoneError
from pzhub.uploads.services.quota import largest_file_of_anybody, too_large
from pztables.errors import UserError

EXTENSIONS: Final = "creation,creation-with-upload,expiration,termination,checksum"
BLOCK_BYTES: Final = 1 << 18
#: A connection that is silent this long is given up, so that its sender can begin another.
SILENT_SECONDS: Final = 15.0
#: What the protocol answers where another refusal of the same kind has another status.
_STATUSES: Final[dict[type[UserError], int]] = {
    PieceChecksumError: 460,
    UploadBusyError: status.HTTP_423_LOCKED,
    UploadGoneError: status.HTTP_410_GONE,
}


class OffsetStreamParser(BaseParser):
    """Leaves the bytes of an upload where they are: the view reads them in blocks."""

    media_type = OFFSET_STREAM

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Return nothing."""
        return {}


class ResumableUploadFilters(filters.FilterSet):
    """What the list of unfinished uploads is narrowed by."""

    product = filters.NumberFilter(field_name="product_id", min_value=0, max_value=MAX_ID)

    class Meta:
        model = ResumableUpload
        fields = ()


def _sent(name: str, about: str, *, required: bool = False, **options: Any) -> OpenApiParameter:
    return OpenApiParameter(
        name, location="header", description=about, required=required, **{"type": str, **options}
    )


def _answered(name: str, about: str, kind: type, *codes: int) -> OpenApiParameter:
    return OpenApiParameter(name, kind, "header", description=about, response=list(codes))


_VERSION: Final = _sent("Tus-Resumable", "Version of the protocol.", required=True, enum=[VERSION])
_CHECKSUM: Final = _sent(
    "Upload-Checksum",
    f"Algorithm ({' or '.join(ALGORITHMS)}), blank, Base64 digest of the bytes in this request.",
)
_BODY: Final = {OFFSET_STREAM: OpenApiTypes.BINARY}


class ResumableUploadViewSet(mixins.ListModelMixin, PzViewSet[ResumableUpload]):
    """Files of the caller that arrive in pieces, each going on where the last one ended."""

    queryset = ResumableUpload.objects.none()  # for the documentation, where nobody asks
    serializer_class = ResumableUploadOut
    filterset_class = ResumableUploadFilters
    parser_classes = (OffsetStreamParser,)
    ordering = ("created_at", "id")

    def get_queryset(self) -> QuerySet[ResumableUpload]:
        """Return the caller's own, without those that ended when they are listed."""
        return (unfinished_uploads_of if self.action == "list" else uploads_of)(self.actor)

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        """Take the method that a sender names who can send no other than POST."""
        override = request.headers.get("X-HTTP-Method-Override", "").upper()
        if request.method == "POST" and override in ("PATCH", "DELETE"):
            request.method = override
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse other versions of the protocol once it is known who asks."""
        super().initial(request, *args, **kwargs)
        spoken = request.headers.get("Tus-Resumable")
        is_tus = request.method in ("POST", "HEAD", "PATCH", "DELETE")
        if is_tus and self.action is not None and spoken != VERSION:
            raise TusVersionError(spoken)

    def handle_exception(self, exc: Exception) -> Response:
        """Give refusals the protocol's own status."""
        response = super().handle_exception(exc)
        response.status_code = _STATUSES.get(type(exc), response.status_code)  # type: ignore[arg-type]
        return response

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Say which protocol this is."""
        done = super().finalize_response(request, response, *args, **kwargs)
        done["Tus-Resumable"] = VERSION
        done["Cache-Control"] = "no-store"
        if request.method == "OPTIONS" or done.status_code == TusVersionError.status_code:
            done["Tus-Version"] = VERSION
            done["Tus-Extension"] = EXTENSIONS
            done["Tus-Max-Size"] = str(largest_file_of_anybody())
            done["Tus-Checksum-Algorithm"] = ",".join(ALGORITHMS)
        return done

    @extend_schema(
        request=_BODY,
        responses={201: ResumableUploadOut},
        parameters=[
            _VERSION,
            _sent("Upload-Length", "Size of the whole file, bytes.", required=True),
            _sent(
                "Upload-Metadata",
                "Pairs of a name and a Base64 text, with commas between: `filename` and `product`"
                " are required; `filetype`, `role`, `sha256`, `replace`, `register` may be given.",
                required=True,
            ),
            _CHECKSUM,
            _answered("Location", "Address of the upload.", str, 201),
            _answered("Upload-Offset", "How many bytes have arrived.", int, 201),
            _answered("Upload-Expires", "How long the upload is kept.", str, 201),
        ],
    )
    def create(self, request: Request) -> Response:
        """Announce a file; a body is its first bytes."""
        upload = begin_upload(actor=self.actor, **self._announced(request))
        try:
            offset = self._append(request, upload, 0) if _has_body(request) else 0
        except UserError:
            cancel_upload(upload=upload)
            raise
        upload.refresh_from_db()
        response = self.render(upload, status.HTTP_201_CREATED)
        response["Location"] = reverse("api:upload-detail", args=[upload.pk], request=request)
        return _told(response, upload, offset)

    def _announced(self, request: Request) -> dict[str, Any]:
        limit = largest_file_of_anybody()
        size = number_of(request, "Upload-Length", minimum=1)
        metadata = metadata_of(request.headers.get("Upload-Metadata", ""))
        sent = ResumableUploadIn(data=metadata, products=products_visible_to(self.actor))
        sent.is_valid(raise_exception=True)
        if size > limit:
            raise too_large(sent.validated_data["filename"], limit)
        return {"size": size, **sent.arguments()}

    @extend_schema(responses=ResumableUploadOut)
    def retrieve(self, request: Request, pk: str) -> Response:
        """Tell what has become of an upload."""
        upload = self._found()
        return _told(self.render(upload), upload, None)

    def inquire(self, request: Request, pk: str) -> Response:
        """Tell how much has arrived: where the next piece begins."""
        upload = self._found()
        response = _told(Response(), upload, arrived_bytes(upload))
        response["Upload-Length"] = str(upload.size)
        return response

    @extend_schema(
        request=_BODY,
        responses={204: None},
        parameters=[
            _VERSION,
            _sent("Upload-Offset", "Where the bytes begin.", required=True),
            _CHECKSUM,
            _answered("Upload-Offset", "How many bytes have arrived.", int, 204),
            _answered("Upload-Expires", "How long the upload is kept.", str, 204),
        ],
    )
    def append(self, request: Request, pk: str) -> Response:
        """Add bytes; the last of them makes the upload a file of the product."""
        request.data  # noqa: B018 - refuses other media types
        if not request.headers.get("Content-Length"):
            raise LengthRequiredError
        upload = self._found()
        offset = self._append(request, upload, number_of(request, "Upload-Offset"))
        upload.refresh_from_db()
        return _told(Response(status=status.HTTP_204_NO_CONTENT), upload, offset)

    @extend_schema(parameters=[_VERSION], responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Forget an upload and its bytes; a file that it has become already stays."""
        cancel_upload(upload=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _found(self) -> ResumableUpload:
        upload = self.get_object()
        if upload.is_expired:
            raise UploadGoneError(f"The upload of {upload.name} was left too long: begin it again")
        return upload

    def _append(self, request: Request, upload: ResumableUpload, offset: int) -> int:
        return append_to_upload(
            upload=upload,
            offset=offset,
            length=int(request.headers.get("Content-Length") or 0),
            blocks=_blocks(request),
            checksum=checksum_of(request.headers.get("Upload-Checksum", "")),
        )


def _has_body(request: Request) -> bool:
    request.data  # noqa: B018 - refuses other media types
    return request.headers.get("Content-Length") not in (None, "", "0")


def _told(response: Response, upload: ResumableUpload, offset: int | None) -> Response:
    """Add what the protocol says of an upload in the head of every answer."""
    if offset is not None:
        response["Upload-Offset"] = str(offset)
    if not upload.is_finished:
        response["Upload-Expires"] = http_date(upload.expires_at.timestamp())
    return response


def _blocks(request: Request) -> Iterator[bytes]:
    """Yield the body as it arrives, until it ends, breaks off or falls silent."""
    body = request._request
    connection = body.META.get("gunicorn.socket")
    before = connection.gettimeout() if connection else None
    if connection:
        connection.settimeout(SILENT_SECONDS)
    try:
        while block := body.read(BLOCK_BYTES):
            yield block
    except (UnreadablePostError, OSError):
        # The sender went away or its network did: what arrived is what it goes on from.
        return
    finally:
        if connection:
            connection.settimeout(before)
