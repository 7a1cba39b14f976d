"""Which row stays where several redshifts share an object."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pzpipelines.arrays import BoolArray, FloatArray, IntArray
from pztables.numbers import numbers_where_possible

#: Unified quality flag of a star, which is no galaxy however sure it is.
STAR_FLAG = 6.0
_NO_FLAG = -1.0
_STAR_RANK = -2.0


def first_of_each(objects: IntArray, *order: FloatArray | IntArray) -> BoolArray:
    """Choose one row for each object.

    Parameters
    ----------
    objects
        Object of each row, shape ``(n,)``.
    order
        What decides, most important first, each of shape ``(n,)``: the smallest
        wins; what is still equal is decided by the order of the rows.

    Returns
    -------
    True for the chosen rows, shape ``(n,)``
    """
    by_object = np.lexsort((*reversed(order), objects))
    is_first = np.ones(len(objects), np.bool_)
    is_first[1:] = np.diff(objects[by_object]) != 0
    chosen = np.zeros(len(objects), np.bool_)
    chosen[by_object[is_first]] = True
    return chosen


def flag_ranks(flags: pa.ChunkedArray, *, are_homogenized: bool) -> FloatArray:
    """Rank quality flags, higher is better.

    Parameters
    ----------
    flags
        Quality flag of each row, numbers or text, shape ``(n,)``.
    are_homogenized
        Whether 6 means a star, which is ranked below everything.

    Returns
    -------
    shape ``(n,)``; -1 where there is no number

    Raises
    ------
    NotNumericError
        If the column can hold no number.
    """
    numbers, _ = numbers_where_possible(flags.combine_chunks())
    ranks = np.where(np.isfinite(numbers), numbers, _NO_FLAG)
    return np.where(ranks == STAR_FLAG, _STAR_RANK, ranks) if are_homogenized else ranks
