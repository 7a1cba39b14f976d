"""Every pair of positions within a radius."""

from __future__ import annotations

import numpy as np

from pzpipelines.arrays import FloatArray, IntArray
from pzpipelines.sky.errors import RadiusError, TooManyPairsError
from pzpipelines.sky.healpix import WIDEST_MARGIN_ARCSEC, healpix_pixels, margin_order
from pzpipelines.sky.vectors import (
    ARCSEC_PER_RADIAN,
    SEPARATION_PRECISION_ARCSEC,
    chord_of,
    separations_arcsec,
    unit_vectors,
)

#: Pairs that are found at once unless the caller says otherwise: a gigabyte.
MAX_PAIRS = 60_000_000


def require_radius(radius_arcsec: float) -> None:
    """Refuse a radius that is no arc.

    Raises
    ------
    RadiusError
        If ``radius_arcsec`` is not above 0 and at most half a turn.
    """
    if not 0 < radius_arcsec <= np.pi * ARCSEC_PER_RADIAN:
        raise RadiusError(radius_arcsec)


def pairs_within(
    ra: FloatArray, dec: FloatArray, *, radius_arcsec: float, max_pairs: int = MAX_PAIRS
) -> IntArray:
    """Find every pair of positions within a radius on the sphere.

    Parameters
    ----------
    ra, dec
        ICRS degrees, finite, shape ``(n,)``.
    radius_arcsec
        Arcsec along the great circle, above 0; the boundary is inside (to
        `SEPARATION_PRECISION_ARCSEC`).
    max_pairs
        More are refused before they fill the memory.

    Returns
    -------
    row numbers of each pair, shape ``(m, 2)``, first < second, sorted

    Raises
    ------
    RadiusError
        If ``radius_arcsec`` is not positive.
    TooManyPairsError
        If positions are too crowded.
    """
    from scipy.spatial import cKDTree

    require_radius(radius_arcsec)
    if len(ra) < 2:
        return np.empty((0, 2), dtype=np.int64)
    vectors = unit_vectors(ra, dec)
    # The tree casts a slightly wider net; the verdict is the same formula for
    # every pair, whatever tree or partition found it.
    reach = chord_of(radius_arcsec + SEPARATION_PRECISION_ARCSEC) * (1 + 1e-12)
    tree = cKDTree(vectors, balanced_tree=False, compact_nodes=False, leafsize=32)
    if crowding_bound(ra, dec, radius_arcsec) > max_pairs:
        n_pairs = (int(tree.count_neighbors(tree, reach)) - len(ra)) // 2
        if n_pairs > max_pairs:
            raise TooManyPairsError(n_pairs, max_pairs)
    candidates = tree.query_pairs(reach, output_type="ndarray")
    return sorted_pairs(_only_within(candidates, vectors, radius_arcsec), len(ra))


def crowding_bound(ra: FloatArray, dec: FloatArray, radius_arcsec: float) -> int:
    """Return a number of pairs that is surely not exceeded, from how full HEALPix pixels are.

    Parameters
    ----------
    ra, dec
        ICRS degrees, shape ``(n,)``.
    radius_arcsec
        Arcsec along the great circle.
    """
    if radius_arcsec > WIDEST_MARGIN_ARCSEC:
        return len(ra) * (len(ra) - 1) // 2
    pixels = np.sort(healpix_pixels(ra, dec, margin_order(radius_arcsec)))
    starts = np.flatnonzero(np.diff(pixels, prepend=-1))
    counts = np.diff(starts, append=len(pixels))
    # Partners of a row are in its pixel or the eight around: at most nine times the squares.
    return int((counts.astype(np.float64) ** 2).sum() * 9 / 2)


def _only_within(pairs: IntArray, vectors: FloatArray, radius_arcsec: float) -> IntArray:
    separations = separations_arcsec(vectors[pairs[:, 0]], vectors[pairs[:, 1]])
    return pairs[separations <= radius_arcsec + SEPARATION_PRECISION_ARCSEC]


def sorted_pairs(pairs: IntArray, n_rows: int) -> IntArray:
    """Return pairs as first < second, in ascending order.

    Parameters
    ----------
    pairs
        Row numbers, shape ``(m, 2)``, all below ``n_rows`` (at most 3e9).
    """
    if n_rows == 0:
        return pairs.reshape(0, 2)
    # One integer per pair sorts many times faster than two columns do.
    keys = pairs.min(axis=1).astype(np.int64) * n_rows + pairs.max(axis=1)
    keys.sort()
    return np.column_stack(np.divmod(keys, n_rows))
