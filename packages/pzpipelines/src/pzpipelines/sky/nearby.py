"""A quick look at which of many positions can be near any of a few: most are not.

The sky is cut into bands of declination and each band into cells. Cells that a
circle around one of the few touches are marked in a table of bits; whoever lies
in no marked cell is too far from all of them. Some that are too far pass, none
that is near is lost.
"""

from __future__ import annotations

import numpy as np

from pzpipelines.arrays import BoolArray, FloatArray, IntArray
from pzpipelines.sky.vectors import SEPARATION_PRECISION_ARCSEC

#: A cell is at least this many radii wide, so that a circle touches four at most.
_RADII_PER_CELL = 4.0
#: Nor is one smaller than this: it would only cost time.
_FINEST_CELL_DEG = 1 / 3600
#: Beyond this a circle may be wider than a cell of its band.
_WIDEST_RADIUS_DEG = 1.0
_BITS_PER_MARK = 16
_TABLE_BITS = (16, 26)
_BAND_FACTOR = np.int64(0x9E3779B1)


class NearbyTest:
    """Tells which positions may be within a radius of any of the given ones.

    Parameters
    ----------
    ra, dec
        The few, ICRS degrees, finite, shape ``(n,)``.
    radius_arcsec
        Arcsec along the great circle, above 0.
    """

    def __init__(self, ra: FloatArray, dec: FloatArray, radius_arcsec: float) -> None:
        self._radius = (radius_arcsec + SEPARATION_PRECISION_ARCSEC) / 3600 * (1 + 1e-9)
        self._useless = self._radius > _WIDEST_RADIUS_DEG
        if self._useless or len(ra) == 0:
            self._table = np.full(1, len(ra) > 0)
            return
        self._height = max(_RADII_PER_CELL * self._radius, _FINEST_CELL_DEG)
        low, high = dec.min() - self._radius, dec.max() + self._radius
        self._first_band = int(np.floor(low / self._height))
        n_bands = int(np.floor(high / self._height)) - self._first_band + 1
        self._cells_per_degree = self._cells_of_bands(n_bands)
        bits = int(np.clip(np.log2(_BITS_PER_MARK * 4 * len(ra)), *_TABLE_BITS))
        self._table = np.zeros(1 << bits, dtype=bool)
        self._mark(ra, dec)

    def _cells_of_bands(self, n_bands: int) -> FloatArray:
        """Return cells per degree of right ascension in each band: narrower cells near poles."""
        edges = (self._first_band + np.arange(n_bands + 1)) * self._height
        farthest = np.maximum(np.abs(edges[:-1]), np.abs(edges[1:])) + self._radius
        shrink = np.cos(np.radians(np.minimum(farthest, 90.0)))
        cells: FloatArray = np.maximum(np.floor(360 * shrink / self._height), 1.0) / 360
        return cells

    def _mark(self, ra: FloatArray, dec: FloatArray) -> None:
        sines = np.sin(np.radians(self._radius)) / np.cos(np.radians(dec))
        # A circle around a pole reaches every right ascension; there a band is one cell.
        reach = np.degrees(np.arcsin(np.clip(sines, 0.0, 1.0)))
        for up in (-self._radius, self._radius):
            band = np.floor((dec + up) / self._height).astype(np.int64) - self._first_band
            for side in (-reach, reach):
                self._table[self._keys(band, _wrapped(ra + side))] = True

    def _keys(self, band: IntArray, ra: FloatArray) -> IntArray:
        cell = (ra * self._cells_per_degree[band]).astype(np.int64)
        keys: IntArray = (band * _BAND_FACTOR + cell) & (len(self._table) - 1)
        return keys

    def __call__(self, ra: FloatArray, dec: FloatArray) -> BoolArray:
        """Tell which positions may be near; one that is not finite is not.

        Parameters
        ----------
        ra, dec
            ICRS degrees, shape ``(n,)``.
        """
        if len(self._table) == 1:
            finite: BoolArray = np.isfinite(ra) & np.isfinite(dec) & self._table[0]
            return finite
        near = np.zeros(len(ra), dtype=bool)
        bands = np.floor(dec / self._height) - self._first_band
        inside = (bands >= 0) & (bands < len(self._cells_per_degree)) & np.isfinite(ra)
        rows = np.flatnonzero(inside)
        keys = self._keys(bands[rows].astype(np.int64), _wrapped(ra[rows]))
        near[rows] = self._table[keys]
        return near


def _wrapped(ra: FloatArray) -> FloatArray:
    """Return right ascensions from 0 to below 360."""
    if len(ra) == 0 or (ra.min() >= 0 and ra.max() < 360):
        return ra
    turned = ra % 360
    turned[turned == 360] = 0.0  # of the smallest negative numbers
    return turned
