"""Where products come from, for machines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from pzhub.accounts.models import User
from pzhub.catalog.lineage import lineage_of
from pzhub.catalog.models import Product
from pzhub.catalog.prov import prov_document


class Provenance:
    """The address of a product's provenance, for a view set of products."""

    actor: User
    get_object: Callable[[], Product]

    @extend_schema(responses=OpenApiTypes.OBJECT, filters=False)
    @action(detail=True, pagination_class=None)
    def provenance(self, request: Request, pk: str) -> Response:
        """Return sources and results over four generations, as W3C PROV-JSON."""
        product = self.get_object()
        document: dict[str, Any] = prov_document(
            lineage_of(product, self.actor), request.build_absolute_uri("/")
        )
        name = f"{product.internal_name or product.pk}.prov.json"
        return Response(document, headers={"Content-Disposition": f'attachment; filename="{name}"'})
