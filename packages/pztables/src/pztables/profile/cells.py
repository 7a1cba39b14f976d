"""Positions counted by HEALPix cells, as finely as memory allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    IntArray = npt.NDArray[np.int64]
    FloatArray = npt.NDArray[np.float64]

#: The cells of the sky are not coarser than this, however many they are.
COARSEST: Final = 10
FINEST: Final = 14
_WAITING: Final = 2_000_000
_MOST_CELLS: Final = 2_000_000


class CellCounts:
    """Count positions in nested HEALPix cells.

    Attributes
    ----------
    order
        Of the cells; sinks from `FINEST` towards `COARSEST` as more of the sky is covered.
    """

    def __init__(self) -> None:
        self.order = FINEST
        self._cells = np.zeros(0, np.int64)
        self._counts = np.zeros(0, np.int64)
        #: Counts of all cells of the coarsest order, once listing them takes more memory.
        self._dense: npt.NDArray[np.uint32] | None = None
        self._waiting: list[IntArray] = []
        self._n_waiting = 0

    def add(self, ra: FloatArray, dec: FloatArray) -> None:
        """Count valid positions, degrees, shape ``(n,)``."""
        from astropy import units
        from astropy_healpix import lonlat_to_healpix

        cells = lonlat_to_healpix(ra * units.deg, dec * units.deg, 2**self.order, order="nested")
        self._waiting.append(cells)
        self._n_waiting += len(cells)
        if self._n_waiting >= _WAITING:
            self._merge()

    def _merge(self) -> None:
        if not self._waiting:
            return
        cells = np.concatenate(self._waiting)
        self._waiting, self._n_waiting = [], 0
        cells.sort()
        new, counts = _summed(cells, np.ones(len(cells), np.int64))
        if self._dense is not None:
            self._dense[new] += counts.astype(np.uint32)
            return
        together = np.concatenate([self._cells, new])
        order = np.argsort(together, kind="stable")
        self._cells, self._counts = _summed(
            together[order], np.concatenate([self._counts, counts])[order]
        )
        while len(self._cells) > _MOST_CELLS and self.order > COARSEST:
            self._cells, self._counts = _summed(self._cells >> 2, self._counts)
            self.order -= 1
        if len(self._cells) > _MOST_CELLS:
            self._dense = np.zeros(12 * 4**self.order, np.uint32)
            self._dense[self._cells] = self._counts
            self._cells = self._counts = np.zeros(0, np.int64)

    def at_order(self, order: int) -> tuple[IntArray, IntArray]:
        """Return the cells of a coarser order that hold positions, ascending, and their counts."""
        self._merge()
        if self._dense is not None:
            inner = 4 ** (self.order - order)
            whole = self._dense.reshape(-1, inner).sum(axis=1, dtype=np.int64)
            found = np.flatnonzero(whole)
            return found, whole[found]
        return _summed(self._cells >> 2 * (self.order - order), self._counts)

    def finest(self, most: int, *, finest: int) -> tuple[int, IntArray, IntArray]:
        """Return order, cells and counts of the finest order with at most so many cells."""
        self._merge()
        for order in range(min(finest, self.order), 0, -1):
            cells, counts = self.at_order(order)
            if len(cells) <= most:
                return order, cells, counts
        return (0, *self.at_order(0))


def _summed(cells: IntArray, counts: IntArray) -> tuple[IntArray, IntArray]:
    """Add up the counts of equal cells; the cells are sorted."""
    if not len(cells):
        return cells, counts
    starts = np.concatenate([[0], 1 + np.flatnonzero(cells[1:] != cells[:-1])])
    return cells[starts], np.add.reduceat(counts, starts)


def enclosing_cone(order: int, cells: IntArray) -> dict[str, float] | None:
    """Return a cone around some cells: ``ra``, ``dec`` and ``radius_deg``, all sky: 180.

    Its axis is the mean direction of the cells; it need not be the smallest cone.
    """
    from astropy_healpix import healpix_to_lonlat

    if not len(cells):
        return None
    lon, lat = (angle.rad for angle in healpix_to_lonlat(cells, 2**order, order="nested"))
    vectors = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    mean = vectors.mean(axis=1)
    length = float(np.linalg.norm(mean))
    if length < 0.02:  # all around: no direction is the middle
        return {"ra": 0.0, "dec": 0.0, "radius_deg": 180.0}
    axis = mean / length
    farthest = float(np.arccos(np.clip(axis @ vectors, -1, 1)).max())
    # A cell reaches at most so far from its centre (corners near the poles: 0.84 of its side).
    reach = 1.2 * np.sqrt(np.pi / 3) / 2**order
    return {
        "ra": float(np.degrees(np.arctan2(axis[1], axis[0])) % 360),
        "dec": float(np.degrees(np.arcsin(np.clip(axis[2], -1, 1)))),
        "radius_deg": float(min(180.0, np.degrees(farthest + reach))),
    }


def described(cells: IntArray, counts: IntArray) -> dict[str, Any]:
    """Return cells and counts as JSON has them."""
    return {"cells": cells.tolist(), "counts": counts.tolist()}
