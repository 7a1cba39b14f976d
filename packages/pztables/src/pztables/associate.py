"""Which column has which role: suggestions from names, UCDs, units and values; and checks."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pztables.numbers import (
    NotNumericError,
    examples_of,
    is_numeric,
    is_text,
    numbers_where_possible,
)
from pztables.positions import PositionCheck
from pztables.roles import ROLES, role_with_ucd

if TYPE_CHECKING:
    from pztables.formats import ColumnInfo

#: Below this a suggestion is noise.
_LEAST_CONFIDENCE: Final = 0.5
#: From here a name says clearly what its column is.
_CLEAR_NAME: Final = 0.85
#: Values that a role can have; somewhat negative redshifts are stars and neighbours.
_RANGES: Final = {
    "ra": (0.0, 360.0),
    "dec": (-90.0, 90.0),
    "z": (-0.01, 15.0),
    "z_err": (0.0, 10.0),
}
#: Sentinels such as -99 are common, so a part of the values in range is enough.
_LEAST_IN_RANGE: Final = {"ra": 0.99, "dec": 0.99, "z": 0.3, "z_err": 0.3}
_BATCH_ROWS: Final = 262_144
_HOURS: Final = frozenset({"h", "hr", "hour", "hours", "hourangle", "hms"})
_TYPES: Final = frozenset({"s", "g", "p"})


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A role that a column seems to have.

    Attributes
    ----------
    confidence
        0 to 1.
    reason
        Why, in a few words for people.
    """

    column: str
    role: str
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Values of a column that cannot be what the column is said to mean.

    Attributes
    ----------
    code
        ``invalid_positions`` or ``not_a_number``.
    message
        What, where, how many, and what to do.
    columns
        The columns.
    count
        Offending rows.
    first_rows
        The first of them, with their values.
    """

    code: str
    message: str
    columns: tuple[str, ...]
    count: int
    first_rows: tuple[dict[str, Any], ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the problem, ready for JSON."""
        return {**asdict(self), "columns": list(self.columns), "first_rows": list(self.first_rows)}


# --- suggestions -----------------------------------------------------------------------------


def suggest_roles(
    columns: Sequence[ColumnInfo],
    sample: pa.Table | None = None,
    product_type: str | None = None,
) -> list[Suggestion]:
    """Suggest which column has which role.

    Parameters
    ----------
    columns
        Of the table, in order.
    sample
        Some of its rows, for the ranges of values.
    product_type
        Wire name; object catalogs have magnitudes called z and no redshifts.

    Returns
    -------
    the most confident first; each role and each column at most once
    """
    names = {_normal(column.name) for column in columns}
    candidates = [
        suggestion
        for column in columns
        for suggestion in _candidates(column, _values(sample, column.name))
        if suggestion.confidence >= _LEAST_CONFIDENCE
        and not (_normal(column.name) == "z" and _is_band(names, product_type))
    ]
    # A stable sort: of equal candidates the first column of the file wins.
    candidates.sort(key=lambda each: -each.confidence)
    roles: set[str] = set()
    used: set[str] = set()
    chosen = []
    for candidate in candidates:
        if candidate.role not in roles and candidate.column not in used:
            roles.add(candidate.role)
            used.add(candidate.column)
            chosen.append(candidate)
    return chosen


def _is_band(names: set[str], product_type: str | None) -> bool:
    """Return whether a column called z is a magnitude beside those of other bands."""
    return {"g", "r", "i"} <= names or product_type == "object_catalog"


def _normal(name: str) -> str:
    return "".join("_" if char in "-. " else char for char in name.strip().lower())


def _values(sample: pa.Table | None, name: str) -> pa.Array | None:
    if sample is None or name not in sample.column_names:
        return None
    column = sample[name].combine_chunks()
    return column if isinstance(column, pa.Array) else pa.concat_arrays(column.chunks)


@cache
def _conventions() -> tuple[tuple[str, str, float, str], ...]:
    source = resources.files("pztables.data").joinpath("column_conventions.csv")
    lines = source.read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return tuple((r["role"], r["name"], float(r["score"]), r["convention"]) for r in rows)


def _candidates(column: ColumnInfo, values: pa.Array | None) -> Iterator[Suggestion]:
    scored = {role: (score, f"name: {why}") for role, score, why in _by_name(column.name)}
    if column.ucd and (by_ucd := _by_ucd(column.ucd)):
        role, score = by_ucd
        if score > scored.get(role, (0.0, ""))[0]:
            scored[role] = (score, f"UCD {column.ucd}")
    for role, (score, reason) in scored.items():
        factor, seen = _fit(role, column, values)
        if score * factor > 0:
            text = f"{reason}; {seen}" if seen else reason
            yield Suggestion(column.name, role, round(min(score * factor, 0.99), 3), text)


def _by_name(name: str) -> Iterator[tuple[str, float, str]]:
    """Yield the roles that a name can mean; the first line of the table that fits decides."""
    normal = _normal(name)
    decided: set[str] = set()
    for exact in (True, False):
        for role, pattern, score, convention in _conventions():
            if role in decided or ("*" in pattern) is exact:
                continue
            if fnmatchcase(normal, pattern):
                decided.add(role)
                yield role, score, convention


def _by_ucd(ucd: str) -> tuple[str, float] | None:
    words = ucd.strip().lower()
    if role := role_with_ucd(words):
        return role.name, 0.98
    for known in ROLES:
        main = known.ucd.split(";")[0]
        if known.name in ("ra", "dec", "z", "id") and words.split(";")[0] == main:
            return known.name, 0.8
    return None


