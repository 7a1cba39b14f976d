"""N(z): a histogram of the redshifts, and of those of each survey or kind of instrument."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pztables.profile.columns import LONGEST_TEXT
from pztables.profile.histogram import bins_of, quantile_of_sorted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

#: Beyond this no redshift is measured; somewhat negative ones are stars and neighbours.
SANE_REDSHIFTS: Final = (-0.01, 20.0)
#: Shares of the redshifts between which the histogram lies.
BULK: Final = (0.005, 0.995)
#: Widths of a bin; the first is taken unless there were too few or too many bins.
WIDTHS: Final = (0.02, 0.05, 0.1)
NARROW_WIDTHS: Final = (0.01, 0.005, 0.002, 0.001)
_FEWEST_BINS: Final = 15
_MOST_BINS: Final = 400
#: So many values of a column have a histogram of their own.
SERIES: Final = 8
#: Value of the rows that have none.
_NULL: Final = object()


def sane(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the sane ones of sorted redshifts: values like -99 mean "none"."""
    low, high = SANE_REDSHIFTS
    start, end = np.searchsorted(values, [low, high], side="left")
    while end < len(values) and values[end] == high:
        end += 1
    return values[start:end]


def redshift_edges(values: npt.NDArray[Any]) -> tuple[FloatArray, float]:
    """Return bins over the bulk of the redshifts, at multiples of their width.

    Parameters
    ----------
    values
        Sorted sane redshifts, shape ``(n,)``, n > 0.

    Returns
    -------
    edges, shape ``(bins + 1,)``, and the width: 0.02, or what gives 15 to 400 bins
    """
    low, high = (quantile_of_sorted(values, share) for share in BULK)
    width = next((width for width in WIDTHS if (high - low) / width <= _MOST_BINS - 2), WIDTHS[-1])
    if (high - low) / width < _FEWEST_BINS:
        enough = (w for w in NARROW_WIDTHS if (high - low) / w >= _FEWEST_BINS)
        width = next(enough, NARROW_WIDTHS[-1])
    first, last = math.floor(low / width + 1e-9), math.ceil(high / width - 1e-9)
    if last == first:
        last += 1
    places = np.arange(first, last + 1)
    return np.round(places * width, 6), width


class RedshiftProfile:
    """Count redshifts in bins, in all and by the values of other columns.

    Parameters
    ----------
    column
        Name of the redshifts.
    values
        Sorted sane redshifts, or a sample of them.
    splits
        What to split by (``survey``) → column, its most frequent values.
    """

    def __init__(
        self, column: str, values: npt.NDArray[Any], splits: Mapping[str, tuple[str, Sequence[Any]]]
    ) -> None:
        self.column = column
        self.edges, self._width = redshift_edges(values)
        self._median = quantile_of_sorted(values, 0.5)
        self._counts = np.zeros(len(self.edges) + 1, dtype=np.int64)
        self._ends: list[float] = []
        self.splits = [
            _Split(by, name, top, len(self.edges) - 1) for by, (name, top) in splits.items()
        ]

    @property
    def columns(self) -> list[str]:
        """The columns that `look` reads."""
        return [self.column, *(split.column for split in self.splits)]

    def look(self, batch: pa.RecordBatch) -> None:
        """Take the next rows into account."""
        z = as_floats(batch.column(self.column))
        finite = np.isfinite(z)
        bins = bins_of(z, self.edges) + 1  # 0: below, from here on
        bins[finite & (z > self.edges[-1])] = len(self.edges)
        self._counts += np.bincount(bins[finite], minlength=len(self._counts))
        low, high = SANE_REDSHIFTS
        inside = z[(z >= low) & (z <= high)]
        if len(inside):
            self._ends += [float(inside.min()), float(inside.max())]
        for split in self.splits:
            split.look(batch.column(split.column), bins, finite)

    def as_dict(self) -> dict[str, Any]:
        """Return the histogram, its running sum and its splits."""
        counts, below = self._counts[1:-1], int(self._counts[0])
        return {
            "column": self.column,
            "edges": self.edges.tolist(),
            "counts": counts.tolist(),
            "below": below,
            "above": int(self._counts[-1]),
            "width": self._width,
            "n": int(self._counts.sum()),
            "min": min(self._ends, default=None),
            "max": max(self._ends, default=None),
            "median": self._median,
            "cumulative": (below + np.cumsum(counts)).tolist(),
            "splits": [split.as_dict() for split in self.splits],
        }


class _Split:
    """N(z) of each of the most frequent values of one column, of all others, of none."""

    def __init__(self, by: str, column: str, values: Sequence[Any], bins: int) -> None:
        self.by, self.column = by, column
        self._values = list(dict.fromkeys(values))[:SERIES]  # long texts may begin alike
        self._counts = np.zeros((len(self._values) + 2, bins + 2), dtype=np.int64)
        self._others: set[Any] = set()

    def look(self, array: pa.Array, bins: npt.NDArray[np.int64], finite: npt.NDArray[Any]) -> None:
        encoded = pc.dictionary_encode(array)
        others = len(self._values)
        rows = np.array([self._row_of(value) for value in encoded.dictionary.to_pylist()], int)
        codes = encoded.indices.fill_null(len(rows)).to_numpy(zero_copy_only=False)
        series = np.append(rows, others + 1)[codes]
        width = self._counts.shape[1]
        places = (series * width + bins)[finite]
        self._counts += np.bincount(places, minlength=self._counts.size).reshape(-1, width)

    def _row_of(self, value: Any) -> int:
        shown = value[:LONGEST_TEXT] if isinstance(value, str) else value
        if shown in self._values:
            return self._values.index(shown)
        if len(self._others) <= 10_000:
            self._others.add(value)
        return len(self._values)

    def as_dict(self) -> dict[str, Any]:
        kinds = ["value"] * len(self._values) + ["other", "null"]
        values = [*self._values, None, None]
        numbers = [1] * len(self._values) + [len(self._others), 1]
        series = [
            {"kind": kind, "value": value, "n_values": number, "count": int(row.sum()),
             "counts": row[1:-1].tolist()}
            for kind, value, number, row in zip(kinds, values, numbers, self._counts, strict=True)
            if kind == "value" or row.any()
        ]  # fmt: skip
        return {"by": self.by, "column": self.column, "series": series}


def as_floats(array: pa.Array) -> FloatArray:
    """Return numbers as float64, shape ``(n,)``; null as NaN."""
    floats = array.cast(pa.float64(), safe=False)
    return np.asarray(floats.fill_null(np.nan).to_numpy(zero_copy_only=False))
