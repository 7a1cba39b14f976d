"""Views of the catalog: parse, one call, render."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from pzhub.catalog.api.filters import ColumnFilters, NamedFilters, ProductFilters
from pzhub.catalog.api.provenance import Provenance
from pzhub.catalog.api.serializers import (
    ColumnIn,
    ColumnOut,
    NewColumnIn,
    PendingOut,
    ProductFieldsOut,
    ProductIn,
    ProductOut,
    ProductTypeOut,
    ReleaseOut,
)
from pzhub.catalog.models import Column, Product, ProductStatus, ProductType, Release
from pzhub.catalog.selectors import (
    PRODUCT_SEARCH_FIELDS,
    columns_visible_to,
    pending_publication_of,
    products_visible_to,
    releases_visible_to,
)
from pzhub.catalog.services import (
    MissingRolesError,
    add_column,
    change_product,
    create_product,
    delete_product,
    remove_column,
    update_column,
)
from pzhub.core.api.errors import PlainFieldsError
from pzhub.core.api.views import PzViewSet

ROLES_MISSING: Final = OpenApiResponse(
    {"oneOf": [{"type": "string"}, {"$ref": "#/components/schemas/Error"}]},
    "Column roles are missing (a bare string that names them), or no JSON is accepted.",
)


class ReleaseViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PzViewSet[Release]):
    """The releases that the caller may use."""

    serializer_class = ReleaseOut
    filterset_class = NamedFilters
    filterset_names = ("id", "name")
    search_fields = ("display_name", "description")
    ordering_fields = "__all__"
    queryset = Release.objects.none()

    def get_queryset(self) -> QuerySet[Release]:
        """Return the releases."""
        return releases_visible_to(self.actor).prefetch_related("access_groups")


class ProductTypeViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PzViewSet[ProductType]):
    """The product types."""

    serializer_class = ProductTypeOut
    filterset_class = NamedFilters
    filterset_names = ("id", "name")
    search_fields = ("display_name", "description")
    ordering_fields = "__all__"
    queryset = ProductType.objects.order_by("id")


class ProductListing(mixins.ListModelMixin, mixins.RetrieveModelMixin, PzViewSet[Product]):
    """How lists of products are filtered, searched and ordered."""

    serializer_class = ProductOut
    filterset_class = ProductFilters
    search_fields = PRODUCT_SEARCH_FIELDS
    ordering_fields = ("id", "display_name", "product_type", "created_at")
    queryset = Product.objects.none()


class ProductViewSet(Provenance, ProductListing):
    """The products that the caller may see; deleted ones keep their row."""

    def get_queryset(self) -> QuerySet[Product]:
        """Return the products."""
        return products_visible_to(self.actor, include_deleted=True)

    def get_serializer_class(self) -> Any:
        """Return what OPTIONS describes: the fields to send."""
        return ProductFieldsOut if self.action == "metadata" else ProductOut

    @extend_schema(request=ProductIn, responses={201: ProductOut})
    def create(self, request: Request) -> Response:
        """Begin a product."""
        given = ProductIn(data=request.data, context=self.get_serializer_context())
        if not given.is_valid():
            raise PlainFieldsError(given.errors)  # contract: one text per field, for POST only
        return self.render(create_product(actor=self.actor, **given.validated_data), 201)

    @extend_schema(
        request=ProductIn,
        responses={200: ProductOut, 406: ROLES_MISSING},
    )
    def update(self, request: Request, pk: str, partial: bool = False) -> Response:
        """Change metadata; ``status`` 1 publishes."""
        product = self.get_object()
        context = self.get_serializer_context()
        given = ProductIn(product, data=request.data, partial=partial, context=context)
        given.is_valid(raise_exception=True)
        try:
            change_product(actor=self.actor, product=product, **given.validated_data)
        except MissingRolesError as error:
            # contract: a bare JSON string with 406.
            return Response(error.message, status=status.HTTP_406_NOT_ACCEPTABLE)
        return self.render(self.get_object())

    @extend_schema(
        request=ProductIn,
        responses={200: ProductOut, 406: ROLES_MISSING},
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change some metadata; ``status`` 1 publishes."""
        return self.update(request, pk, partial=True)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete a product; its files can be restored for 30 days."""
        delete_product(actor=self.actor, product=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=PendingOut, filters=False)
    @action(detail=False, pagination_class=None)
    def pending_publication(self, request: Request) -> Response:
        """Return the product that the caller began last and did not publish, or null."""
        product = pending_publication_of(self.actor)
        return Response({"product": self.get_serializer(product).data if product else None})


class SpeczViewSet(ProductListing):
    """Published reference redshift catalogs."""

    def get_queryset(self) -> QuerySet[Product]:
        """Return the redshift catalogs."""
        return products_visible_to(self.actor).filter(
            status=ProductStatus.PUBLISHED, product_type__name="redshift_catalog"
        )


class ColumnViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PzViewSet[Column]):
    """Columns of the products that the caller may see, and what they mean."""

    serializer_class = ColumnOut
    filterset_class = ColumnFilters
    filterset_names = ("id", "product")
    ordering_fields = ("id", "order")
    queryset = Column.objects.none()

    def get_queryset(self) -> QuerySet[Column]:
        """Return the columns."""
        return columns_visible_to(self.actor)

    def get_serializer_class(self) -> Any:
        """Return what OPTIONS describes: the fields to send."""
        return NewColumnIn if self.action == "metadata" else ColumnOut

    @extend_schema(request=NewColumnIn, responses={201: ColumnOut})
    def create(self, request: Request) -> Response:
        """Add a column."""
        given = NewColumnIn(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        return self.render(add_column(actor=self.actor, **given.validated_data), 201)

    @extend_schema(request=ColumnIn, responses=ColumnOut)
    def update(self, request: Request, pk: str, partial: bool = False) -> Response:
        """Change a column and what it means."""
        column = self.get_object()
        given = ColumnIn(column, data=request.data, partial=partial)
        given.is_valid(raise_exception=True)
        return self.render(update_column(actor=self.actor, column=column, **given.validated_data))

    @extend_schema(request=ColumnIn, responses=ColumnOut)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Say what a column means: its ``alias`` and ``ucd``."""
        return self.update(request, pk, partial=True)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Remove a column from the list."""
        remove_column(actor=self.actor, column=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)
