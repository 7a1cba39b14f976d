"""HEALPix pixels of positions (nested scheme)."""

from __future__ import annotations

import numpy as np

from pzpipelines.arrays import FloatArray, IntArray

#: Margin pixels are at least this many radii wide, so that nothing within the
#: radius of a row lies outside the row's pixel and its eight neighbours.
_RADII_PER_MARGIN_PIXEL = 4
_ARCSEC_OF_BASE_PIXEL = np.degrees(np.sqrt(np.pi / 3)) * 3600
_MAX_ORDER = 29
#: A wider radius reaches beyond the neighbours of even the largest pixels.
WIDEST_MARGIN_ARCSEC = float(_ARCSEC_OF_BASE_PIXEL / _RADII_PER_MARGIN_PIXEL)


def margin_order(radius_arcsec: float) -> int:
    """Return the finest HEALPix order whose pixels are wide enough for a margin of the radius."""
    widest = _ARCSEC_OF_BASE_PIXEL / (_RADII_PER_MARGIN_PIXEL * radius_arcsec)
    return int(np.clip(np.floor(np.log2(max(widest, 1.0))), 0, _MAX_ORDER))


def healpix_pixels(ra: FloatArray, dec: FloatArray, order: int) -> IntArray:
    """Return the nested HEALPix pixel of each position.

    Parameters
    ----------
    ra, dec
        ICRS degrees, shape ``(n,)``.
    order
        0 to 29.
    """
    import hpgeom

    pixels: IntArray = hpgeom.angle_to_pixel(1 << order, ra, dec, nest=True, lonlat=True)
    return pixels
