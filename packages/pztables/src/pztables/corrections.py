"""Corrections of columns: the usual mistakes of positions and redshifts, undone.

A correction says what is done with which columns; `write_corrected` does it to a whole table
without keeping more than a batch of it in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pztables.errors import UserError
from pztables.numbers import FloatArray, is_text, numbers_where_possible

#: Speed of light in vacuum, km/s (exact by definition of the metre).
LIGHT_KMS: Final = 299_792.458
#: Values that catalogs write where they have none.
SENTINELS: Final = (
    -9999.0, -999.9, -999.0, -99.99, -99.9, -99.0, -9.9999, -9.999, -9.99, -9.9, -9.0, -1.0,
    9.99, 9.999, 9.9999, 90.0, 99.0, 99.9, 99.99, 999.0, 999.9, 9999.0,
)  # fmt: skip
#: Most rows and, for wide tables, about how many values are in memory at once.
_BATCH_ROWS: Final = 100_000
_BATCH_VALUES: Final = 5_000_000
_PARTS: Final = (
    r"^\s*(?P<sign>[+\-\x{2212}]?)(?P<whole>[0-9]{1,3})[:hd° ]\s*(?P<minutes>[0-9]{1,2})"
    r"(?:[:m'′ ]\s*(?P<seconds>[0-9]{1,2}(?:\.[0-9]*)?)?)?\s*[s\"″]?\s*$"
)


class CorrectionError(UserError):
    """A correction does not fit the table."""

    code = "wrong_correction"


@dataclass(frozen=True, slots=True)
class Correction:
    """What is done with which columns.

    Attributes
    ----------
    action
        One of `ACTIONS`, or ``leave_out_rows``: rows whose value in any of the columns is in
        ``values`` are left out.
    columns
        Names; each is changed by itself.
    values
        For ``values_to_null`` and ``leave_out_rows``: the values meant.
    """

    action: str
    columns: tuple[str, ...]
    values: tuple[float, ...] = ()


def sexagesimal(column: pa.Array) -> FloatArray:
    """Read text such as ``12:30:45.5``, ``-5d30m`` or ``12 30 45`` as one number.

    Parameters
    ----------
    column
        Text, length ``n``.

    Returns
    -------
    hours or degrees, as the text has them, NaN where it is nothing of the kind, shape ``(n,)``

    Examples
    --------
    >>> sexagesimal(pa.array(["12:30:00", "-00:30:00", "x", None])).tolist()
    [12.5, -0.5, nan, nan]
    """
    parts = pc.extract_regex(column.cast(pa.string()), _PARTS)
    whole, minutes, seconds = (
        _number(pc.struct_field(parts, [name])) for name in ("whole", "minutes", "seconds")
    )
    size = whole + np.nan_to_num(minutes) / 60 + np.nan_to_num(seconds) / 3600
    negative = pc.is_in(pc.struct_field(parts, ["sign"]), pa.array(["-", "\N{MINUS SIGN}"]))
    size = np.where(negative.to_numpy(zero_copy_only=False), -size, size)
    # Sixty seconds are what rounding writes for those of the next minute.
    sound = (np.nan_to_num(minutes) < 60) & (np.nan_to_num(seconds) <= 60)
    return np.where(sound, size, np.nan)


def _number(text: pa.Array) -> FloatArray:
    given = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    values: FloatArray = given.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return values


def _numbers(column: pa.Array) -> FloatArray:
    return numbers_where_possible(column)[0]


#: What can be done with a column, by name: values in, doubles out (NaN: no value).
ACTIONS: Final[dict[str, Callable[[pa.Array], FloatArray]]] = {
    "hours_to_degrees": lambda column: _numbers(column) * 15,
    "radians_to_degrees": lambda column: np.degrees(_numbers(column)),
    "sexagesimal_hours_to_degrees": lambda column: sexagesimal(column) * 15,
    "sexagesimal_to_degrees": sexagesimal,
    "velocity_to_redshift": lambda column: _numbers(column) / LIGHT_KMS,
    "percent_to_fraction": lambda column: _numbers(column) / 100,
}


def write_corrected(source: Path, target: Path, corrections: Sequence[Correction]) -> int:
    """Copy a table with corrections, streaming.

    Parameters
    ----------
    source, target
        Parquet files; other columns, their order and their metadata stay as they are, a
        corrected column holds doubles.
    corrections
        What is done; one column is corrected once.

    Returns
    -------
    how many rows were written

    Raises
    ------
    CorrectionError
        If a column is not there, an action is none of ours, or text would be lost because it is
        not what the correction expects.
    """
    # Read in pieces: a whole row group of a wide table would be gigabytes.
    with pq.ParquetFile(source, pre_buffer=False, buffer_size=65_536) as file:
        schema = _corrected_schema(file.schema_arrow, corrections)
        batch_rows = max(1, min(_BATCH_ROWS, _BATCH_VALUES // max(len(schema), 1)))
        n_read = n_rows = 0
        # Dictionaries of measurements are nothing but memory.
        repetitive = [each.name for each in schema if not pa.types.is_floating(each.type)]
        with pq.ParquetWriter(
            target, schema, compression="zstd", use_dictionary=repetitive
        ) as writer:
            for batch in file.iter_batches(batch_size=batch_rows):
                done = _corrected(batch, corrections, schema, first_row=n_read + 1)
                writer.write_batch(done)
                n_read += batch.num_rows
                n_rows += done.num_rows
    return n_rows


def _corrected_schema(schema: pa.Schema, corrections: Sequence[Correction]) -> pa.Schema:
    for correction in corrections:
        if correction.action not in {*ACTIONS, "values_to_null", "leave_out_rows"}:
            raise CorrectionError(f"There is no correction {correction.action!r}.")
        for name in correction.columns:
            place = schema.get_field_index(name)
            if place < 0:
                raise CorrectionError(f"The table has no column {name!r}.", column=name)
            if correction.action in ACTIONS:
                field = schema.field(place)
                metadata = dict(field.metadata or {})
                metadata.pop(b"unit", None)  # that of the values as they were
                if correction.action.endswith("_to_degrees"):
                    metadata[b"unit"] = b"deg"
                schema = schema.set(place, pa.field(name, pa.float64(), metadata=metadata or None))
    return schema


def _corrected(
    batch: pa.RecordBatch, corrections: Sequence[Correction], schema: pa.Schema, *, first_row: int
) -> pa.RecordBatch:
    arrays = dict(zip(batch.schema.names, batch.columns, strict=True))
    keep = np.ones(batch.num_rows, bool)
    for correction in corrections:
        for name in correction.columns:
            if correction.action == "leave_out_rows":
                keep &= ~where_equal(batch.column(name), correction.values)
            elif correction.action == "values_to_null":
                hit = pa.array(where_equal(arrays[name], correction.values))
                arrays[name] = pc.if_else(hit, pa.scalar(None, arrays[name].type), arrays[name])
            else:
                arrays[name] = _changed(arrays[name], name, correction.action, first_row)
    whole = pa.RecordBatch.from_arrays(list(arrays.values()), schema=schema)
    return whole if keep.all() else whole.filter(pa.array(keep))


def _changed(column: pa.Array, name: str, action: str, first_row: int) -> pa.Array:
    values = ACTIONS[action](column)
    if is_text(column.type):
        given = ~np.isnan(_numbers(column)) | pc.fill_null(
            pc.not_equal(pc.utf8_trim_whitespace(column.cast(pa.string())), ""), False
        ).to_numpy(zero_copy_only=False)
        lost = np.flatnonzero(given & np.isnan(values))
        if len(lost):
            row = int(lost[0])
            raise CorrectionError(
                f"Column {name}, row {first_row + row}: {column[row].as_py()!r} is not what the "
                "correction expects. Correct the file and upload it again.",
                column=name, row=first_row + row, value=str(column[row].as_py())[:100],
            )  # fmt: skip
    return pa.array(values, mask=np.isnan(values))


def where_equal(
    column: pa.Array, values: Sequence[float]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return where a column has one of some values, to single precision, shape ``(n,)``."""
    numbers = _numbers(column)
    found = np.zeros(len(numbers), bool)
    for value in values:
        found |= np.isclose(numbers, value, rtol=2e-7, atol=0)
    return found
