"""Quality checks that need no more than the statistics of the columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Beyond this no redshift is measured; somewhat negative ones are stars and neighbours.
SANE_REDSHIFTS: Final = (-0.01, 20.0)
_SHOWN: Final = 10


def column_checks(columns: Sequence[Mapping[str, Any]], n_rows: int) -> list[dict[str, Any]]:
    """Name the columns that say nothing: those without values, and the constant ones."""
    empty = [c["name"] for c in columns if n_rows and c["n_null"] + c["n_nan"] == n_rows]
    constant = [c["name"] for c in columns if n_rows > 1 and _is_constant(c, n_rows)]
    everywhere = "the same value everywhere"
    return [
        _check(
            "columns_with_values",
            empty,
            "Every column has values.",
            ("has no value", "have no value"),
        ),
        _check(
            "columns_vary",
            constant,
            "No column is constant.",
            (f"holds {everywhere}", f"hold {everywhere}"),
        ),
    ]


def _is_constant(column: Mapping[str, Any], n_rows: int) -> bool:
    """Whether a number never varies; a constant text (the survey's name) is as it should be."""
    if column["n_null"] + column["n_nan"] or "string" in str(column.get("type", "")):
        return False
    if column["n_distinct"] is not None and column["top"]:
        return bool(column["n_distinct"] == 1)
    return column["min"] is not None and bool(column["min"] == column["max"])


def _check(code: str, names: list[str], good: str, bad: tuple[str, str]) -> dict[str, Any]:
    """Return a check that is fine without names; ``bad`` is what one and what several do."""
    shown = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
    fault = (
        f"Column {shown} {bad[0]}."
        if len(names) == 1
        else f"{len(names)} columns {bad[1]}: {shown}."
    )
    message = fault if names else good
    return {"code": code, "ok": not names, "message": message}


def redshift_check(column: Mapping[str, Any]) -> dict[str, Any]:
    """Say whether the redshifts lie in a sane range."""
    low, high = SANE_REDSHIFTS
    if column["min"] is None:
        return {
            "code": "redshift_range",
            "ok": False,
            "message": f"Column {column['name']} has no redshift that is a number.",
        }
    sane = low <= column["min"] and column["max"] <= high
    return {
        "code": "redshift_range",
        "ok": sane,
        "message": f"Redshifts are between {column['min']:g} and {column['max']:g}"
        + ("." if sane else f"; expected are {low:g} to {high:g}."),
    }
