"""Values as people read them: short where they are shown, in full where they are copied."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from pzhub.tables.table import TableColumn
from pztables.inspection import json_value

_MOST_DIGITS: Final = 8
_LONGEST: Final = 10
_LONGEST_TEXT: Final = 60


def full_text(value: Any, column: TableColumn) -> str:
    """Return a value with all that it holds; single precision with the digits that it has."""
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        return str(np.float32(value)) if pa.types.is_float32(column.info.type) else repr(value)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    safe = json_value(value)
    return safe if isinstance(safe, str) else json.dumps(safe, ensure_ascii=False)


def short_text(full: str, value: Any) -> str:
    """Return what fits a table: numbers with eight digits, texts by their beginning."""
    if isinstance(value, float) and len(full) > _LONGEST and math.isfinite(value):
        return f"{value:.{_MOST_DIGITS}g}"
    return full if len(full) <= _LONGEST_TEXT else f"{full[: _LONGEST_TEXT - 1]}…"


def cell(value: Any, column: TableColumn) -> SafeString:
    """Return the cell of a value as HTML.

    Nothing is told from NaN; what is cut short keeps the whole in ``title``, from where it is
    copied.
    """
    if value is None:
        return format_html('<td class="is-null">{}</td>', _("null"))
    full = full_text(value, column)
    short = short_text(full, value)
    kind = _kind(value)
    title = "" if short == full else f' title="{escape(full)}"'
    return mark_safe(f"<td{kind}{title}>{escape(short)}</td>")


def _kind(value: Any) -> str:
    if isinstance(value, float) and math.isnan(value):
        return ' class="num is-null"'
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return ' class="num"' if is_number else ""


def values_by_column(
    values: tuple[Any, ...], columns: Mapping[str, TableColumn]
) -> list[tuple[TableColumn, str | None]]:
    """Return every column of one row with its value in full, nothing as ``None``."""
    pairs = zip(columns.values(), values, strict=True)
    return [
        (column, None if value is None else full_text(value, column)) for column, value in pairs
    ]
