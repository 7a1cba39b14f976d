"""What columns seem to mean, for clients that ask."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from pzhub.catalog.models import Product
from pzhub.catalog.selectors import product_for, products_visible_to
from pzhub.core.api.views import PzViewSet
from pzhub.uploads.selectors import suggestions_for
from pztables.roles import role_named


class SuggestionOut(serializers.Serializer[Any]):
    """A meaning that a column seems to have; ``confidence`` is 0 to 1."""

    column_id = serializers.IntegerField()
    column_name = serializers.CharField(source="column")
    role = serializers.CharField()
    alias = serializers.SerializerMethodField()
    ucd = serializers.SerializerMethodField()
    confidence = serializers.FloatField()
    reason = serializers.CharField()

    def get_alias(self, suggestion: dict[str, Any]) -> str:
        """Return the alias that associates the column."""
        role = role_named(suggestion["role"])
        return role.alias if role else str(suggestion["role"])

    def get_ucd(self, suggestion: dict[str, Any]) -> str:
        """Return the UCD that goes with the alias."""
        role = role_named(suggestion["role"])
        return role.ucd if role else ""


class SuggestionsOut(serializers.Serializer[Any]):
    """Suggestions, best first."""

    results = SuggestionOut(many=True)


class SuggestionViewSet(PzViewSet[Product]):
    """Suggestions for the columns of one product."""

    serializer_class = SuggestionsOut

    def get_queryset(self) -> QuerySet[Product]:
        """Return what the caller may see."""
        return products_visible_to(self.actor)

    @extend_schema(responses=SuggestionsOut)
    def suggestions(self, request: Request, pk: str) -> Response:
        """Return what the columns without a meaning seem to mean, best first, with the reason."""
        found = suggestions_for(product_for(self.actor, pk))
        return Response(SuggestionsOut({"results": found}).data)
