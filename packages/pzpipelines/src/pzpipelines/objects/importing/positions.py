"""Which rows have a position on the sky."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from pzpipelines.arrays import BoolArray, FloatArray
from pzpipelines.objects.importing.errors import BadPositionsError, ObjectTablesError
from pzpipelines.objects.importing.tables import ObjectTables
from pztables.positions import PositionCheck


def check_positions(
    tables: ObjectTables, *, skip_bad_rows: bool, on_file: Callable[[Path], None]
) -> tuple[int, int]:
    """Read the positions of all tables before anything is written.

    Parameters
    ----------
    tables
        To read.
    skip_bad_rows
        Whether rows without a valid position are left out, not refused.
    on_file
        Told each file before it is read.

    Returns
    -------
    rows to write, rows left out

    Raises
    ------
    BadPositionsError
        Naming the file, how many rows, and the first of them.
    ObjectTablesError
        If no row is left.
    """
    n_rows = n_bad = 0
    for file in tables.files:
        on_file(file)
        check = PositionCheck()
        for rows in tables.rows_of(file, [tables.ra, tables.dec]):
            check.add(*_degrees(rows, tables))
        if check.n_invalid and not skip_bad_rows:
            raise BadPositionsError(
                f"{file.name}: {check.sentence}. Mend the table, or leave such rows out with "
                "--skip-bad-rows; nothing was written",
                file=file.name,
                count=check.n_invalid,
                first_rows=check.first_rows,
            )
        n_rows += check.n_rows - check.n_invalid
        n_bad += check.n_invalid
    if n_rows == 0:
        raise ObjectTablesError("The tables hold no row that could be written; nothing was written")
    return n_rows, n_bad


def on_sky(rows: pa.Table, tables: ObjectTables) -> BoolArray:
    """Tell which rows have a position on the sky, shape ``(n,)``."""
    return ~PositionCheck().add(*_degrees(rows, tables))


def _degrees(rows: pa.Table, tables: ObjectTables) -> tuple[FloatArray, FloatArray]:
    """Return right ascension and declination, degrees, NaN where there is none."""
    ra, dec = (
        np.asarray(rows[name].to_numpy(), dtype=np.float64) for name in (tables.ra, tables.dec)
    )
    return ra, dec
