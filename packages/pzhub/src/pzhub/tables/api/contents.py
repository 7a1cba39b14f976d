"""What else is known of a main file: a pickle's imports, or the densities of an ensemble."""

from __future__ import annotations

import math
from typing import Any, Final

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from pzhub.catalog.models import Product
from pzhub.catalog.selectors import product_for
from pzhub.core.api.views import PzView
from pzhub.tables.api.parameters import whole_of
from pzhub.tables.pdfs import NoDensitiesError, density_of, described_ensemble, ensemble_of
from pzhub.uploads.selectors import inspection_of

#: Where our own copies are is nobody's concern.
_PATHS: Final = frozenset({"pdfs", "drawn"})


class ObjectDensityOut(serializers.Serializer[Any]):
    """The density of one object: points joined by straight lines, and point estimates."""

    row = serializers.IntegerField()
    x = serializers.ListField(child=serializers.FloatField())
    p = serializers.ListField(child=serializers.FloatField(allow_null=True))
    mode = serializers.FloatField(allow_null=True)
    mean = serializers.FloatField(allow_null=True)
    median = serializers.FloatField(allow_null=True)


class ContentsOut(serializers.Serializer[Any]):
    """What the inspection of a main file found; docs/explanation/files-that-are-not-tables.md."""

    state = serializers.CharField(help_text="waiting, running, done, refused, or none")
    is_table = serializers.BooleanField()
    described = serializers.DictField(
        allow_null=True, help_text="Of a pickle or of an ensemble of densities: see `kind`."
    )
    density = ObjectDensityOut(allow_null=True, help_text="Of the object that `row` names.")


class ContentsView(PzView):
    """What a main file holds beside a table."""

    @extend_schema(
        parameters=[
            OpenApiParameter("row", int, description="Of an ensemble: the number of an object.")
        ],
        responses=ContentsOut,
    )
    def get(self, request: Request, pk: int) -> Response:
        """Return the imports of a pickle, or the facts and one density of an ensemble."""
        product = product_for(self.actor, pk)
        inspection = inspection_of(product)
        row = whole_of(request.query_params, "row", 0)
        described = inspection.described if inspection else None
        told = {key: item for key, item in (described or {}).items() if key not in _PATHS}
        body = {
            "state": inspection.state if inspection else "none",
            "is_table": bool(inspection and inspection.is_table),
            "described": told or None,
            "density": None if row is None else _density(product, row),
        }
        return Response(body, headers={"Cache-Control": "private, no-cache"})


def _density(product: Product, row: int) -> dict[str, Any]:
    facts = described_ensemble(product)
    ensemble = None if facts.get("problem") else ensemble_of(facts)
    if ensemble is None:
        raise NoDensitiesError(
            str(facts.get("problem", "The densities are gone: register the product again.")),
            product=product.pk,
        )
    density, estimates = density_of(ensemble, row)
    found = {name: float(getattr(estimates, name)[0]) for name in ("mode", "mean", "median")}
    points = {name: value if math.isfinite(value) else None for name, value in found.items()}
    return {"row": row, "x": list(density.x), "p": list(density.p), **points}
