"""The page of a table: rows, filters, order, columns. Everything shown is in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.models import Product
from pzhub.catalog.selectors import product_for
from pzhub.core.errors import InvalidError, TooLargeError
from pzhub.tables.errors import ConditionError, NoTableError, TableNotReadyError
from pzhub.tables.pages.cells import values_by_column
from pzhub.tables.pages.conditions import (
    OPERATORS,
    ColumnCondition,
    ConditionValueError,
    joined,
    operators_of,
)
from pzhub.tables.pages.selection import downloads_of, snippets_of
from pzhub.tables.pages.view import SIZES, DataView
from pzhub.tables.query import Question
from pzhub.tables.selectors import table_for
from pzhub.tables.services import Cells, count_rows, read_cells, read_row
from pzhub.tables.table import StoredTable
from pztables.expressions import FUNCTIONS, REGIONS

_FIRST_ROWS: Final = 25
_CONDITION: Final = ("column", "column-only", "op", "value", "value2")


@dataclass(frozen=True, slots=True)
class Wrong:
    """A condition that is refused: before its mistake, the mistake, and what may be meant.

    ``near`` are pairs of a column and the address of the view with it.
    """

    message: str
    before: str = ""
    after: str = ""
    near: tuple[tuple[str, str], ...] = ()
    available: tuple[str, ...] = ()


@login_required
@require_GET
def data_page(request: SignedInRequest, key: str) -> HttpResponse:
    """Show one page of a table; to htmx only the part that changes."""
    try:
        product, table = table_for(request.user, key)
    except (TableNotReadyError, NoTableError) as refusal:
        return _no_data(request, product_for(request.user, key), refusal)
    view = DataView.of(request.GET, table.columns)
    if len(request.GET.getlist("cols")) > 1 and not view.unknown:
        return redirect(_address(product, table, view))  # a form sent them one by one
    context = _context(request, product, table, view)
    is_part = request.headers.get("HX-Target") == "data-view"
    template = "tables/_data_view.html" if is_part else "tables/data.html"
    # htmx shows only answers that went well.
    status = 400 if context["wrong"] and not is_part else 200
    response = render(request, template, context, status=status)
    if is_part:
        response.headers["HX-Push-Url"] = _address(product, table, view)
    response.headers["Vary"] = "HX-Request, HX-Target, Cookie"
    return response


def _no_data(
    request: SignedInRequest, product: Product, refusal: TableNotReadyError | NoTableError
) -> HttpResponse:
    is_pending = isinstance(refusal, TableNotReadyError)
    context = {"product": product, "refusal": refusal, "is_pending": is_pending}
    return render(request, "tables/no_data.html", context, status=409 if is_pending else 404)


def _context(
    request: SignedInRequest, product: Product, table: StoredTable, view: DataView
) -> dict[str, Any]:
    names = view.shown(table.columns)
    cells, wrong = _read(product, table, view)
    known = table.columns
    here = request.build_absolute_uri(_address(product, table, view))
    chosen = len(view.cols) if view.cols is not None else len(names)
    return {
        "product": product,
        "table": table,
        "view": view,
        "query": replace(view, row=None, unknown=()).query(known),
        "hidden_view": _hidden(view, table, without=("where", "page", "row")),
        "wrong": wrong,
        "cells": cells,
        "heads": [_head(product, table, view, name) for name in names],
        "n_columns": len(known),
        "n_left_out": max(chosen - len(names), 0),
        "first": (view.page - 1) * view.size + 1,
        "last": (view.page - 1) * view.size + (len(cells.rows) if cells else 0),
        "total": None if view.where else table.n_rows,
        "before": _address(product, table, view.changed(page=view.page - 1))
        if view.page > 1
        else None,
        "after": _address(product, table, view.changed(page=view.page + 1))
        if cells and cells.has_more
        else None,
        "sizes": [(size, _address(product, table, view.changed(size=size))) for size in SIZES],
        "unfiltered": _address(product, table, view.changed(where="")),
        "unsorted": _address(product, table, view.changed(sort=())),
        "row": _row(product, table, view),
        "permalink": here,
        "save_address": _address(product, table, view.changed(), "save"),
        "samp_address": _address(product, table, view.changed(), "samp"),
        "downloads": downloads_of(product, table, view, None if view.where else table.n_rows),
        "snippets": snippets_of(product, table, view, request.build_absolute_uri("/api/"), here),
    }


def _address(product: Product, table: StoredTable, view: DataView, name: str = "data") -> str:
    query = view.query(table.columns)
    path = reverse(f"tables:{name}", args=[product.internal_name])
    return f"{path}?{query}" if query else path


def _head(product: Product, table: StoredTable, view: DataView, name: str) -> dict[str, Any]:
    column = table.columns[name]
    words: dict[tuple[str, ...], str] = {(name,): "ascending", (f"-{name}",): "descending"}
    sort = words.get(view.sort, "none")
    return {
        "column": column,
        "sort": sort,
        "address": _address(product, table, view.sorted_by(name)),
        "is_pinned": view.pin == name,
        "is_number": "int" in str(column.info.type) or "float" in str(column.info.type)
        or str(column.info.type) == "double",
    }  # fmt: skip


def _read(
    product: Product, table: StoredTable, view: DataView
) -> tuple[Cells | None, Wrong | None]:
    """Return the rows, or what is wrong with the condition."""
    try:
        return read_cells(table, view.question(table.columns)), None
    except ConditionError as refusal:
        return None, _wrong(product, table, view, refusal)
    except (InvalidError, TooLargeError) as refusal:
        return None, Wrong(refusal.message)


def _wrong(product: Product, table: StoredTable, view: DataView, refusal: ConditionError) -> Wrong:
    data = refusal.data
    position = int(data.get("position", 1)) - 1
    near = []
    for name, found in dict(data.get("near", {})).items():
        for other in found:
            where = view.where.replace(name, other)
            near.append((other, _address(product, table, view.changed(where=where))))
    return Wrong(
        str(data.get("reason", refusal.message)),
        view.where[:position],
        view.where[position:],
        tuple(near),
        tuple(data.get("available", ())),
    )


def _row(product: Product, table: StoredTable, view: DataView) -> dict[str, Any] | None:
    """Return one row with all its columns, when the address names one."""
    if view.row is None:
        return None
    values = read_row(table, view.row)
    return {
        "number": view.row,
        "values": None if values is None else values_by_column(values, table.columns),
        "close": _address(product, table, view.changed(page=view.page)),
    }


@login_required
@require_GET
def first_page(request: SignedInRequest, key: str) -> HttpResponse:
    """Show the beginning of a table on the product's page."""
    product, table = table_for(request.user, key)
    view = DataView(size=_FIRST_ROWS)
    context = {
        "product": product,
        "table": table,
        "view": view,
        "cells": read_cells(table, view.question(table.columns)),
        "heads": [_head(product, table, DataView(), name) for name in view.shown(table.columns)],
        "n_columns": len(table.columns),
    }
    return render(request, "tables/_data_first.html", context)


