"""What is drawn: counts between edges, several of them on shared axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
#: Above one the dense end has more steps: on a log scale alone most of a full map is dark.
_CONTRAST: Final = 1.6


@dataclass(frozen=True, slots=True)
class Series:
    """A histogram: ``len(edges) == len(counts) + 1``.

    Attributes
    ----------
    label
        What it is of; shown where there are several.
    edges, counts
        Increasing edges, and how many values lie between each and the next.
    below, above
        Values outside the edges.
    median
        Of all values, or ``None``.
    """

    label: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    below: int = 0
    above: int = 0
    median: float | None = None

    @property
    def total(self) -> int:
        """All values, those outside the edges included."""
        return sum(self.counts) + self.below + self.above

    def sensible_bins(self, most: int = 80, fewest: int = 10) -> int:
        """Return how many bins say as much as so many values can (Freedman and Diaconis)."""
        inside = sum(self.counts)
        shares = np.cumsum(self.counts) / max(inside, 1)
        quarter, three = (self.edges[int(np.searchsorted(shares, q)) + 1] for q in (0.25, 0.75))
        width = 2 * (three - quarter) / max(inside, 1) ** (1 / 3)
        wanted = most if width <= 0 else (self.edges[-1] - self.edges[0]) / width
        return int(min(max(wanted, fewest), most))

    def merged(self, most_bins: int) -> Series:
        """Return at most so many bins, each of several whole ones: counts stay exact."""
        step = max(1, -(-len(self.counts) // most_bins))
        if step == 1:
            return self
        counts = tuple(
            sum(self.counts[start : start + step]) for start in range(0, len(self.counts), step)
        )
        edges = (*self.edges[:-1:step], self.edges[-1])
        return replace(self, edges=edges, counts=counts)

    def cumulated(self) -> Series:
        """Return how many values lie below the right edge of each bin."""
        counts = tuple(accumulate(self.counts, initial=self.below))[1:]
        return replace(self, counts=counts, below=0, above=0)


def rebinned(edges: FloatArray, counts: FloatArray, target: FloatArray) -> FloatArray:
    """Spread a histogram over other bins, each count evenly over its own bin.

    Parameters
    ----------
    edges, counts
        The histogram, shapes ``(n + 1,)`` and ``(n,)``.
    target
        Edges of the wanted bins, shape ``(m + 1,)``.

    Returns
    -------
    counts of the wanted bins, shape ``(m,)``; what lies outside them is left out
    """
    total = np.concatenate([[0.0], np.cumsum(counts, dtype=float)])
    return np.diff(np.interp(target, edges, total))


def levels_of(counts: Sequence[int], levels: int = 6) -> list[int]:
    """Return the step of a ramp for each positive count, on a log scale; few cells stand out.

    Returns
    -------
    numbers from 0 to ``levels - 1``, as many as counts
    """
    logs = np.log(np.maximum(np.array(counts, float), 1))
    span = max(float(np.quantile(logs, 0.99) - logs.min()), 1e-9)
    share = np.clip((logs - logs.min()) / span, 0, 1) ** _CONTRAST
    level = np.minimum((share * levels).astype(int), levels - 1)
    if len(logs) <= 24:
        level = np.maximum(level, levels - 2)  # a single field must be seen too
    return [int(step) for step in level]
