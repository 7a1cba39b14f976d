"""The density of values: a histogram of one column, or of a pair, under a filter."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse, HttpResponseBase, JsonResponse, QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request

from pzhub.core.api.views import PzView
from pzhub.tables.api.parameters import FILTERS, asked, numbers_of, question_of, whole_of
from pzhub.tables.api.serializers import DensityOut
from pzhub.tables.api.views import IN_BODY, caching
from pzhub.tables.errors import OptionValueError
from pzhub.tables.selectors import table_for, with_regions
from pzhub.tables.services import Axis, read_density

_PARAMETERS: Final = [
    OpenApiParameter("x", str, required=True, description="A column."),
    OpenApiParameter("y", str, description="Another column, for the density of a pair."),
    *FILTERS,
    OpenApiParameter(
        "bins",
        OpenApiTypes.INT64,
        description="Of equal width: 50 for a column (at most 1000), 60 a side for a pair "
        "(at most 256).",
    ),
    OpenApiParameter("ybins", OpenApiTypes.INT64, description="The same for `y`."),
    OpenApiParameter(
        "range", str, description="`lowest,highest` edge; by default those of the rows that fit."
    ),
    OpenApiParameter("yrange", str, description="The same for `y`."),
]


class DensityView(PzView):
    """How the values of a product's table are spread."""

    required_scope = "read"  # asking changes nothing
    parser_classes = (FormParser, MultiPartParser)

    @extend_schema(
        parameters=_PARAMETERS,
        responses={
            200: DensityOut,
            304: OpenApiResponse(description="Nothing changed since the ETag that was sent."),
        },
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """Return the histogram of a column, or the density of a pair."""
        return self._answer(request, pk)

    @extend_schema(request=IN_BODY, responses=DensityOut)
    def post(self, request: Request, pk: int) -> HttpResponseBase:
        """Return the same of a question that no address has room for.

        A form holds the parameters that GET takes, `moc` also as a file of FITS, ASCII or JSON.
        """
        return self._answer(request, pk)

    def _answer(self, request: Request, pk: int) -> HttpResponseBase:
        given = asked(request)
        _, table = table_for(self.actor, pk)
        question = with_regions(self.actor, question_of(given, table.columns))
        x, y = _axes(given)
        etag = f'W/"{question.signature(table, "density", str(x), str(y))}"'
        if request.method != "POST" and request.headers.get("If-None-Match") == etag:
            response: HttpResponseBase = HttpResponse(status=304)
        else:
            response = JsonResponse(read_density(table, question, x, y))
        return caching(response, table, etag)


def _axes(given: QueryDict) -> tuple[Axis, Axis | None]:
    name, other = given.get("x", ""), given.get("y", "")
    if not name:
        raise OptionValueError("x", "name the column whose values are counted")
    x = Axis(name, whole_of(given, "bins", 1), _range(given, "range"))
    if not other:
        return x, None
    bins = whole_of(given, "ybins", 1)
    return x, Axis(other, x.bins if bins is None else bins, _range(given, "yrange"))


def _range(given: QueryDict, option: str) -> tuple[float, float] | None:
    found = numbers_of(given, option, ("lowest", "highest"))
    return None if found is None else (found[0], found[1])
