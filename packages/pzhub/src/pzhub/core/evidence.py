"""The rows or values that a refusal names, as a small table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

#: Where refusals keep lists of rows or values.
_KEYS = ("first_rows", "rows", "surveys", "values", "problems")
#: What only programs need.
_INNER = {"blocks"}
_MAX_ROWS = 10


class Evidence(NamedTuple):
    """A table: names of columns, and rows of values in that order."""

    names: list[str]
    rows: list[list[Any]]


def evidence_of(data: Mapping[str, Any] | None) -> Evidence | None:
    """Return the first table that the data of a refusal hold, at most ten rows of it.

    Examples
    --------
    >>> evidence_of({"count": 2, "first_rows": [{"row": 7, "ra": 999.0}]})
    Evidence(names=['row', 'ra'], rows=[[7, 999.0]])
    """
    for key in _KEYS:
        value = (data or {}).get(key)
        if isinstance(value, list) and value and all(isinstance(row, Mapping) for row in value):
            names = [name for name in value[0] if name not in _INNER]
            rows = [[_plain(row.get(name)) for name in names] for row in value[:_MAX_ROWS]]
            return Evidence(names, rows)
    return None


def _plain(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list) else value
