"""Nearest neighbours on the sphere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pzpipelines.arrays import BoolArray, FloatArray, IntArray
from pzpipelines.sky.nearby import NearbyTest
from pzpipelines.sky.pairs import require_radius
from pzpipelines.sky.vectors import (
    SEPARATION_PRECISION_ARCSEC,
    chord_of,
    separations_arcsec,
    unit_vectors,
)

#: Candidates held at once while the tree is asked.
_MOST_CANDIDATES = 1_000_000


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

    def at(self, places: IntArray) -> Neighbours:
        """Return some of the matches."""
        return Neighbours(self.left[places], self.right[places], self.separation_arcsec[places])

    def nearest(self, n_neighbors: int) -> IntArray:
        """Return the places of each left row's nearest matches, in order.

        Parameters
        ----------
        n_neighbors
            How many a left row may have at most; of equally distant ones the
            smaller right row comes first.
        """
        # One stable sort is enough unless a left row comes from several searches.
        order = np.argsort(self.left, kind="stable")
        if not self._in_order(order):
            order = np.lexsort((self.right, self.separation_arcsec, self.left))
        left = self.left[order]
        starts = np.flatnonzero(np.concatenate([[True], left[1:] != left[:-1]]))[: len(left)]
        place = np.arange(len(left)) - np.repeat(starts, np.diff(starts, append=len(left)))
        return order[place < n_neighbors]

    def _in_order(self, order: IntArray) -> bool:
        left, right, separation = (
            each[order] for each in (self.left, self.right, self.separation_arcsec)
        )
        same = np.flatnonzero(left[1:] == left[:-1])
        before, after = separation[same], separation[same + 1]
        sorted_ = (before < after) | ((before == after) & (right[same] < right[same + 1]))
        return bool(sorted_.all())


def nearest_within(
    left: tuple[FloatArray, FloatArray],
    right: tuple[FloatArray, FloatArray],
    *,
    radius_arcsec: float,
    n_neighbors: int = 1,
) -> Neighbours:
    """Find for each left position the nearest right positions within a radius.

    Memory grows with the positions and the matches that are returned, not with
    the pairs within the radius.

    Parameters
    ----------
    left, right
        ``(ra, dec)``, ICRS degrees, each of shape ``(n,)``. The left ones are
        finite; right ones that are not match nothing.
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
    require_radius(radius_arcsec)
    near = np.flatnonzero(NearbyTest(*left, radius_arcsec)(*right))
    found = nearest_vectors(
        unit_vectors(*left),
        unit_vectors(right[0][near], right[1][near]),
        radius_arcsec=radius_arcsec,
        n_neighbors=n_neighbors,
    )
    return Neighbours(found.left, near[found.right], found.separation_arcsec)


