"""How many positions two tables have in common: the matcher of the pipelines, asked by a page."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pzpipelines.sky.neighbours import nearest_within

FloatArray = npt.NDArray[np.float64]
Positions = tuple[FloatArray, FloatArray]


def rows_with_counterpart(left: Positions, right: Positions, *, radius_arcsec: float) -> int:
    """Count the rows of one table that have at least one row of another within a radius.

    Parameters
    ----------
    left, right
        ``(ra, dec)``, ICRS degrees, finite, each of shape ``(n,)``.
    radius_arcsec
        Along the great circle; the boundary is inside.
    """
    if not len(left[0]) or not len(right[0]):
        return 0
    return len(nearest_within(left, right, radius_arcsec=radius_arcsec).left)
