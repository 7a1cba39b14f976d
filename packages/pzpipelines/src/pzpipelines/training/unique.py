"""Each object and each redshift once: which pair stays where several share one."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pzpipelines.arrays import BoolArray, FloatArray, IntArray
from pztables.numbers import numbers_where_possible

#: Unified quality flag of a star, which is no galaxy however sure it is.
STAR_FLAG = 6.0
_NO_FLAG = -np.inf


def unique_pairs(
    left: IntArray,
    objects: IntArray,
    separation_arcsec: FloatArray,
    ranks: FloatArray | None = None,
) -> BoolArray:
    """Choose pairs so that each redshift and each object is in one at most.

    Pairs are taken best first, and each is chosen if neither of its two sides
    has been: the highest rank first, of equal ones the smallest separation, then
    the smallest row, then the smallest object.

    Parameters
    ----------
    left, objects
        Row of the redshift catalog, and number of the object, of each pair,
        shape ``(n,)``.
    separation_arcsec
        Shape ``(n,)``.
    ranks
        Higher is better, shape ``(n,)``; all the same by default.

    Returns
    -------
    True for the chosen pairs, shape ``(n,)``
    """
    chosen = _is_alone(left) & _is_alone(objects)
    contested = np.flatnonzero(~chosen)
    keys: tuple[IntArray | FloatArray, ...] = (
        objects[contested],
        left[contested],
        separation_arcsec[contested],
    )
    if ranks is not None:
        keys = (*keys, -ranks[contested])
    best_first = contested[np.lexsort(keys)]
    used_left: set[int] = set()
    used_objects: set[int] = set()
    for pair, row, number in zip(
        best_first.tolist(), left[best_first].tolist(), objects[best_first].tolist(), strict=True
    ):
        if row not in used_left and number not in used_objects:
            used_left.add(row)
            used_objects.add(number)
            chosen[pair] = True
    return chosen


def _is_alone(numbers: IntArray) -> BoolArray:
    """Tell which values occur once."""
    _, inverse, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    alone: BoolArray = counts[inverse] == 1
    return alone


def flag_ranks(flags: pa.Array, *, are_homogenized: bool) -> FloatArray:
    """Rank quality flags, higher is better.

    Parameters
    ----------
    flags
        Quality flag of each row, numbers or text, length ``n``.
    are_homogenized
        Whether 6 means a star, which ranks lowest, with what has no flag.

    Returns
    -------
    shape ``(n,)``; minus infinity where there is no number

    Raises
    ------
    NotNumericError
        If the column can hold no number.
    """
    numbers, _ = numbers_where_possible(flags)
    ranks = np.where(np.isfinite(numbers), numbers, _NO_FLAG)
    return np.where(ranks == STAR_FLAG, _NO_FLAG, ranks) if are_homogenized else ranks
