"""Positions as unit vectors, and the arcs between them."""

from __future__ import annotations

import numpy as np

from pzpipelines.arrays import FloatArray

#: Separations are compared with a radius to this precision. One unit in the last
#: place of a right ascension near 360 degrees is 2e-10 arcsec, so a finer
#: comparison would decide on noise; the boundary itself counts as inside.
SEPARATION_PRECISION_ARCSEC = 1e-9

ARCSEC_PER_RADIAN = np.degrees(1.0) * 3600


def unit_vectors(ra: FloatArray, dec: FloatArray) -> FloatArray:
    """Return the directions of positions as Cartesian unit vectors.

    Parameters
    ----------
    ra, dec
        ICRS degrees, shape ``(n,)``.

    Returns
    -------
    vectors, shape ``(n, 3)``
    """
    alpha, delta = np.radians(ra), np.radians(dec)
    vectors = np.empty((len(alpha), 3))
    cos_delta = np.cos(delta)
    vectors[:, 0] = cos_delta * np.cos(alpha)
    vectors[:, 1] = cos_delta * np.sin(alpha)
    vectors[:, 2] = np.sin(delta)
    return vectors


def chord_of(arc_arcsec: float) -> float:
    """Return the straight line under an arc of the unit sphere (at most 2).

    Parameters
    ----------
    arc_arcsec
        Arcsec along the great circle, 0 to 648,000 (half a turn).
    """
    half = min(arc_arcsec / ARCSEC_PER_RADIAN / 2, np.pi / 2)
    return float(2 * np.sin(half))


def separations_arcsec(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return the great-circle separation of unit vectors, row by row.

    Accurate from identical to opposite positions: the half angle is taken from
    the difference and the sum of the vectors, neither of which cancels when the
    other does.

    Parameters
    ----------
    left, right
        Unit vectors, shape ``(n, 3)``.

    Returns
    -------
    arcsec, shape ``(n,)``
    """
    difference = np.sqrt(((left - right) ** 2).sum(axis=1))
    total = np.sqrt(((left + right) ** 2).sum(axis=1))
    arcs: FloatArray = 2 * np.arctan2(difference, total) * ARCSEC_PER_RADIAN
    return arcs