@login_required
@require_GET
def count(request: SignedInRequest, key: str) -> HttpResponse:
    """Say how many rows fit: it may take longer than the rows of a page."""
    product, table = table_for(request.user, key)
    view = DataView.of(request.GET, table.columns)
    number = count_rows(table, Question(where=view.where))
    context = {
        "count": number,
        "total": table.n_rows,
        "product": product,
        "last_page": max(-(-number // view.size), 1),
        "view": view,
        "back": _address(product, table, view),
        "downloads": downloads_of(product, table, view, number),
    }
    is_part = bool(request.headers.get("HX-Request"))
    return render(request, "tables/_count.html" if is_part else "tables/count.html", context)


@login_required
@require_GET
def columns(request: SignedInRequest, key: str) -> HttpResponse:
    """Choose which columns are shown, and their order."""
    product, table = table_for(request.user, key)
    view = DataView.of(request.GET, table.columns)
    shown = list(view.shown(table.columns))
    context = {
        "product": product,
        "view": view,
        "hidden": _hidden(view, table, without=("cols", "page", "row")),
        "back": _address(product, table, view),
        "shown": [_choice(product, table, view, shown, place) for place in range(len(shown))],
        "others": [column for name, column in table.columns.items() if name not in set(shown)],
    }
    is_part = bool(request.headers.get("HX-Request"))
    return render(request, "tables/_columns.html" if is_part else "tables/columns.html", context)


def _choice(
    product: Product, table: StoredTable, view: DataView, shown: list[str], place: int
) -> dict[str, Any]:
    """Return a column that is shown, with where it can go."""
    name, last = shown[place], len(shown) - 1
    moves = {}
    for word, other in (("left", place - 1), ("right", place + 1)):
        if 0 <= other <= last:
            order = list(shown)
            order[place], order[other] = order[other], order[place]
            moved = view.changed(cols=tuple(order), page=view.page)
            moves[word] = _address(product, table, moved, "data_columns")
    pin = None if view.pin == name else name
    return {
        "column": table.columns[name],
        "is_pinned": view.pin == name,
        "pin": _address(product, table, view.changed(pin=pin, page=view.page)),
        **moves,
    }


def _hidden(
    view: DataView, table: StoredTable, *, without: tuple[str, ...]
) -> list[tuple[str, str]]:
    """Return the parameters of a view that a form sends along."""
    sent = QueryDict(view.query(table.columns))
    return [(name, value) for name in sent if name not in without for value in sent.getlist(name)]


@login_required
@require_GET
def condition(request: SignedInRequest, key: str) -> HttpResponse:
    """Write a condition on a column into the expression, then show its rows."""
    product, table = table_for(request.user, key)
    view = DataView.of(_without(request.GET, _CONDITION), table.columns)
    column = table.columns.get(request.GET.get("column", "")) or next(iter(table.columns.values()))
    errors: Mapping[str, Any] = {}
    if "op" in request.GET and "column-only" not in request.GET:
        asked = ColumnCondition(
            column,
            request.GET["op"],
            request.GET.get("value", ""),
            request.GET.get("value2", ""),
        )
        try:
            where = joined(view.where, asked.expression())
            return redirect(_address(product, table, view.changed(where=where)))
        except ConditionValueError as refusal:
            errors = refusal.fields
    context = {
        "product": product,
        "view": view,
        "column": column,
        "columns": list(table.columns),
        "operators": [(word, OPERATORS[word]) for word in operators_of(column)],
        "given": request.GET,
        "errors": errors,
        "hidden": _hidden(view, table, without=("page", "row")),
        "back": _address(product, table, view),
    }
    is_part = bool(request.headers.get("HX-Request"))
    template = "tables/_condition.html" if is_part else "tables/condition.html"
    return render(request, template, context, status=400 if errors and not is_part else 200)


def _without(sent: QueryDict, names: tuple[str, ...]) -> QueryDict:
    found = sent.copy()
    for name in names:
        found.pop(name, None)
    return found


@login_required
@require_GET
def names(request: SignedInRequest, key: str) -> HttpResponse:
    """Return what can stand in an expression, for its completion."""
    _, table = table_for(request.user, key)
    body = {
        "columns": [
            {"name": name, "type": str(column.info.type), "role": column.role or ""}
            for name, column in table.columns.items()
        ],
        "functions": [{"name": name, "help": text} for name, text in FUNCTIONS.items()],
        "regions": [{"name": name, "help": ", ".join(REGIONS[name])} for name in REGIONS],
    }
    response = JsonResponse(body)
    response.headers["Cache-Control"] = "private, max-age=300"
    return response
