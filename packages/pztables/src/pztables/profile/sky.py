"""Where a table is on the sky: density on HEALPix, coverage as a MOC, doubtful positions."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

DENSITY_ORDER: Final = 4
COVERAGE_ORDER: Final = 10
_WHOLE_SKY_DEG2: Final = 41_252.961_249_419_27
_LONGEST_MOC: Final = 200_000
_SHOWN_ROWS: Final = 5


class SkyProfile:
    """Count positions per HEALPix cell and collect the cells they touch.

    Parameters
    ----------
    ra, dec
        Names of the columns, ICRS degrees.
    """

    def __init__(self, ra: str, dec: str) -> None:
        self.columns = (ra, dec)
        self._counts = np.zeros(12 * 4**DENSITY_ORDER, dtype=np.int64)
        self._coverage: Any = None
        self._keys: list[np.ndarray[Any, Any]] = []
        self._rows = self._invalid = 0
        self._invalid_rows: list[int] = []

    def look(self, ra: pa.Array, dec: pa.Array) -> None:
        """Take the next positions into account; the invalid ones are only counted."""
        lon, lat = _degrees(ra), _degrees(dec)
        valid = (lon >= -180) & (lon <= 360) & (np.abs(lat) <= 90)
        bad = np.flatnonzero(~valid)
        self._invalid += len(bad)
        missing = _SHOWN_ROWS - len(self._invalid_rows)
        self._invalid_rows += [self._rows + int(row) + 1 for row in bad[:missing]]
        self._rows += len(lon)
        if valid.any():
            self._count(lon[valid] % 360, lat[valid])

    def _count(self, lon: np.ndarray[Any, Any], lat: np.ndarray[Any, Any]) -> None:
        from astropy import units
        from astropy_healpix import lonlat_to_healpix
        from mocpy import MOC

        lon_deg, lat_deg = lon * units.deg, lat * units.deg
        cells = lonlat_to_healpix(lon_deg, lat_deg, 2**DENSITY_ORDER, order="nested")
        self._counts += np.bincount(cells, minlength=len(self._counts))
        moc = MOC.from_lonlat(lon_deg, lat_deg, max_norder=COVERAGE_ORDER)
        self._coverage = moc if self._coverage is None else self._coverage.union(moc)
        self._keys.append(lon.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15) ^ lat.view(np.uint64))

    def as_dict(self) -> dict[str, Any]:
        """Return density, coverage and area in square degrees."""
        cells = np.flatnonzero(self._counts)
        moc = self._coverage
        area = 0.0 if moc is None else float(moc.sky_fraction) * _WHOLE_SKY_DEG2
        text, order = _serialised(moc)
        return {
            "ra": self.columns[0],
            "dec": self.columns[1],
            "n_valid": self._rows - self._invalid,
            "order": DENSITY_ORDER,
            "ordering": "nested",
            "cells": cells.tolist(),
            "counts": self._counts[cells].tolist(),
            "moc": text,
            "moc_order": order,
            "area_order": COVERAGE_ORDER,
            "area_deg2": area,
        }

    def checks(self) -> list[dict[str, Any]]:
        """Return whether all positions are valid and different."""
        shown = ", ".join(map(str, self._invalid_rows))
        positions = {
            "code": "positions_valid",
            "ok": self._invalid == 0,
            "message": "All positions are valid."
            if not self._invalid
            else f"{self._invalid:,} of {self._rows:,} positions are null, not finite or out of "
            f"range (first rows: {shown}).",
        }
        keys = np.concatenate(self._keys) if self._keys else np.zeros(0, np.uint64)
        repeated = len(keys) - len(np.unique(keys))
        duplicates = {
            "code": "positions_distinct",
            "ok": repeated == 0,
            "message": "No position occurs twice."
            if not repeated
            else f"{repeated:,} rows repeat the exact position of another row.",
        }
        return [positions, duplicates]


def _degrees(array: pa.Array) -> np.ndarray[Any, Any]:
    return np.asarray(array.cast(pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False))


def _serialised(moc: Any) -> tuple[str | None, int | None]:
    """Return a MOC as ASCII of bearable length, and its order."""
    if moc is None:
        return None, None
    for order in range(COVERAGE_ORDER, 3, -1):
        coarse = moc if order == COVERAGE_ORDER else moc.degrade_to_order(order)
        text = str(coarse.to_string("ascii"))
        if len(text) <= _LONGEST_MOC:
            return text, order
    return None, None
