"""Histograms with edges that a few outliers do not spoil."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

_FEWEST_BINS: Final = 10
#: How far beyond its quantiles a histogram reaches, in their distance.
_MARGIN: Final = 0.5
#: A span that is so small beside its values has no bins of its own.
_FINEST: Final = 1e-12


def quantile_of_sorted(values: npt.NDArray[Any], share: float) -> float:
    """Return a quantile of sorted values, interpolated as `numpy.quantile` does.

    Parameters
    ----------
    values
        Sorted, finite, shape ``(n,)``, n > 0.
    share
        0 to 1.
    """
    place = share * (len(values) - 1)
    lower = math.floor(place)
    low, high = float(values[lower]), float(values[min(lower + 1, len(values) - 1)])
    part = place - lower
    # Not low + (high - low) * part: the difference of the largest floats is infinite.
    return low if low == high else low * (1 - part) + high * part


def robust_edges(sample: npt.NDArray[Any], *, most_bins: int, tail: float) -> FloatArray:
    """Return equal bins over the bulk of some values.

    Both ends reach half the inner span beyond the ``tail`` quantiles, or the extreme value if
    that is nearer: one wrong value among millions does not make a single bin of all others.
    The number of bins is that of Freedman and Diaconis (1981), within limits.

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
        quantile_of_sorted(sample, share) for share in (0.25, 0.75, tail, 1 - tail)
    )
    reach = _MARGIN * (high - low)
    low, high = max(float(sample[0]), low - reach), min(float(sample[-1]), high + reach)
    if not high - low > _FINEST * max(abs(low), abs(high)) or not math.isfinite(high - low):
        half = max(0.5, abs(low) * 1e-6)
        return np.array([low - half, low + half])
    width = 2 * (three - quarter) / np.cbrt(len(sample))
    bins = most_bins if not width > 0 else math.ceil(min((high - low) / width, most_bins))
    return np.linspace(low, high, max(_FEWEST_BINS, bins) + 1)


def whole_number_edges(low: int, high: int, most_bins: int) -> FloatArray | None:
    """Return bins around the whole numbers, one each; ``None`` when there are too many."""
    if high - low >= most_bins or max(abs(low), abs(high)) >= 2**52:
        return None
    return np.arange(low, high + 2, dtype=np.float64) - 0.5


def counted_sorted(values: npt.NDArray[Any], edges: FloatArray) -> dict[str, Any]:
    """Return the histogram of sorted finite values; the last bin holds its right edge too."""
    places = np.searchsorted(values, edges[:-1], side="left")
    end = int(np.searchsorted(values, edges[-1], side="right"))
    counts = np.diff(np.append(places, end))
    return _described(edges, counts, below=int(places[0]), above=len(values) - end)


class Histogram:
    """Counts of one column between edges, and of what lies outside."""

    def __init__(self, column: str, edges: FloatArray) -> None:
        self.column, self.edges = column, edges
        self._counts = np.zeros(len(edges) - 1, dtype=np.int64)
        self._below = self._above = 0

    @property
    def columns(self) -> list[str]:
        """The column that `look` reads."""
        return [self.column]

    def look(self, batch: pa.RecordBatch) -> None:
        """Take the next rows into account (null, NaN and infinity are none)."""
        array = batch.column(self.column)
        if pa.types.is_decimal(array.type):
            array = array.cast(pa.float64())
        self.look_at(array.drop_null().to_numpy(zero_copy_only=False))

    def look_at(self, values: npt.NDArray[Any]) -> None:
        """Take the finite ones of some values into account."""
        values = values.astype(np.float64, copy=False)
        values = values[np.isfinite(values)]
        self._below += int((values < self.edges[0]).sum())
        self._above += int((values > self.edges[-1]).sum())
        self._counts += np.histogram(values, self.edges)[0]

    def as_dict(self) -> dict[str, Any]:
        """Return ``edges``, ``counts``, ``below``, ``above``."""
        return _described(self.edges, self._counts, below=self._below, above=self._above)


def _described(
    edges: FloatArray, counts: npt.NDArray[Any], *, below: int, above: int
) -> dict[str, Any]:
    return {"edges": edges.tolist(), "counts": counts.tolist(), "below": below, "above": above}


def bins_of(values: npt.NDArray[Any], edges: FloatArray) -> npt.NDArray[np.int64]:
    """Return the bin of every value, shape ``(n,)``; -1 where it is in none (NaN included)."""
    bins = np.searchsorted(edges, values, side="right") - 1
    bins[values == edges[-1]] = len(edges) - 2
    bins[(bins >= len(edges) - 1) | ~np.isfinite(values)] = -1
    return np.asarray(bins, dtype=np.int64)
