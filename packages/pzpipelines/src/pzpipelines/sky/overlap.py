"""Which positions may lie in which HEALPix pixels, a radius at the borders included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pzpipelines.arrays import BoolArray, FloatArray, IntArray
from pzpipelines.sky.healpix import WIDEST_MARGIN_ARCSEC, healpix_pixels, margin_order

_DEEPEST_ORDER = 29
#: Bits of one coordinate inside a pixel, by how many orders it is divided.
_X_BITS = np.array([sum(1 << 2 * k for k in range(levels)) for levels in range(30)], np.int64)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Pairs of a position and a pixel that it may reach into, by pixel, then row.

    Attributes
    ----------
    rows, places
        Row number of the position and place of the pixel in its list, shape ``(m,)``.
    """

    rows: IntArray
    places: IntArray

    @property
    def distinct_places(self) -> list[int]:
        """Places of the pixels that any position may reach into, ascending."""
        first = np.flatnonzero(np.diff(self.places, prepend=-1))
        return [int(place) for place in self.places[first]]

    def rows_at(self, place: int) -> IntArray:
        """Return the rows that may reach into one pixel, ascending."""
        low, high = np.searchsorted(self.places, [place, place + 1])
        return self.rows[low:high]


def overlap_with_pixels(
    ra: FloatArray, dec: FloatArray, orders: IntArray, pixels: IntArray, *, radius_arcsec: float
) -> Overlap:
    """Find for each position the HEALPix pixels that may hold something within a radius of it.

    None is left out; one that is slightly out of reach may be in.

    Parameters
    ----------
    ra, dec
        ICRS degrees, finite, shape ``(n,)``.
    orders, pixels
        Of HEALPix (nested scheme), apart from each other, in their order on
        the sky, shape ``(k,)``.
    radius_arcsec
        Arcsec along the great circle.
    """
    if radius_arcsec > WIDEST_MARGIN_ARCSEC:  # beyond the neighbours of even the largest pixels
        places = np.repeat(np.arange(len(pixels)), len(ra))
        return Overlap(np.tile(np.arange(len(ra)), len(pixels)), places)
    shifts = 2 * (_DEEPEST_ORDER - orders)
    starts, ends = pixels << shifts, (pixels + 1) << shifts
    order = margin_order(radius_arcsec)
    own = healpix_pixels(ra, dec, order)
    home = np.searchsorted(starts, own << 2 * (_DEEPEST_ORDER - order), side="right") - 1
    settled = _is_deep_inside(own, order, home, starts, ends, orders)
    rows, places = _near_border(own, order, np.flatnonzero(~settled), starts, ends)
    rows = np.concatenate([np.flatnonzero(settled), rows])
    places = np.concatenate([home[settled], places])
    by_place = np.lexsort((rows, places))
    return Overlap(rows[by_place], places[by_place])


def _is_deep_inside(
    own: IntArray, order: int, home: IntArray, starts: IntArray, ends: IntArray, orders: IntArray
) -> BoolArray:
    """Tell which small pixels lie in a large one and do not touch its border."""
    if len(starts) == 0:
        return np.zeros(len(own), dtype=bool)
    first = own << 2 * (_DEEPEST_ORDER - order)
    last = (own + 1) << 2 * (_DEEPEST_ORDER - order)
    inside = (home >= 0) & (first >= starts[home]) & (last <= ends[home])
    x_bits = _X_BITS[np.clip(order - orders[home], 0, _DEEPEST_ORDER)]
    y_bits = x_bits << 1
    x, y = own & x_bits, own & y_bits
    deep: BoolArray = inside & (x != 0) & (x != x_bits) & (y != 0) & (y != y_bits)
    return deep


def _near_border(
    own: IntArray, order: int, rows: IntArray, starts: IntArray, ends: IntArray
) -> tuple[IntArray, IntArray]:
    """Return (row, place) of everything that a small pixel and its eight neighbours touch."""
    import hpgeom

    if len(rows) == 0 or len(starts) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    around = np.empty((len(rows), 9), dtype=np.int64)
    around[:, 0] = own[rows]
    around[:, 1:] = hpgeom.neighbors(1 << order, own[rows], nest=True).reshape(-1, 8)
    near = around.ravel()
    row_of = np.repeat(rows, 9)[near >= 0]  # at eight corners of the sky there is no neighbour
    near = near[near >= 0]
    shift = 2 * (_DEEPEST_ORDER - order)
    low = np.searchsorted(ends, near << shift, side="right")
    high = np.searchsorted(starts, (near + 1) << shift, side="left")
    counts = high - low
    total = int(counts.sum())
    steps = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
    touched = np.column_stack([np.repeat(row_of, counts), np.repeat(low, counts) + steps])
    distinct = np.unique(touched, axis=0)
    return distinct[:, 0], distinct[:, 1]
