"""Views of tables saved as products, by the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from pzhub.catalog.models import ProductType
from pzhub.core.api.views import PzView
from pzhub.tables.api.parameters import BOX, CONE, numbers_of
from pzhub.tables.query import Question
from pzhub.tables.selectors import table_for, with_regions
from pzhub.tables.services.views import save_view


class SavedViewIn(serializers.Serializer[Any]):
    """Which rows and columns become a product, and what it is called."""

    display_name = serializers.CharField(max_length=255)
    product_type = serializers.SlugRelatedField(
        slug_field="name",
        queryset=ProductType.objects.all(),
        required=False,
        help_text="By name, such as `redshift_catalog`; that of the source by default.",
    )
    description = serializers.CharField(required=False, allow_blank=True, default="")
    where = serializers.CharField(required=False, allow_blank=True, default="")
    cone = serializers.CharField(required=False, allow_blank=True, help_text="`ra,dec,radius`")
    box = serializers.CharField(
        required=False, allow_blank=True, help_text="`ra_min,ra_max,dec_min,dec_max`"
    )
    moc = serializers.CharField(
        required=False, allow_blank=True, help_text="ASCII or JSON of a MOC, or `product:<name>`"
    )
    columns = serializers.ListField(
        child=serializers.CharField(), required=False, allow_empty=False
    )
    sort = serializers.ListField(child=serializers.CharField(), required=False, default=list)
    limit = serializers.IntegerField(required=False, min_value=1)


class SavedViewOut(serializers.Serializer[Any]):
    """The product that is being made."""

    id = serializers.IntegerField()
    internal_name = serializers.CharField()
    rows = serializers.IntegerField(help_text="How many it will have.")


class SaveView(PzView):
    """Rows and columns of a product's table as a product of one's own."""

    @extend_schema(request=SavedViewIn, responses={202: SavedViewOut})
    def post(self, request: Request, pk: int) -> Response:
        """Begin a product of the rows that fit; it is published when it is ready."""
        product, table = table_for(self.actor, pk)
        sent = SavedViewIn(data=request.data)
        sent.is_valid(raise_exception=True)
        given = sent.validated_data
        view = save_view(
            actor=self.actor,
            source=product,
            table=table,
            question=with_regions(self.actor, _question(given)),
            display_name=given["display_name"],
            product_type=given.get("product_type") or product.product_type,
            description=given["description"],
        )
        made = view.product
        body = {"id": made.pk, "internal_name": made.internal_name, "rows": view.facts["rows"]}
        return Response(body, status=202)


def _question(given: dict[str, Any]) -> Question:
    columns = given.get("columns")
    return Question(
        columns=tuple(columns) if columns else None,
        where=given["where"],
        cone=numbers_of(given, "cone", CONE),  # type: ignore[arg-type]  # as many as named
        box=numbers_of(given, "box", BOX),  # type: ignore[arg-type]  # as many as named
        moc=given.get("moc", ""),
        sort=tuple(given["sort"]),
        limit=given.get("limit"),
    )