def nearest_vectors(
    left: FloatArray, right: FloatArray, *, radius_arcsec: float, n_neighbors: int
) -> Neighbours:
    """Find neighbours as `nearest_within`, of unit vectors and without a first look.

    Parameters
    ----------
    left, right
        Shapes ``(n, 3)`` and ``(m, 3)``.
    radius_arcsec, n_neighbors
        As for `nearest_within`.
    """
    if len(left) == 0 or len(right) == 0:
        return Neighbours(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    places = _Places.of_vectors(right, n_neighbors)
    found = [
        places.expand(rows, others)
        for rows, others in _candidates(left, right[places.first], radius_arcsec, n_neighbors)
    ]
    rows, others = (np.concatenate(side) for side in zip(*found, strict=True))
    separations = separations_arcsec(left[rows], right[others])
    inside = separations <= radius_arcsec + SEPARATION_PRECISION_ARCSEC
    within = Neighbours(rows[inside], others[inside], separations[inside])
    return within.at(within.nearest(n_neighbors))


@dataclass(frozen=True, slots=True)
class _Places:
    """Distinct positions and the first rows at each: no more of them can be chosen.

    Without this, a million rows at one position would be one leaf of a tree that
    every question goes through.
    """

    first: IntArray
    rows: IntArray
    ends: IntArray

    @classmethod
    def of_vectors(cls, vectors: FloatArray, n_neighbors: int) -> _Places:
        """Group vectors that are the same to the last bit."""
        keys = _keys(vectors)
        by_key = np.sort(keys)
        if not (by_key[1:] == by_key[:-1]).any():
            every = np.arange(len(vectors))
            return cls(every, every, every + 1)
        order = np.lexsort((*vectors.T, keys))  # stable: rows of one position ascend
        moved = (vectors[order[1:]] != vectors[order[:-1]]).any(axis=1)
        starts = np.flatnonzero(np.concatenate([[True], moved]))
        counts = np.diff(starts, append=len(order))
        rank = np.arange(len(order)) - np.repeat(starts, counts)
        rows = order[rank < n_neighbors]
        return cls(order[starts], rows, np.cumsum(np.minimum(counts, n_neighbors)))

    def expand(self, left: IntArray, places: IntArray) -> tuple[IntArray, IntArray]:
        """Return pairs of a left row and a right row from those of a left row and a place."""
        starts = np.concatenate([[0], self.ends[:-1]])[places]
        counts = self.ends[places] - starts
        steps = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.repeat(left, counts), self.rows[np.repeat(starts, counts) + steps]


def _keys(vectors: FloatArray) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Return a number for each vector: equal for equal ones, nearly never for others."""
    x, y, z = (np.ascontiguousarray(side).view(np.uint64) for side in (vectors + 0.0).T)
    keys: np.ndarray[Any, np.dtype[np.uint64]] = x * np.uint64(0x9E3779B97F4A7C15)
    keys ^= y * np.uint64(0xBF58476D1CE4E5B9)
    keys ^= z * np.uint64(0x94D049BB133111EB)
    return keys


def _candidates(
    left: FloatArray, right: FloatArray, radius_arcsec: float, n_neighbors: int
) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield pairs among which are the nearest of every left row, all equals at the end included."""
    from scipy.spatial import cKDTree

    # The tree casts a slightly wider net; the verdict is the same formula for every pair.
    reach = chord_of(radius_arcsec + SEPARATION_PRECISION_ARCSEC) * (1 + 1e-9)
    tree = cKDTree(right, balanced_tree=False, compact_nodes=False)
    asked = range(1, min(n_neighbors + 1, len(right)) + 1)
    step = max(1, _MOST_CANDIDATES // len(asked))
    for first in range(0, len(left), step):
        asking = left[first : first + step]
        path = _short_path(asking)
        back = np.empty_like(path)
        back[path] = np.arange(len(path))
        chords, places = tree.query(asking[path], k=list(asked), distance_upper_bound=reach)
        chords, places = chords[back], places[back]
        tied = _ties_at_the_end(chords, n_neighbors)
        rows, column = np.nonzero(np.isfinite(chords) & ~tied[:, None])
        yield rows + first, places[rows, column].astype(np.int64)
        among = np.flatnonzero(tied)
        limits = np.minimum(_beyond(chords[among, -1]), reach)
        yield from _all_within(tree, left, among + first, limits)


def _short_path(vectors: FloatArray) -> IntArray:
    """Return an order in which the next vector is near: the tree then stays in the cache."""
    low = vectors.min(axis=0)
    spread = np.maximum(vectors.max(axis=0) - low, 1e-12)
    along, across = np.argsort(spread)[[2, 1]]
    strip = np.floor((vectors[:, across] - low[across]) / spread[across] * len(vectors) ** 0.5)
    step = (vectors[:, along] - low[along]) / spread[along] * 0.999
    path: IntArray = np.argsort(strip + step)
    return path


def _ties_at_the_end(chords: FloatArray, n_neighbors: int) -> BoolArray:
    """Tell where the last neighbour that is wanted and the next one are as good as equally far."""
    if chords.shape[1] <= n_neighbors:
        return np.zeros(len(chords), dtype=bool)
    tied: BoolArray = np.isfinite(chords[:, -1]) & (chords[:, -1] <= _beyond(chords[:, -2]))
    return tied


def _beyond(chords: FloatArray) -> FloatArray:
    return chords * (1 + 1e-9) + 1e-15


def _all_within(
    tree: Any, left: FloatArray, rows: IntArray, limits: FloatArray
) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield every place within a row's own limit, not too many at once."""
    if len(rows) == 0:
        return
    counts = tree.query_ball_point(left[rows], limits, return_length=True).astype(np.int64)
    piece = np.cumsum(counts) // _MOST_CANDIDATES
    for number in np.unique(piece):
        of_piece = np.flatnonzero(piece == number)
        found = tree.query_ball_point(left[rows[of_piece]], limits[of_piece])
        yield np.repeat(rows[of_piece], counts[of_piece]), np.concatenate(found).astype(np.int64)