def _fit(role: str, column: ColumnInfo, values: pa.Array | None) -> tuple[float, str]:
    """Return how well a column fits a role (0 to about 1) and what was seen of it."""
    kind = next((each.kind for each in ROLES if each.name == role), "text")
    if kind == "number":
        return _fit_number(role, column, values)
    if role == "instrument_type":
        return _fit_type(column, values)
    if role == "survey":
        return _fit_survey(column, values)
    if role == "id":
        return _fit_id(values)
    return 1.0, ""


def _fit_number(role: str, column: ColumnInfo, values: pa.Array | None) -> tuple[float, str]:
    if not is_numeric(column.type) and not is_text(column.type):
        return 0.0, ""
    if role == "ra" and (column.unit or "").strip().lower() in _HOURS:
        return 0.6, "its unit is hours, expected are degrees"
    if values is None:
        return (1.0 if is_numeric(column.type) else 0.7), ""
    if pa.types.is_boolean(column.type):
        return 0.0, ""
    found, wrong = numbers_where_possible(values)
    given = found[~np.isnan(found)]
    if wrong.any() and wrong.sum() * 2 >= len(found):
        return 0.0, ""
    if not len(given):
        return 0.7, "no value seen"
    low, high = _RANGES[role]
    share = float(((given >= low) & (given <= high)).mean())
    if share < _LEAST_IN_RANGE[role]:
        return 0.4, f"only {share:.0%} of its values are between {low:g} and {high:g}"
    return 1.0, f"values between {low:g} and {high:g}"


def _fit_type(column: ColumnInfo, values: pa.Array | None) -> tuple[float, str]:
    if not is_text(column.type):
        return 0.0, ""
    if values is None:
        return 0.8, ""
    letters = {str(each).strip().lower() for each in pc.unique(values).drop_null().to_pylist()}
    if letters and letters <= _TYPES:
        return 1.2, f"values {', '.join(sorted(letters))}"
    return (0.9, "") if _normal(column.name) == "instrument_type" else (0.0, "")


def _fit_survey(column: ColumnInfo, values: pa.Array | None) -> tuple[float, str]:
    if not is_text(column.type):
        return 0.0, ""
    if values is None or not len(values):
        return 1.0, ""
    distinct = len(pc.unique(values).drop_null())
    if distinct > max(50, len(values) / 2):
        return 0.5, f"{distinct} different values"
    return 1.0, f"{distinct} different value{'s' if distinct != 1 else ''}"


def _fit_id(values: pa.Array | None) -> tuple[float, str]:
    if values is None or not len(values) or pa.types.is_nested(values.type):
        return (0.0, "") if values is not None and pa.types.is_nested(values.type) else (1.0, "")
    if pa.types.is_floating(values.type) or pa.types.is_boolean(values.type):
        return 0.7, "not whole numbers or text"
    given = values.drop_null()
    share = len(pc.unique(given)) / max(len(given), 1)
    return (1.0, "values differ") if share >= 0.8 else (0.75, f"only {share:.0%} of them differ")


# --- checks ----------------------------------------------------------------------------------


def column_named_as(role: str, columns: Sequence[ColumnInfo]) -> str:
    """Return the column whose name says most clearly that it has a role, or ``""``."""
    scored = [
        (score, column.name)
        for column in columns
        for named, score, _ in _by_name(column.name)
        if named == role and score >= _CLEAR_NAME
    ]
    return max(scored, key=lambda each: each[0], default=(0.0, ""))[1]


def check_positions(path: Path, ra: str, dec: str) -> list[Problem]:
    """Check all positions of a table, streaming.

    Parameters
    ----------
    path
        Parquet file.
    ra, dec
        Column names; degrees.

    Returns
    -------
    what is wrong: values that are not numbers, and positions that are missing
    or outside the sky, with counts and the first offending rows; empty when all is well
    """
    problems = check_numbers(path, ra, role="ra") + check_numbers(path, dec, role="dec")
    if problems:
        return problems
    check = PositionCheck()
    for _, batch in _batches(path, [ra, dec]):
        check.add(*(numbers_where_possible(batch.column(name))[0] for name in (ra, dec)))
    if not check.n_invalid:
        return []
    message = f"Columns {ra} and {dec}: {check.sentence}. Correct them or associate other columns."
    rows = tuple(check.first_rows)
    return [Problem("invalid_positions", message, (ra, dec), check.n_invalid, rows)]


def check_numbers(path: Path, column: str, *, role: str) -> list[Problem]:
    """Check that a column holds numbers, streaming; missing values are allowed.

    Parameters
    ----------
    path
        Parquet file.
    column
        Its name.
    role
        What it is said to mean.

    Returns
    -------
    at most one problem, with the count and the first offending rows
    """
    type_ = pq.read_schema(path).field(column).type
    if is_numeric(type_):
        return []
    count, examples = 0, list[dict[str, Any]]()
    try:
        for first_row, batch in _batches(path, [column]):
            values = batch.column(column)
            _, wrong = numbers_where_possible(values)
            count += int(wrong.sum())
            examples += examples_of(values, wrong, first_row=first_row)
    except NotNumericError:
        message = f"Column {column} ({role}) holds {type_}, not numbers; associate another column."
        return [Problem("not_a_number", message, (column,), 0, ())]
    if not count:
        return []
    shown = ", ".join(f"row {each['row']}: {str(each['value'])[:40]!r}" for each in examples[:5])
    message = (
        f"Column {column} ({role}) has {count} values that are not numbers ({shown}). Correct "
        "them or associate another column."
    )
    return [Problem("not_a_number", message, (column,), count, tuple(examples[:5]))]


def _batches(path: Path, columns: list[str]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield batches with the number (from 1) of their first row."""
    first_row = 1
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(columns=columns, batch_size=_BATCH_ROWS):
            yield first_row, batch
            first_row += batch.num_rows
