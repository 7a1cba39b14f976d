"""Nearest neighbours on the sphere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pzpipelines.arrays import FloatArray, IntArray
from pzpipelines.sky.pairs import require_radius
from pzpipelines.sky.vectors import (
    SEPARATION_PRECISION_ARCSEC,
    chord_of,
    separations_arcsec,
    unit_vectors,
)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Matches between two lists of positions, by left row, nearest first.

    Attributes
    ----------
    left, right
        Row numbers, shape ``(m,)``.
    separation_arcsec
        Arcsec along the great circle, shape ``(m,)``.
    """

    left: IntArray
    right: IntArray
    separation_arcsec: FloatArray


def nearest_within(
    left: tuple[FloatArray, FloatArray],
    right: tuple[FloatArray, FloatArray],
    *,
    radius_arcsec: float,
    n_neighbors: int = 1,
) -> Neighbours:
    """Find for each left position the nearest right positions within a radius.

    Parameters
    ----------
    left, right
        ``(ra, dec)``, ICRS degrees, each of shape ``(n,)``.
    radius_arcsec
        Arcsec along the great circle, above 0; the boundary is inside.
    n_neighbors
        How many right rows a left row may have at most; of equally distant
        ones the smaller row number comes first.

    Raises
    ------
    RadiusError
        If ``radius_arcsec`` is not positive.
    """
    from scipy.spatial import cKDTree

    require_radius(radius_arcsec)
    left_vectors, right_vectors = unit_vectors(*left), unit_vectors(*right)
    reach = chord_of(radius_arcsec + SEPARATION_PRECISION_ARCSEC) * (1 + 1e-12)
    found = cKDTree(left_vectors).sparse_distance_matrix(
        cKDTree(right_vectors), reach, output_type="ndarray"
    )
    rows, others = found["i"].astype(np.int64), found["j"].astype(np.int64)
    separations = separations_arcsec(left_vectors[rows], right_vectors[others])
    inside = separations <= radius_arcsec + SEPARATION_PRECISION_ARCSEC
    rows, others, separations = rows[inside], others[inside], separations[inside]
    order = np.lexsort((others, separations, rows))
    rows, others, separations = rows[order], others[order], separations[order]
    place = np.arange(len(rows)) - np.searchsorted(rows, rows, side="left")
    chosen = place < n_neighbors
    return Neighbours(rows[chosen], others[chosen], separations[chosen])
