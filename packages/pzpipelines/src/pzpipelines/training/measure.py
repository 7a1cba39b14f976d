"""The photometric columns of matched objects, made as planned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from pzpipelines import values
from pzpipelines.arrays import FloatArray
from pzpipelines.training.columns import BandWork, ColumnPlan
from pzpipelines.training.photometry import (
    ZERO_POINT,
    Measured,
    cleaned_fluxes,
    cleaned_magnitudes,
    magnitudes_of_fluxes,
)
from pztables.formats import ColumnInfo


def measure(
    plan: ColumnPlan,
    table: pa.Table,
    reddening: FloatArray | None,
    *,
    invalid_value: float | None,
    dust_words: str = "",
) -> tuple[pa.Table, dict[str, dict[str, int]]]:
    """Make the photometric columns.

    Parameters
    ----------
    plan
        What to make.
    table
        The columns that the plan reads, one row per pair.
    reddening
        E(B-V), shape ``(n,)``, where the plan needs it.
    invalid_value
        Written where there is no photometry; ``None`` leaves it null.
    dust_words
        How it is corrected, for the descriptions of columns.

    Returns
    -------
    the columns of the plan; and for each band with invalid photometry its rows
    by reason, by the name of its column
    """
    made: dict[str, tuple[pa.Field, pa.ChunkedArray | pa.Array]] = {}
    counts: dict[str, dict[str, int]] = {}
    for work in plan.works:
        measured = _measured(work, table, reddening)
        if measured.counts:
            counts[work.value or work.error or work.band.value] = measured.counts
        for name, column, numbers in (
            (work.value, work.band.value, measured.value),
            (work.error, work.band.error, measured.error),
        ):
            if name is not None and column is not None and numbers is not None:
                field = _field(work, name, column, table.schema.field(column), dust_words)
                made[name] = field, _array(work, numbers, table[column], field, invalid_value)
    columns = [made[name] if name in made else (table.schema.field(name), table[name])
               for name in plan.names]  # fmt: skip
    return (
        pa.table([array for _, array in columns], pa.schema([field for field, _ in columns])),
        counts,
    )


def _measured(work: BandWork, table: pa.Table, reddening: FloatArray | None) -> Measured:
    numbers = [_numbers(table, column) for column in work.reads]
    value, error = numbers if len(numbers) > 1 else (numbers[0], None)
    extinction = None
    if work.coefficient is not None and reddening is not None:
        extinction = work.coefficient * reddening
    if work.kind == "mag":
        return cleaned_magnitudes(value, error, extinction)
    if work.makes == "flux":
        return cleaned_fluxes(value, error, extinction)
    return magnitudes_of_fluxes(value, error, extinction)


def _numbers(table: pa.Table, column: str) -> FloatArray:
    array = values.one_array(table[column])
    return values.numbers(array, catalog="object catalog", name=column)


def _array(
    work: BandWork,
    numbers: FloatArray,
    original: pa.ChunkedArray,
    field: pa.Field,
    invalid_value: float | None,
) -> pa.ChunkedArray | pa.Array:
    is_invalid = np.isnan(numbers)
    if not work.is_computed and not is_invalid.any():
        return original.cast(field.type)
    if invalid_value is not None:
        numbers = np.where(is_invalid, invalid_value, numbers)
    return pa.array(numbers, pa.float64(), from_pandas=True).cast(field.type, safe=False)


def _field(work: BandWork, name: str, column: str, stored: pa.Field, dust_words: str) -> pa.Field:
    """Return the type and meaning of a column: computed ones are doubles."""
    if not work.is_computed:
        kept = pa.types.is_floating(stored.type) and stored.type != pa.float16()
        return stored.with_type(stored.type if kept else pa.float64())
    steps = [f"from {column}"]
    if work.makes != work.kind:
        steps.append(f"AB, zero point {ZERO_POINT} for nanojansky")
    if work.coefficient is not None:
        steps.append(f"{dust_words}, A = {work.coefficient:g} E(B-V)")
    unit = "mag" if work.makes == "mag" else "nJy"
    return ColumnInfo(name, pa.float64(), unit=unit, description=", ".join(steps)).arrow_field()


def count_invalid(counts: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """Return how many rows have no photometry in each band, by reason, and how many in all."""
    return {
        column: {"rows": sum(n for why, n in each.items() if why != "no_error"), **each}
        for column, each in counts.items()
    }
