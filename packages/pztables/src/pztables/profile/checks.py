"""Quality checks that need no more than the statistics of the columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pztables.profile.redshift import SANE_REDSHIFTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_SHOWN: Final = 10


def column_checks(columns: Sequence[Mapping[str, Any]], n_rows: int) -> list[dict[str, Any]]:
    """Name the columns that say nothing: those without values, and the constant ones."""
    empty = [c["name"] for c in columns if n_rows and c["n_null"] + c["n_nan"] == n_rows]
    constant = [c["name"] for c in columns if n_rows > 1 and _is_constant(c)]
    infinite = [c["name"] for c in columns if c["n_infinite"]]
    checks = [
        _check("columns_with_values", empty, _EMPTY),
        _check("columns_vary", constant, _CONSTANT),
    ]
    if infinite:
        checks.append(_check("columns_finite", infinite, _INFINITE))
    return checks


def _is_constant(column: Mapping[str, Any]) -> bool:
    """Whether a value never varies; a constant text (the survey's name) is as it should be."""
    if column["n_null"] + column["n_nan"] + column["n_infinite"] or column["kind"] == "text":
        return False
    if column["n_distinct"] is not None and column["distinct_exact"]:
        return bool(column["n_distinct"] == 1)
    return column["min"] is not None and bool(column["min"] == column["max"])


@dataclass(frozen=True, slots=True)
class _Words:
    """What is said where no column has a fault, one has it, several have it.

    Whole sentences, so that they can be translated.
    """

    none: str
    one: Callable[[str], str]
    several: Callable[[int, str], str]


_EMPTY: Final = _Words(
    "Every column has values.",
    lambda name: f"Column {name} has no value.",
    lambda count, names: f"{count} columns have no value: {names}.",
)
_CONSTANT: Final = _Words(
    "No column is constant.",
    lambda name: f"Column {name} holds the same value everywhere.",
    lambda count, names: f"{count} columns hold the same value everywhere: {names}.",
)
_INFINITE: Final = _Words(
    "No column holds infinite values.",
    lambda name: f"Column {name} holds infinite values.",
    lambda count, names: f"{count} columns hold infinite values: {names}.",
)


def _check(code: str, names: list[str], words: _Words) -> dict[str, Any]:
    shown = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
    fault = words.one(shown) if len(names) == 1 else words.several(len(names), shown)
    message = fault if names else words.none
    data = {"count": len(names), "columns": names[:_SHOWN]}
    return {"code": code, "ok": not names, "message": message, "data": data}


def redshift_check(column: Mapping[str, Any]) -> dict[str, Any]:
    """Say whether the redshifts lie in a sane range."""
    low, high = SANE_REDSHIFTS
    is_number = column["kind"] in ("integer", "number")  # dates have a first and a last one, too
    least, most = (column["min"], column["max"]) if is_number else (None, None)
    data = {"column": column["name"], "min": least, "max": most, "low": low, "high": high}
    if least is None or most is None:
        return {
            "code": "redshift_range",
            "ok": False,
            "message": f"Column {column['name']} has no redshift that is a number.",
            "data": data,
        }
    sane = bool(low <= least and most <= high)
    return {
        "code": "redshift_range",
        "ok": sane,
        "message": f"Redshifts are between {least:g} and {most:g}"
        + ("." if sane else f"; expected are {low:g} to {high:g}."),
        "data": data,
    }
