"""Routes of data: parse, one call, render."""

from __future__ import annotations

import json
from typing import Any, Final

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from pzhub.catalog.models import Product
from pzhub.core.api.files import LinkedFileView
from pzhub.core.api.views import PzView
from pzhub.tables.api.parameters import (
    FILTERS,
    JSON,
    PARAMETERS,
    asked,
    format_of,
    is_asked,
    question_of,
)
from pzhub.tables.api.serializers import DataCountOut, DataPageOut
from pzhub.tables.query import Question
from pzhub.tables.selectors import table_for, with_regions
from pzhub.tables.services import (
    SUBSET_FORMATS,
    Page,
    Subset,
    SubsetFormat,
    count_rows,
    read_page,
    write_subset,
)
from pzhub.tables.services.look import DEFAULT_PAGE_ROWS
from pzhub.tables.table import StoredTable

#: The parameters in the body of a POST: an address has no room for a region of many cells.
IN_BODY: Final = {
    "multipart/form-data": OpenApiTypes.OBJECT,
    "application/x-www-form-urlencoded": OpenApiTypes.OBJECT,
}
#: Longest provenance in a header, characters: proxies take no longer ones.
_LONGEST_HEADER: Final = 2_000
_FILES: Final = {(200, item.media_type): OpenApiTypes.BINARY for item in SUBSET_FORMATS.values()}


class DataView(LinkedFileView):
    """Rows and columns of a product's table."""

    required_scope = "read"  # asking changes nothing
    parser_classes = (FormParser, MultiPartParser)

    @extend_schema(
        parameters=PARAMETERS,
        responses={
            (200, "application/json"): DataPageOut,
            **_FILES,
            304: OpenApiResponse(description="Nothing changed since the ETag that was sent."),
        },
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """Return the rows that fit, as a page of JSON or as a file."""
        return self._answer(request, pk)

    @extend_schema(
        request=IN_BODY,
        responses={(200, "application/json"): DataPageOut, **_FILES},
    )
    def post(self, request: Request, pk: int) -> HttpResponseBase:
        """Return the rows that fit a question that no address has room for.

        A form holds the parameters that GET takes, `moc` also as a file of FITS, ASCII or JSON. A
        page of JSON then has no `next` and `previous`.
        """
        return self._answer(request, pk)

    def _answer(self, request: Request, pk: int) -> HttpResponseBase:
        given = asked(request)
        product, table = table_for(self.actor, pk)
        question = with_regions(self.actor, question_of(given, table.columns))
        word = format_of(given, request.headers)
        etag = f'W/"{question.signature(table, word, str(given.get("count")))}"'
        if request.method != "POST" and request.headers.get("If-None-Match") == etag:
            response: HttpResponseBase = HttpResponse(status=304)
        elif word == JSON:
            page = read_page(table, question, with_count=is_asked(given, "count"))
            response = JsonResponse(_page_body(request, table, question, page))
        else:
            response = _file(request, product, table, question, word)
        return caching(response, table, etag)


class CountView(PzView):
    """How many rows of a product's table fit."""

    required_scope = "read"  # asking changes nothing
    parser_classes = (FormParser, MultiPartParser)

    @extend_schema(parameters=FILTERS, responses=DataCountOut)
    def get(self, request: Request, pk: int) -> Response:
        """Return how many rows fit, and how many there are."""
        return self._answer(request, pk)

    @extend_schema(request=IN_BODY, responses=DataCountOut)
    def post(self, request: Request, pk: int) -> Response:
        """Return the same of a question that no address has room for.

        A form holds the parameters that GET takes, `moc` also as a file of FITS, ASCII or JSON.
        """
        return self._answer(request, pk)

    def _answer(self, request: Request, pk: int) -> Response:
        _, table = table_for(self.actor, pk)
        question = with_regions(self.actor, question_of(asked(request), table.columns))
        return Response({"count": count_rows(table, question), "total": table.n_rows})


def caching(response: HttpResponseBase, table: StoredTable, etag: str) -> HttpResponseBase:
    """Let a client keep an answer, and ask whether it still holds."""
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "Accept, Authorization, Cookie"
    response["X-Product-Checksum"] = table.checksum
    return response


def _page_body(
    request: Request, table: StoredTable, question: Question, page: Page
) -> dict[str, Any]:
    limit = DEFAULT_PAGE_ROWS if question.limit is None else question.limit
    following, before = question.offset + limit, max(question.offset - limit, 0)
    return {
        "count": page.count,
        "total": table.n_rows,
        "offset": question.offset,
        "limit": limit,
        "next": _address(request, limit, following) if page.has_more and limit else None,
        "previous": _address(request, limit, before) if question.offset else None,
        "columns": [column.as_dict() for column in page.columns],
        "results": page.rows,
    }


def _address(request: Request, limit: int, offset: int) -> str | None:
    """Return the address of another part: a page when the request named one."""
    if request.method == "POST":
        return None  # no address holds its question
    address = request.build_absolute_uri()
    if "page" in request.query_params:
        return str(replace_query_param(address, "page", offset // limit + 1))
    return str(replace_query_param(address, "offset", offset))


def _file(
    request: Request, product: Product, table: StoredTable, question: Question, word: str
) -> HttpResponseBase:
    subset_format = SUBSET_FORMATS[word]
    provenance = provenance_of(request, product, table, question)
    subset = write_subset(table, question, subset_format=subset_format, provenance=provenance)
    stem = product.internal_name or f"product_{product.pk}"
    name = f"{stem}_{question.signature(table)[:8]}{subset_format.suffix}"
    response = file_answer(subset, subset_format, name)
    response["X-Provenance"] = _header_of(provenance)
    return response


def _header_of(provenance: dict[str, Any]) -> str:
    """Return where rows come from for a header: CSV has no other place to say it."""
    text = json.dumps(provenance, ensure_ascii=True)
    if len(text) <= _LONGEST_HEADER:
        return text
    short = {key: provenance[key] for key in provenance if key not in ("query", "address", "name")}
    return json.dumps(short, ensure_ascii=True)


def file_answer(
    subset: Subset, subset_format: SubsetFormat, filename: str, *, inline: bool = False
) -> HttpResponseBase:
    """Send a written subset; closing the answer removes it."""
    response = FileResponse(
        subset.file,
        as_attachment=not inline,
        filename=filename,
        content_type=subset_format.media_type,
    )
    response["X-Row-Count"] = str(subset.n_rows)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox"
    return response


def provenance_of(
    request: Request | HttpRequest, product: Product, table: StoredTable, question: Question
) -> dict[str, Any]:
    """Return where the rows of a subset come from, for its metadata."""
    return {
        "product": product.internal_name,
        "product_id": product.pk,
        "name": product.display_name,
        "release": product.release.name if product.release else None,
        "main_file_sha256": table.checksum,
        "rows_of_product": table.n_rows,
        "query": question.as_dict(),
        "address": request.build_absolute_uri(),
        "created_at": timezone.now().isoformat(timespec="seconds"),
    }
