"""How the values of a column, or of a pair of columns, are spread under a filter.

The engine counts; what leaves it has one line for each bin, however large the table is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pzhub.tables.engine import Engine, opened_engine
from pzhub.tables.errors import ColumnKindError, OptionValueError
from pzhub.tables.query import Plan, Question, plan_question
from pzhub.tables.services.look import prepared
from pzhub.tables.table import StoredTable, TableColumn
from pztables.inspection import json_rows

DEFAULT_BINS: Final = 50
DEFAULT_SIDE: Final = 60
MAX_BINS: Final = 1000
MAX_SIDE: Final = 256
#: How many values of a column of text are told one by one.
MAX_VALUES: Final = 50
_MAX_TEXT: Final = 200
#: Between its negative and itself there is still a distance.
_FARTHEST: Final = 8e307


@dataclass(frozen=True, slots=True)
class Axis:
    """One side of a histogram.

    Attributes
    ----------
    column
        Its name.
    bins
        How many, all of the same width, or ``None`` for the usual number.
    range
        First and last edge, or ``None`` for the ends of the rows that fit.
    """

    column: str
    bins: int | None = None
    range: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class _Grid:
    """Edges of equal width; the SQL places values by the same arithmetic."""

    first: float
    last: float
    bins: int

    @property
    def step(self) -> float:
        return (self.last - self.first) / self.bins

    @property
    def is_cut(self) -> bool:
        """Whether the bins have a width that floats can hold."""
        with np.errstate(over="ignore", invalid="ignore"):
            return bool((np.diff(self.edges()) > 0).all() and np.isfinite(self.last - self.first))

    def edges(self) -> list[float]:
        found = self.first + np.arange(self.bins + 1) * self.step
        found[-1] = self.last
        return [float(edge) for edge in found]

    def parameters(self, name: str) -> dict[str, Any]:
        return {f"{name}lo": self.first, f"{name}hi": self.last, f"{name}step": self.step}

    def sql(self, name: str) -> str:
        """Return SQL of the bin (from 0) of column ``name``; NULL outside and without value."""
        low, high, step = (f"${name}{word}::DOUBLE" for word in ("lo", "hi", "step"))
        guess = f"least(floor(({name} - {low}) / {step}), {self.bins - 1})"
        # Division rounds: the edges decide.
        exact = (
            f"{guess} - CASE WHEN {name} < {low} + {guess} * {step} THEN 1 ELSE 0 END"
            f" + CASE WHEN {name} >= {low} + ({guess} + 1) * {step}"
            f" AND {guess} < {self.bins - 1} THEN 1 ELSE 0 END"
        )
        return f"CASE WHEN {name} BETWEEN {low} AND {high} THEN CAST({exact} AS INTEGER) END"


def read_density(
    table: StoredTable, question: Question, x: Axis, y: Axis | None = None
) -> dict[str, Any]:
    """Count the rows that fit by the values of one column, or of two.

    Parameters
    ----------
    table
        From `pzhub.tables.selectors.table_for`.
    question
        Which rows; only its filter counts.
    x, y
        The columns.

    Returns
    -------
    for one column of numbers ``edges`` and ``counts``; for two ``x_edges``, ``y_edges`` and
    ``counts`` with shape ``(x bins, y bins)``; for text and bools the most frequent ``values``.
    ``rows`` fit the filter; of these ``missing`` have no value and ``outside`` are beyond the
    edges.

    Raises
    ------
    InvalidError
        If the question or a column does not fit, or there are too many bins.
    SubsetTooCostlyError
        If it takes too long.
    """
    axes = [x] if y is None else [x, y]
    columns = tuple(axis.column for axis in axes)
    plan = plan_question(table, replace(question, columns=columns, sort=(), limit=None))
    with opened_engine(table.path) as engine:
        plan = prepared(engine, plan)
        if y is None and _is_counted(table.columns[x.column]):
            return _values(engine, plan, x)
        for option, axis in zip("xy", axes, strict=False):
            _require_numbers(table.columns[axis.column], option)
        return _counted(engine, plan, axes)


def _is_counted(column: TableColumn) -> bool:
    kind = column.info.type
    kinds = pa.types.is_boolean, pa.types.is_string, pa.types.is_large_string
    return any(is_kind(kind) for is_kind in kinds)


def _require_numbers(column: TableColumn, option: str) -> None:
    kind = column.info.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return
    message = f"{column.name} holds {kind}: choose a column of numbers."
    raise ColumnKindError(message, fields={option: [message]})


def _counted(engine: Engine, plan: Plan, axes: list[Axis]) -> dict[str, Any]:
    names = "xy"[: len(axes)]
    most = MAX_BINS if len(axes) == 1 else MAX_SIDE
    usual = DEFAULT_BINS if len(axes) == 1 else DEFAULT_SIDE
    for name, axis in zip(names, axes, strict=True):
        _require_axis(axis, name, most, usual)
    inner = _numbers_sql(plan, names)
    ends = _ends(engine, plan, inner, names)
    grids = [
        _Grid(*(axis.range or _widened(found, axis.bins or usual)), axis.bins or usual)
        for axis, found in zip(axes, ends, strict=True)
    ]
    parameters = dict(plan.parameters)
    for name, grid in zip(names, grids, strict=True):
        parameters |= grid.parameters(name)
    return _shape(plan, grids, _bins(engine, inner, names, grids, parameters))


def _numbers_sql(plan: Plan, names: str) -> str:
    columns = [plan.table.sql[name].reference for name in plan.names]
    if len(columns) < len(names):  # a column against itself
        columns *= 2
    parts = ", ".join(
        f"nullif(CAST({column} AS DOUBLE), 'nan'::DOUBLE) AS {name}"
        for column, name in zip(columns, names, strict=True)
    )
    return f"SELECT {parts} FROM {plan.filtered_source()}"


def _ends(engine: Engine, plan: Plan, inner: str, names: str) -> list[tuple[float, float]]:
    """Return the lowest and highest finite values of the rows that fit; 0 and 1 of none."""
    there = " AND ".join(f"isfinite({name})" for name in names)
    ends = ", ".join(f"min({name}), max({name})" for name in names)
    found = engine.row(f"SELECT {ends} FROM ({inner}) WHERE {there}", plan.parameters)
    pairs = zip(found[::2], found[1::2], strict=True)
    return [(0.0, 1.0) if low is None else (low, high) for low, high in pairs]


def _widened(ends: tuple[float, float], bins: int) -> tuple[float, float]:
    """Give room to what cannot be cut into bins: a single value, or some beside each other."""
    low, high = max(ends[0], -_FARTHEST), min(ends[1], _FARTHEST)
    if _Grid(low, high, bins).is_cut:
        return low, high
    half = max(0.5, abs(low) * 1e-6)
    return low - half, low + half


def _bins(
    engine: Engine, inner: str, names: str, grids: list[_Grid], parameters: dict[str, Any]
) -> list[tuple[Any, ...]]:
    places = ", ".join(
        f"{grid.sql(name)} AS b{name}" for name, grid in zip(names, grids, strict=True)
    )
    absent = " OR ".join(f"{name} IS NULL" for name in names)
    return engine.rows(
        f"SELECT {places}, ({absent}) AS absent, count(*) FROM ({inner}) GROUP BY ALL", parameters
    )


def _shape(plan: Plan, grids: list[_Grid], found: list[tuple[Any, ...]]) -> dict[str, Any]:
    counts = np.zeros([grid.bins for grid in grids], np.int64)
    missing = outside = 0
    for *places, absent, number in found:
        if absent:
            missing += number
        elif None in places:
            outside += number
        else:
            counts[tuple(places)] += number
    described = [plan.table.columns[name].as_dict() for name in plan.names]
    rows = int(counts.sum()) + missing + outside
    tail = {"counts": counts.tolist(), "rows": rows, "missing": missing, "outside": outside}
    if len(grids) == 1:
        return {"kind": "histogram", "x": described[0], "edges": grids[0].edges(), **tail}
    return {
        "kind": "density",
        "x": described[0],
        "y": described[-1],
        "x_edges": grids[0].edges(),
        "y_edges": grids[1].edges(),
        **tail,
    }


def _require_axis(axis: Axis, name: str, most: int, usual: int) -> None:
    if axis.bins is not None and not 1 <= axis.bins <= most:
        option = "bins" if name == "x" else "ybins"
        raise OptionValueError(option, f"must be a whole number from 1 to {most}")
    if axis.range is not None and not axis.range[0] < axis.range[1]:
        option = "range" if name == "x" else "yrange"
        raise OptionValueError(option, "must be two numbers, the smaller one first")
    if axis.range is not None and not _Grid(*axis.range, axis.bins or usual).is_cut:
        option, bins = "range" if name == "x" else "yrange", axis.bins or usual
        raise OptionValueError(option, f"cannot be cut into {bins} bins: choose other ends")


def _values(engine: Engine, plan: Plan, x: Axis) -> dict[str, Any]:
    column = plan.table.columns[x.column]
    reference = plan.table.sql[x.column].reference
    source = plan.filtered_source()
    rows, there, distinct = engine.row(
        f"SELECT count(*), count({reference}), count(DISTINCT {reference}) FROM {source}",
        plan.parameters,
    )
    found = engine.rows(
        f"SELECT {reference} AS v, count(*) AS n FROM {source} AND {reference} IS NOT NULL "
        f"GROUP BY v ORDER BY n DESC, v LIMIT {MAX_VALUES}",
        plan.parameters,
    )
    table = pa.table({"value": pa.array([_short(value) for value, _ in found])})
    shown = [row["value"] for row in json_rows(table)]
    counts = [number for _, number in found]
    return {
        "kind": "values",
        "x": column.as_dict(),
        "values": [
            {"value": value, "count": number} for value, number in zip(shown, counts, strict=True)
        ],
        "other": there - sum(counts),
        "distinct": distinct,
        "rows": rows,
        "missing": rows - there,
    }


def _short(value: Any) -> Any:
    return value[:_MAX_TEXT] if isinstance(value, str) else value
