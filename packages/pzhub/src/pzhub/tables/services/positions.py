"""The positions of a table, or those of them on a part of the sky."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pzhub.tables.engine import opened_engine
from pzhub.tables.errors import NoPositionsError, SubsetTooLargeError
from pzhub.tables.table import StoredTable

FloatArray = npt.NDArray[np.float64]
_BATCH_ROWS: Final = 500_000


def positions_on(table: StoredTable, coverage: Any, *, most: int) -> tuple[FloatArray, FloatArray]:
    """Return right ascension and declination of the rows on a part of the sky.

    Parameters
    ----------
    table
        With associated positions.
    coverage
        A MOC; rows whose position lies outside of it, or is none, are left out.
    most
        So many positions at most.

    Returns
    -------
    ``(ra, dec)``, ICRS degrees, RA in [0, 360), each of shape ``(n,)``

    Raises
    ------
    NoPositionsError
        If no columns are associated with RA and Dec.
    SubsetTooLargeError
        If there are more.
    SubsetTooCostlyError, TooOftenError
        If reading takes too long, or too many others ask.
    """
    if table.positions is None:
        raise NoPositionsError("The table has no columns that are associated with RA and Dec.")
    ra, dec = (table.sql[name].reference for name in table.positions)
    sql = f"SELECT CAST({ra} AS DOUBLE) AS ra, CAST({dec} AS DOUBLE) AS dec FROM {table.source}"
    found: list[tuple[FloatArray, FloatArray]] = []
    total = 0
    with opened_engine(table.path) as engine:
        for batch in engine.batches(sql, {"path": str(table.path)}, _BATCH_ROWS):
            found.append(_inside(batch, coverage))
            total += len(found[-1][0])
            if total > most:
                raise SubsetTooLargeError(
                    f"More than {most:,} rows lie on the common sky: combine the catalogs to "
                    "match them all.",
                    most=most,
                )
    if not found:
        return np.empty(0), np.empty(0)
    return np.concatenate([one[0] for one in found]), np.concatenate([one[1] for one in found])


def _inside(batch: Any, coverage: Any) -> tuple[FloatArray, FloatArray]:
    from astropy import units

    ra, dec = (
        np.asarray(column.fill_null(np.nan).to_numpy(zero_copy_only=False), np.float64)
        for column in batch.columns
    )
    valid = (ra >= -180) & (ra <= 360) & (np.abs(dec) <= 90)
    ra, dec = ra[valid] % 360, dec[valid]
    inside = coverage.contains_lonlat(ra * units.deg, dec * units.deg)
    return ra[inside], dec[inside]
