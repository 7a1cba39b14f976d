"""Histograms with edges that a few outliers do not spoil."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import pyarrow as pa

_FEWEST_BINS: Final = 10
#: How far beyond its quantiles a histogram reaches, in their distance.
_MARGIN: Final = 0.5


def robust_edges(
    sample: np.ndarray[Any, Any], *, most_bins: int, tail: float
) -> np.ndarray[Any, Any]:
    """Return equal bins over the bulk of some values.

    The range is that of the values, cut where it reaches far beyond the quantiles ``tail`` and
    ``1 - tail``; the width is that of Freedman and Diaconis, within limits.

    Parameters
    ----------
    sample
        Sorted finite values, shape ``(n,)``.
    most_bins
        At most so many bins.
    tail
        Share of the values at each end that may be left out.

    Returns
    -------
    edges, increasing, shape ``(bins + 1,)``
    """
    if not len(sample):
        return np.array([0.0, 1.0])
    quarter, three, low, high = (
        float(np.quantile(sample, q)) for q in (0.25, 0.75, tail, 1 - tail)
    )
    reach = _MARGIN * (high - low)
    low, high = max(float(sample[0]), low - reach), min(float(sample[-1]), high + reach)
    if not high > low or not math.isfinite(high - low):
        half = max(0.5, abs(low) * 1e-6)
        return np.array([low - half, low + half])
    width = 2 * (three - quarter) / np.cbrt(len(sample))
    bins = most_bins if not width > 0 else math.ceil(min((high - low) / width, most_bins))
    return np.linspace(low, high, max(_FEWEST_BINS, bins) + 1)


class Histogram:
    """Counts of one column between edges, and of what lies outside."""

    def __init__(
        self, column: str, edges: np.ndarray[Any, Any], *, is_redshift: bool = False
    ) -> None:
        self.column, self.is_redshift = column, is_redshift
        self._edges = edges
        self._counts = np.zeros(len(edges) - 1, dtype=np.int64)
        self._below = self._above = 0

    def look(self, array: pa.Array) -> None:
        """Take the next values into account (null, NaN and infinity are none)."""
        values = array.drop_null().to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
        values = values[np.isfinite(values)]
        self._below += int((values < self._edges[0]).sum())
        self._above += int((values > self._edges[-1]).sum())
        self._counts += np.histogram(values, self._edges)[0]

    def as_dict(self) -> dict[str, Any]:
        """Return ``edges``, ``counts``, ``below``, ``above``."""
        return {
            "edges": self._edges.tolist(),
            "counts": self._counts.tolist(),
            "below": self._below,
            "above": self._above,
        }
