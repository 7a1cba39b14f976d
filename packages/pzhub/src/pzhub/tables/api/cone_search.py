"""Simple cone search of the IVOA: a product's table as any tool of the Virtual Observatory asks.

What is asked wrongly is answered as the standard says: status 200 and a VOTable that holds
nothing but the sentence. Who may ask at all is decided as everywhere, with 401 and 404.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from pzhub.core.api.views import PzView
from pzhub.tables.api.views import file_answer, provenance_of
from pzhub.tables.errors import OptionValueError
from pzhub.tables.query import Question
from pzhub.tables.selectors import table_for
from pzhub.tables.services import SUBSET_FORMATS, write_subset
from pzhub.tables.table import StoredTable
from pztables.errors import UserError
from pztables.formats.voheader import info_element

_VOTABLE: Final = SUBSET_FORMATS["votable"]
_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n'
    '<RESOURCE type="results">\n'
)
_TAIL: Final = "\n</RESOURCE></VOTABLE>\n"
#: Roles of columns by verbosity; all columns for 3.
_ROLES: Final = {1: ("id", "ra", "dec"), 2: ("id", "ra", "dec", "z", "z_err", "z_flag", "survey")}
_UCDS: Final = {"id": "ID_MAIN", "ra": "POS_EQ_RA_MAIN", "dec": "POS_EQ_DEC_MAIN"}
_PARAMETERS: Final = [
    OpenApiParameter("RA", float, description="Right ascension of the centre, ICRS degrees."),
    OpenApiParameter("DEC", float, description="Declination of the centre, ICRS degrees."),
    OpenApiParameter("SR", float, description="Radius, degrees; 0 asks for the columns only."),
    OpenApiParameter(
        "VERB", int, description="1: identifier and position; 2: columns with a role; 3: all."
    ),
    OpenApiParameter("MAXREC", OpenApiTypes.INT64, description="Most rows."),
]


class ConeSearchView(PzView):
    """The cone search of one product."""

    @extend_schema(
        parameters=_PARAMETERS, responses={(200, _VOTABLE.media_type): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, key: str) -> HttpResponseBase:
        """Return the rows within a radius as a VOTable."""
        product, table = table_for(self.actor, key)
        table = _with_ucds_of_the_standard(table)
        given = {name.upper(): request.query_params.get(name, "") for name in request.query_params}
        try:
            question = _question(given, table)
            subset = write_subset(
                table,
                question,
                subset_format=_VOTABLE,
                provenance=provenance_of(request, product, table, question),
            )
        except UserError as refusal:
            return _error(refusal.message)
        return file_answer(subset, _VOTABLE, f"{product.internal_name}_cone.vot", inline=True)


def _question(given: dict[str, str], table: StoredTable) -> Question:
    ra, dec, radius = (_number(given, name) for name in ("RA", "DEC", "SR"))
    limit = _whole(given, "MAXREC", None)
    return Question(
        columns=_columns(table, _whole(given, "VERB", 3)),
        cone=(ra % 360.0, dec, min(radius, 180.0)),
        limit=0 if radius == 0 else limit,
    )


def _with_ucds_of_the_standard(table: StoredTable) -> StoredTable:
    """Return the table with the UCDs of 2001 that version 1.03, and so every tool, looks for."""
    columns = {
        name: replace(column, info=replace(column.info, ucd=_UCDS.get(role, column.info.ucd)))
        for name, column in table.columns.items()
        for role in [(column.role or "").lower()]
    }
    return replace(table, columns=columns)


def _columns(table: StoredTable, verbosity: int | None) -> tuple[str, ...] | None:
    roles = _ROLES.get(verbosity or 3)
    if roles is None:
        return None
    return tuple(
        column.name for column in table.columns.values() if (column.role or "").lower() in roles
    )


def _number(given: dict[str, str], name: str) -> float:
    try:
        value = float(given.get(name, ""))
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or (name == "SR" and value < 0):
        raise OptionValueError(name, "must be a number in degrees")
    return value


def _whole(given: dict[str, str], name: str, default: int | None) -> int | None:
    text = given.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise OptionValueError(name, "must be a whole number")
    return int(text)


def _error(message: str) -> HttpResponse:
    found = info_element("QUERY_STATUS", "ERROR"), info_element("Error", message)
    body = _HEAD + "\n".join(found) + _TAIL
    return HttpResponse(body, content_type=_VOTABLE.media_type)
