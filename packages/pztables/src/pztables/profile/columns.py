"""Statistics of one column, batch by batch, in bounded memory."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pztables.profile.histogram import robust_edges

if TYPE_CHECKING:
    from pztables.formats import ColumnInfo

_QUANTILES: Final = (0.01, 0.05, 0.16, 0.25, 0.5, 0.75, 0.84, 0.95, 0.99)
_MOST_DISTINCT: Final = 2_000
_TOP: Final = 20
_LONGEST_TEXT: Final = 200
_BINS: Final = 64


class ColumnProfile:
    """Count, summarise and sample one column.

    Parameters
    ----------
    info
        Its name, type and meaning.
    step
        Every ``step``-th row is kept as a sample for quantiles.
    """

    def __init__(self, info: ColumnInfo, step: int) -> None:
        self._info, self._step = info, step
        self._rows = self._nulls = self._nans = self._infinite = 0
        self._count, self._mean, self._squares = 0, 0.0, 0.0
        self.low: int | float | None = None
        self.high: int | float | None = None
        self._sampled: list[np.ndarray[Any, Any]] = []
        self._sample: np.ndarray[Any, Any] | None = None
        self._counts: dict[Any, int] | None = {}
        self.kind = _kind(info.type)

    def look(self, array: pa.Array) -> None:
        """Take the next values into account."""
        self._nulls += array.null_count
        if self.kind in ("integer", "number"):
            self._look_at_numbers(array)
        if self.kind in ("integer", "text", "boolean"):
            self._count_values(array)
        self._rows += len(array)

    def _look_at_numbers(self, array: pa.Array) -> None:
        kept = array.take(pa.array(np.arange(-self._rows % self._step, len(array), self._step)))
        self._sampled.append(_finite(kept.drop_null()))
        values = array.drop_null().to_numpy(zero_copy_only=False)
        if self.kind == "number":
            finite = np.isfinite(values)
            if not finite.all():
                nans = int(np.isnan(values).sum())
                self._nans += nans
                self._infinite += int((~finite).sum()) - nans
                values = values[finite]
        if len(values):
            self._merge(values)

    def _merge(self, values: np.ndarray[Any, Any]) -> None:
        """Add mean and squares of a batch (Chan, Golub and LeVeque 1979), and the ends."""
        low, high = values.min().item(), values.max().item()
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)
        floats = values.astype(np.float64, copy=False)
        count = len(floats)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = float(floats.mean())
            squares = float(np.square(floats - mean).sum())
            total = self._count + count
            delta = mean - self._mean
            self._squares += squares + delta * delta * self._count * count / total
            self._mean += delta * count / total
        self._count = total

    def _count_values(self, array: pa.Array) -> None:
        if self._counts is None:
            return
        counted = pc.value_counts(array.drop_null())
        if len(counted) <= _MOST_DISTINCT:
            for value, count in zip(
                counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True
            ):
                self._counts[value] = self._counts.get(value, 0) + count
        if len(counted) > _MOST_DISTINCT or len(self._counts) > _MOST_DISTINCT:
            self._counts = None

    def sample(self) -> np.ndarray[Any, Any]:
        """Return the sampled finite values, sorted, float64."""
        if self._sample is None:
            pieces = self._sampled or [np.zeros(0)]
            self._sample = np.sort(np.concatenate(pieces))
            self._sampled = []
        return self._sample

    def edges(self) -> np.ndarray[Any, Any]:
        """Return the edges of a histogram that outliers do not spoil."""
        return robust_edges(self.sample(), most_bins=_BINS, tail=0.01)

    def as_dict(self) -> dict[str, Any]:
        """Return the statistics; quantiles are those of the sample."""
        numeric = self._count > 0
        sample = self.sample()
        quantiles = {
            str(q): _safe(float(np.quantile(sample, q))) if len(sample) else None
            for q in _QUANTILES
        }
        spread = math.sqrt(self._squares / self._count) if numeric and self._squares >= 0 else None
        return {
            "name": self._info.name,
            "type": str(self._info.type),
            "unit": self._info.unit,
            "ucd": self._info.ucd,
            "n_null": self._nulls,
            "n_nan": self._nans,
            "n_infinite": self._infinite,
            "min": _safe(self.low),
            "max": _safe(self.high),
            "mean": _safe(self._mean) if numeric else None,
            "std": _safe(spread),
            "quantiles": quantiles if self.kind in ("integer", "number") else None,
            "n_distinct": None
            if self._counts is None or self.kind == "number"
            else len(self._counts),
            "top": self._top(),
        }

    def _top(self) -> list[dict[str, Any]] | None:
        if not self._counts:
            return None
        ranked = sorted(self._counts.items(), key=lambda item: (-item[1], str(item[0])))
        return [
            {"value": value[:_LONGEST_TEXT] if isinstance(value, str) else value, "count": count}
            for value, count in ranked[:_TOP]
        ]


def _kind(data_type: pa.DataType) -> str:
    if pa.types.is_integer(data_type):
        return "integer"
    if pa.types.is_floating(data_type):
        return "number"
    if pa.types.is_string(data_type):
        return "text"
    if pa.types.is_boolean(data_type):
        return "boolean"
    return "other"


def _finite(array: pa.Array) -> np.ndarray[Any, Any]:
    values = array.to_numpy(zero_copy_only=False).astype(np.float64)
    return np.asarray(values[np.isfinite(values)])


def _safe(value: float | None) -> float | int | None:
    """Return a number that JSON can hold."""
    return value if value is not None and math.isfinite(value) else None
