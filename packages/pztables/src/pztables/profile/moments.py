"""Count, ends, mean and spread of numbers that come in pieces."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


class Moments:
    """What is known of all numbers so far; pieces are added in a stable way.

    Attributes
    ----------
    count
        Numbers so far.
    low, high
        The least and the greatest, in the type of the column; ``None`` without numbers.
    """

    def __init__(self) -> None:
        self.count = 0
        self.low: int | float | None = None
        self.high: int | float | None = None
        self._mean, self._squares = 0.0, 0.0

    def merge(self, values: npt.NDArray[Any]) -> None:
        """Add finite numbers (Chan, Golub and LeVeque 1979)."""
        if not len(values):
            return
        low, high = values.min().item(), values.max().item()
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)
        floats = values.astype(np.float64, copy=False)
        count = len(floats)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = float(floats.mean())
            squares = float(np.square(floats - mean).sum())
            total = self.count + count
            delta = mean - self._mean
            self._squares += squares + delta * delta * self.count * count / total
            self._mean += delta * count / total
        self.count = total

    @property
    def mean(self) -> float | None:
        """The mean; ``None`` without numbers, or where it is beyond what a float holds."""
        mean: float | None = finite_or_none(self._mean) if self.count else None
        return mean

    @property
    def std(self) -> float | None:
        """The standard deviation of the population, in the same cases."""
        if not self.count or not self._squares >= 0:
            return None
        std: float | None = finite_or_none(math.sqrt(self._squares / self.count))
        return std


def finite_or_none(value: float | None) -> Any:
    """Return a number that JSON can hold, or ``None``."""
    return value if value is not None and math.isfinite(value) else None
