"""Routes of files, registration and the main file."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.request import Request
from rest_framework.response import Response

from pzhub.catalog.api.serializers import ProductOut
from pzhub.catalog.models import Product, ProductFile
from pzhub.catalog.selectors import files_visible_to, product_for, products_visible_to
from pzhub.core import storage
from pzhub.core.api.filters import MAX_ID
from pzhub.core.api.views import PzViewSet
from pzhub.core.errors import ConflictError, InvalidError
from pzhub.core.transfer import file_response
from pzhub.uploads.api.serializers import (
    MainFileInfoOut,
    MessageOut,
    PreviewOut,
    ProductFileIn,
    ProductFileOut,
)
from pzhub.uploads.models import InspectionState
from pzhub.uploads.receive import staged_upload
from pzhub.uploads.selectors import main_file_info, main_file_of, preview_of
from pzhub.uploads.services import ensure_inspection, receive_file, register_now, remove_file


class ProductFileFilters(filters.FilterSet):
    """What the list of files is narrowed by; ``product`` is no filter here."""

    id = filters.NumberFilter(min_value=0, max_value=MAX_ID)
    product_id = filters.NumberFilter(min_value=0, max_value=MAX_ID)

    class Meta:
        model = ProductFile
        fields = ()


class ProductFileViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PzViewSet[ProductFile]):
    """Files of the products that the caller may see."""

    serializer_class = ProductFileOut
    filterset_class = ProductFileFilters
    filterset_names = ("id", "product_id")
    ordering_fields = ("id", "role")
    ordering = ("id",)

    def get_queryset(self) -> QuerySet[ProductFile]:
        """Return what the caller may see."""
        return files_visible_to(self.actor)

    @extend_schema(request={"multipart/form-data": ProductFileIn}, responses={201: ProductFileOut})
    def create(self, request: Request, *_: Any, **__: Any) -> Response:
        """Add a file to a product of the caller."""
        upload = staged_upload(request)
        sent = ProductFileIn(data=request.data, products=products_visible_to(self.actor))
        sent.is_valid(raise_exception=True)
        values = sent.validated_data
        file = receive_file(
            actor=self.actor,
            product=values["product"],
            upload=upload,
            role=values["role"],
            mime=values["type"],
        )
        return self.render(file, status.HTTP_201_CREATED)

    def destroy(self, request: Request, pk: str, *_: Any, **__: Any) -> Response:
        """Remove a file."""
        remove_file(actor=self.actor, file=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses={(200, "*/*"): OpenApiTypes.BINARY})
    def content(self, request: Request, pk: str) -> HttpResponseBase:
        """Send the bytes of a file, whole or a range."""
        file = self.get_object()
        if file.is_directory:
            raise ConflictError(f"{file.name} is a folder: download the main file as .zip.")
        return file_response(
            request._request,
            storage.data_path(file.path),
            filename=file.name,
            etag=file.sha256 or f"file-{file.pk}-{file.size}",
        )


class RegistryViewSet(PzViewSet[Product]):
    """Registration of a main file."""

    serializer_class = ProductOut
    # contract: the published client registers with GET; a cookie alone does not suffice for it.
    get_has_effects = True

    def get_queryset(self) -> QuerySet[Product]:
        """Return what the caller may see."""
        return products_visible_to(self.actor)

    @extend_schema(request=None, responses=ProductOut)
    def register(self, request: Request, pk: str) -> Response:
        """Read the main file and answer when its columns are known."""
        register_now(actor=self.actor, product=product_for(self.actor, pk))
        return self.render(product_for(self.actor, pk))


class MainFileViewSet(PzViewSet[Product]):
    """What the server knows about the main file of one product."""

    serializer_class = ProductOut

    def get_queryset(self) -> QuerySet[Product]:
        """Return what the caller may see."""
        return products_visible_to(self.actor)

    @extend_schema(responses=MainFileInfoOut)
    def info(self, request: Request, pk: str) -> Response:
        """Return the product with its main file: columns, rows, delimiter."""
        product = product_for(self.actor, pk)
        shown = self.get_serializer(product).data
        return Response({**shown, "main_file": main_file_info(product)})

    @extend_schema(responses={200: PreviewOut, 202: MessageOut})
    def preview(self, request: Request, pk: str) -> Response:
        """Return the first rows; 202 while they are being read."""
        product = product_for(self.actor, pk)
        main_file_of(product)
        rows = preview_of(product)
        if rows["state"] == "none":
            ensure_inspection(product=product)
        if rows["state"] not in (InspectionState.DONE, InspectionState.REFUSED):
            message = {"message": "The first rows are being read: ask again in a moment."}
            return Response(message, status=status.HTTP_202_ACCEPTED)
        page, size = _page_asked(request)
        last = max((rows["count"] + size - 1) // size, 1)
        start = (min(page, last) - 1) * size
        rows["results"] = rows["results"][start : start + size]
        return Response(PreviewOut(rows).data)


def _page_asked(request: Request) -> tuple[int, int]:
    """Return page and page size; a page that is no number is refused."""
    page, size = request.query_params.get("page", "1"), request.query_params.get("page_size", "")
    if not page.isdigit() or int(page) < 1:
        message = f"{page!r} is not a page: pages are numbered from 1."
        raise InvalidError(message, fields={"page": [message]})
    wanted = int(size) if size.isdigit() else 0
    return int(page), min(wanted, 1000) or 100
