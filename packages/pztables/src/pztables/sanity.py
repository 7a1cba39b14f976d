"""Sanity checks: values that look like the usual mistakes, with evidence and the way out.

They only doubt; what cannot be at all is refused by `pztables.associate.check_positions` and
`check_numbers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pztables.corrections import SENTINELS, Correction, sexagesimal, where_equal
from pztables.numbers import BoolArray, FloatArray, NotNumericError, is_text, numbers_where_possible

if TYPE_CHECKING:
    from pztables.formats import ColumnInfo

#: How many rows are shown as evidence.
_SHOWN: Final = 5
#: Fewer values than this say nothing about a range.
_FEWEST: Final = 20
_HOURS: Final = frozenset({"h", "hr", "hour", "hours", "hourangle", "hms"})
_RADIANS: Final = frozenset({"rad", "radian", "radians"})
_VELOCITIES: Final = frozenset({"km/s", "km s-1", "km.s-1", "km s**-1", "km.s**-1", "kms"})
#: Beyond this no redshift is measured.
_MOST_REDSHIFT: Final = 30.0
#: A flag with more different values than this is no flag.
_MOST_FLAGS: Final = 64
#: The roles whose missing values are often written as a number, and which numbers cannot be values.
_IS_IMPOSSIBLE: Final[dict[str, Callable[[float], bool]]] = {
    "z": lambda value: value < -0.5 or value > _MOST_REDSHIFT or value in (9.99, 9.999, 9.9999),
    "z_err": lambda value: value < 0 or value >= 9,
    "ra": lambda value: value < 0 or value > 360,
    "dec": lambda value: abs(value) > 90,
}


@dataclass(frozen=True, slots=True)
class Doubt:
    """Values that look like a mistake.

    Attributes
    ----------
    code
        Which mistake.
    roles, columns
        What the columns are said to mean, and their names.
    count, n_rows
        Rows that look so, of those that were looked at.
    first_rows
        The first of them: ``row`` (from 1) and their values by column.
    facts
        Numbers of the sentence.
    corrections
        What would mend it; empty where only the owner can.
    """

    code: str
    roles: tuple[str, ...]
    columns: tuple[str, ...]
    count: int
    n_rows: int
    first_rows: tuple[dict[str, Any], ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    corrections: tuple[Correction, ...] = ()

    @property
    def message(self) -> str:
        """The doubt as a sentence, in English."""
        return _MESSAGES[self.code].format(
            column=", ".join(self.columns), count=self.count, n_rows=self.n_rows, **self.facts
        )


_MESSAGES: Final = {
    "right_ascension_in_hours": "column {column} seems to be in hours; multiply it by 15 to get"
    " degrees",
    "sexagesimal_position": "column {column} is sexagesimal text; convert it to degrees",
    "positions_in_radians": "columns {column} seem to be in radians; expected are degrees",
    "swapped_position": "columns {column} look swapped: {count} declinations are beyond 90",
    "redshift_is_velocity": "column {column} seems to hold velocities in km/s (up to {high:g});"
    " divide it by the speed of light",
    "redshift_in_percent": "column {column} seems to be in percent (its median is {median:g});"
    " divide it by 100",
    "sentinel_values": "column {column} has {values} in {count} of {n_rows} rows, which seems to"
    " mean that there is no value",
    "odd_flags": "column {column} does not look like a quality flag: {n_distinct} different"
    " values in {n_rows} rows",
}


def doubts_of_file(
    path: Path,
    roles: Mapping[str, str],
    *,
    units: Mapping[str, str | None] | None = None,
    most_rows: int | None = None,
) -> list[Doubt]:
    """Look for mistakes in the columns of a table that have roles.

    Parameters
    ----------
    path
        Parquet file.
    roles
        Role to column name.
    units
        Unit by column name, where one is known.
    most_rows
        Look at the first so many rows only.
    """
    with pq.ParquetFile(path, pre_buffer=False) as file:
        there = set(file.schema_arrow.names)
        known = {role: name for role, name in roles.items() if name in there}
        wanted = list(dict.fromkeys(known.values()))
        if not wanted:
            return []
        batches = list(_first_batches(file, wanted, most_rows))
        schema = pa.schema([file.schema_arrow.field(name) for name in wanted])
    return doubts_of_table(pa.Table.from_batches(batches, schema), known, units=units)


def _first_batches(
    file: pq.ParquetFile, columns: list[str], most_rows: int | None
) -> Iterator[pa.RecordBatch]:
    left = file.metadata.num_rows if most_rows is None else most_rows
    for batch in file.iter_batches(columns=columns, batch_size=65_536):
        if left <= 0:
            return
        ordered = batch.select(columns)
        yield ordered.slice(0, left)
        left -= batch.num_rows


def doubts_of_table(
    table: pa.Table, roles: Mapping[str, str], *, units: Mapping[str, str | None] | None = None
) -> list[Doubt]:
    """Look for mistakes in the columns of a table that have roles; see `doubts_of_file`."""
    look = _Look(table, roles, units or {})
    return [
        *_sexagesimal(look),
        *_swapped(look),
        *_hours(look),
        *_radians(look),
        *_redshifts(look),
        *_sentinels(look),
        *_flags(look),
    ]


class _Look:
    """The columns with roles, read as numbers once."""

    def __init__(
        self, table: pa.Table, roles: Mapping[str, str], units: Mapping[str, str | None]
    ) -> None:
        self.roles, self.n_rows = dict(roles), table.num_rows
        self.arrays = {role: _whole(table.column(name)) for role, name in roles.items()}
        self.units = {role: (units.get(name) or "").strip().lower() for role, name in roles.items()}
        self.numbers: dict[str, FloatArray] = {}
        for role, array in self.arrays.items():
            try:
                self.numbers[role] = numbers_where_possible(array)[0]
            except NotNumericError:
                continue

    def given(self, role: str) -> FloatArray:
        """Return the finite numbers of a role that are no sentinels."""
        values = self.numbers.get(role, np.zeros(0))
        values = values[np.isfinite(values)]
        return values[~np.isin(values, SENTINELS)]

    def doubt(
        self,
        code: str,
        roles: Sequence[str],
        where: BoolArray,
        *corrections: Correction,
        **facts: Any,
    ) -> Doubt:
        from pztables.inspection import json_value

        columns = tuple(self.roles[role] for role in roles)
        rows = tuple(
            {"row": row + 1}
            | {self.roles[role]: json_value(self.arrays[role][row].as_py()) for role in roles}
            for row in np.flatnonzero(where)[:_SHOWN].tolist()
        )
        count = int(where.sum())
        return Doubt(code, tuple(roles), columns, count, self.n_rows, rows, facts, corrections)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    joined = column.combine_chunks()
    return joined if isinstance(joined, pa.Array) else pa.concat_arrays(joined.chunks)


def _sexagesimal(look: _Look) -> Iterator[Doubt]:
    for role in ("ra", "dec"):
        array = look.arrays.get(role)
        if array is None or not is_text(array.type):
            continue
        found = np.isfinite(sexagesimal(array)) & np.isnan(look.numbers[role])
        n_given = len(array) - array.null_count
        if n_given and found.sum() * 2 > n_given:
            hours = role == "ra" and look.units[role] not in ("deg", "degree", "degrees")
            action = "sexagesimal_hours_to_degrees" if hours else "sexagesimal_to_degrees"
            correction = Correction(action, (look.roles[role],))
            yield look.doubt("sexagesimal_position", [role], found, correction)


def _swapped(look: _Look) -> Iterator[Doubt]:
    ra, dec = look.given("ra"), look.given("dec")
    if not len(ra) or not len(dec):
        return
    if (np.abs(dec) > 90).any() and not (np.abs(ra) > 90).any():
        with np.errstate(invalid="ignore"):
            where = np.abs(look.numbers["dec"]) > 90
        yield look.doubt("swapped_position", ["ra", "dec"], where)


def _hours(look: _Look) -> Iterator[Doubt]:
    ra = look.given("ra")
    if not len(ra) or look.units["ra"] in _RADIANS:
        return
    is_hours = look.units["ra"] in _HOURS and ra.max() <= 24
    # A small field may lie between 0 and 24 degrees; a spread over most of it is suspicious.
    spreads = len(ra) >= _FEWEST and ra.min() >= 0 and ra.max() < 24 and np.ptp(ra) > 18
    if is_hours or spreads:
        correction = Correction("hours_to_degrees", (look.roles["ra"],))
        where = np.isfinite(look.numbers["ra"])
        facts = {"low": float(ra.min()), "high": float(ra.max())}
        yield look.doubt("right_ascension_in_hours", ["ra"], where, correction, **facts)


def _radians(look: _Look) -> Iterator[Doubt]:
    ra, dec = look.given("ra"), look.given("dec")
    if not len(ra) or not len(dec):
        return
    fits = ra.min() >= 0 and ra.max() <= 2 * np.pi and np.abs(dec).max() <= np.pi / 2
    named = look.units["ra"] in _RADIANS and look.units["dec"] in _RADIANS
    spreads = len(ra) >= _FEWEST and np.ptp(ra) > np.pi and np.ptp(dec) > 0.5
    if fits and (named or spreads):
        columns = (look.roles["ra"], look.roles["dec"])
        where = np.isfinite(look.numbers["ra"]) & np.isfinite(look.numbers["dec"])
        correction = Correction("radians_to_degrees", columns)
        yield look.doubt("positions_in_radians", ["ra", "dec"], where, correction)


def _redshifts(look: _Look) -> Iterator[Doubt]:
    z = look.given("z")
    if not len(z):
        return
    middle, high = float(np.median(z)), float(z.max())
    with np.errstate(invalid="ignore"):
        where = look.numbers["z"] > _MOST_REDSHIFT
    columns = (look.roles["z"],)
    if look.units["z"] in _VELOCITIES or (middle > 300 and high > 3000):
        correction = Correction("velocity_to_redshift", columns)
        where |= np.isfinite(look.numbers["z"]) & (look.units["z"] in _VELOCITIES)
        yield look.doubt("redshift_is_velocity", ["z"], where, correction, high=high)
    elif look.units["z"] == "%" or (middle > 8 and _MOST_REDSHIFT < high <= 1500):
        correction = Correction("percent_to_fraction", columns)
        where |= np.isfinite(look.numbers["z"]) & (look.units["z"] == "%")
        yield look.doubt("redshift_in_percent", ["z"], where, correction, median=middle)


def _sentinels(look: _Look) -> Iterator[Doubt]:
    positions: dict[str, tuple[float, ...]] = {}
    for role in _IS_IMPOSSIBLE:
        values = look.numbers.get(role)
        if values is None or not len(values):
            continue
        found = _sentinels_in(role, values)
        if found and role in ("ra", "dec"):
            positions[role] = found
        elif found:
            correction = Correction("values_to_null", (look.roles[role],), found)
            yield _sentinel_doubt(look, [role], found, correction)
    if positions:
        found = tuple(sorted({value for values in positions.values() for value in values}))
        columns = tuple(look.roles[role] for role in positions)
        # A row without a position cannot be used, so it is left out.
        yield _sentinel_doubt(
            look, list(positions), found, Correction("leave_out_rows", columns, found)
        )


def _sentinel_doubt(
    look: _Look, roles: list[str], found: tuple[float, ...], correction: Correction
) -> Doubt:
    where = np.zeros(look.n_rows, bool)
    for role in roles:
        where |= where_equal(look.arrays[role], found)
    values = ", ".join(f"{value:g}" for value in found)
    return look.doubt("sentinel_values", roles, where, correction, values=values)


def _sentinels_in(role: str, values: FloatArray) -> tuple[float, ...]:
    """Return the sentinels that a column has and that cannot be values of its role."""
    seen = pc.unique(pa.array(values[np.isfinite(values)]))
    distinct = seen.to_numpy(zero_copy_only=False)
    return tuple(
        sentinel
        for sentinel in SENTINELS
        if _IS_IMPOSSIBLE[role](sentinel)
        and np.isclose(distinct, sentinel, rtol=2e-7, atol=0).any()
    )


def _flags(look: _Look) -> Iterator[Doubt]:
    array = look.arrays.get("z_flag")
    if array is None or not len(array) or pa.types.is_nested(array.type):
        return
    distinct = pc.unique(array.drop_null())
    odd = len(distinct) > _MOST_FLAGS and len(distinct) * 4 > len(array)
    if pa.types.is_integer(array.type):
        odd = odd and len(distinct) * 2 > len(array)
    if odd:
        where = array.is_valid().to_numpy(zero_copy_only=False)
        yield look.doubt("odd_flags", ["z_flag"], where, n_distinct=len(distinct))


def sanity_checks(
    columns: Sequence[ColumnInfo], sample: pa.Table, roles: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Look for the usual mistakes in a sample of a table that nobody has associated yet.

    Parameters
    ----------
    columns, sample
        Of the table.
    roles
        Role to column name; where a position has none (sexagesimal text is not
        suggested as one), the column whose name says so is looked at.

    Returns
    -------
    one ``{"code", "ok": False, "message"}`` for each mistake
    """
    from pztables.associate import column_named_as

    named = {role: column_named_as(role, columns) for role in ("ra", "dec")}
    wanted = {
        role: name
        for role, name in {**named, **roles}.items()
        if name and name in sample.column_names
    }
    units = {column.name: column.unit for column in columns}
    return [
        {"code": doubt.code, "ok": False, "message": doubt.message}
        for doubt in doubts_of_table(sample, wanted, units=units)
    ]
