"""Where a table is on the sky: density on HEALPix, coverage as a MOC, doubtful positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pztables.profile.cells import CellCounts, described, enclosing_cone
from pztables.profile.redshift import as_floats
from pztables.profile.sketch import scattered

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

DENSITY_ORDER: Final = 4
COVERAGE_ORDER: Final = 10
FINE_ORDER: Final = 12
#: The fine map has at most so many cells.
FINE_CELLS: Final = 10_000
_WHOLE_SKY_DEG2: Final = 41_252.961_249_419_27
_LONGEST_MOC: Final = 200_000
_SHOWN_ROWS: Final = 5


class SkyProfile:
    """Count positions per HEALPix cell, coarse and fine, and the cells they touch.

    Parameters
    ----------
    ra, dec
        Names of the columns, ICRS degrees.
    """

    def __init__(self, ra: str, dec: str) -> None:
        self.columns = [ra, dec]
        self._cells = CellCounts()
        self._keys: list[npt.NDArray[np.uint64]] = []
        self._rows = self._invalid = 0
        self._invalid_rows: list[int] = []

    def look(self, batch: pa.RecordBatch) -> None:
        """Take the next positions into account; the invalid ones are only counted."""
        lon, lat = (as_floats(batch.column(name)) for name in self.columns)
        valid = (lon >= -180) & (lon <= 360) & (np.abs(lat) <= 90)
        bad = np.flatnonzero(~valid)
        self._invalid += len(bad)
        missing = _SHOWN_ROWS - len(self._invalid_rows)
        self._invalid_rows += [self._rows + int(row) + 1 for row in bad[:missing]]
        self._rows += len(lon)
        if valid.any():
            self._count(lon[valid] % 360 + 0.0, lat[valid] + 0.0)

    def _count(self, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]) -> None:
        self._cells.add(lon, lat)
        # Scattered: numbers of single precision leave half of their bits empty.
        self._keys.append(scattered(scattered(lon) ^ lat.view(np.uint64)))

    def as_dict(self) -> dict[str, Any]:
        """Return density, coverage and area in square degrees."""
        text, order, area = self._coverage()
        fine_order, cells, counts = self._cells.finest(FINE_CELLS, finest=FINE_ORDER)
        return {
            "ra": self.columns[0],
            "dec": self.columns[1],
            "n_valid": self._rows - self._invalid,
            "order": DENSITY_ORDER,
            "ordering": "nested",
            **described(*self._cells.at_order(DENSITY_ORDER)),
            "fine": {"order": fine_order, **described(cells, counts)},
            "frame": enclosing_cone(fine_order, cells),
            "moc": text,
            "moc_order": order,
            "area_order": COVERAGE_ORDER,
            "area_deg2": area,
        }

    def _coverage(self) -> tuple[str | None, int | None, float]:
        """Return a MOC as ASCII of bearable length, its order, and the area of the finest one."""
        from mocpy import MOC

        cells, _ = self._cells.at_order(COVERAGE_ORDER)
        if not len(cells):
            return None, None, 0.0
        area = len(cells) * _WHOLE_SKY_DEG2 / (12 * 4**COVERAGE_ORDER)
        for order in range(COVERAGE_ORDER, 3, -1):
            depth = np.full(len(cells), order, np.uint8)
            moc = MOC.from_healpix_cells(cells.astype(np.uint64), depth, order)
            # A cell takes some characters: most of those too long are known without writing them.
            text = str(moc.to_string("ascii")) if len(moc.to_depth29_ranges) < 40_000 else ""
            if 0 < len(text) <= _LONGEST_MOC:
                return text, order, area
            cells, _ = self._cells.at_order(order - 1)
        return None, None, area

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
            "data": {"invalid": self._invalid, "rows": self._rows, "first": self._invalid_rows},
        }
        return [positions, self._repeated()]

    def _repeated(self) -> dict[str, Any]:
        keys = np.concatenate(self._keys) if self._keys else np.zeros(0, np.uint64)
        self._keys = []
        keys.sort()
        repeated = int((keys[1:] == keys[:-1]).sum())
        return {
            "code": "positions_distinct",
            "ok": repeated == 0,
            "message": "No position occurs twice."
            if not repeated
            else f"{repeated:,} rows repeat the exact position of another row.",
            "data": {"repeated": repeated, "rows": self._rows - self._invalid},
        }
