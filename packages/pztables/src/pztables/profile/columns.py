"""Statistics of one column, batch by batch, in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pztables.profile.histogram import (
    quantile_of_sorted,
    robust_edges,
    whole_number_edges,
)
from pztables.profile.moments import Moments, finite_or_none
from pztables.profile.sketch import MOST_COUNTED, ValueCounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from pztables.formats import ColumnInfo

Kind = Literal["integer", "number", "text", "boolean", "time", "other"]
QUANTILES: Final = (0.01, 0.05, 0.16, 0.25, 0.5, 0.75, 0.84, 0.95, 0.99)
NUMBERS: Final = ("integer", "number")
_TOP: Final = 20
#: Longer texts are told by their beginning.
LONGEST_TEXT: Final = 200
_BINS: Final = 64
#: Texts of a column are kept up to so many bytes; beyond, their hashes are.
_TEXT_BYTES: Final = 128_000_000


def kind_of(data_type: pa.DataType) -> Kind:
    """Return how a column is summarised."""
    types = pa.types
    if types.is_integer(data_type):
        return "integer"
    if types.is_floating(data_type) or types.is_decimal(data_type):
        return "number"
    if types.is_string(data_type):
        return "text"
    if types.is_boolean(data_type):
        return "boolean"
    return "time" if types.is_timestamp(data_type) or types.is_date(data_type) else "other"


def column_profile(info: ColumnInfo, step: int) -> ColumnProfile:
    """Return an empty profile of a column.

    Parameters
    ----------
    info
        Its name, type and meaning.
    step
        Quantiles are those of every ``step``-th row; 1: of all rows, exact.
    """
    kind = kind_of(info.type)
    if kind in NUMBERS:
        return NumberProfile(info, kind, step)
    makers: dict[str, type[ColumnProfile]] = {
        "text": TextProfile, "boolean": BooleanProfile, "time": TimeProfile,
    }  # fmt: skip
    return makers.get(kind, ColumnProfile)(info, kind)


class ColumnProfile:
    """Count the missing values of a column of any type.

    Parameters
    ----------
    info
        Its name, type and meaning.
    kind
        How it is summarised.
    """

    def __init__(self, info: ColumnInfo, kind: Kind) -> None:
        self.info, self.kind = info, kind
        self._rows = self._nulls = 0

    def look(self, array: pa.Array) -> None:
        """Take the next values into account."""
        self._nulls += array.null_count
        self._look_at(array.drop_null())
        self._rows += len(array)

    def _look_at(self, values: pa.Array) -> None:
        """Take values without nulls into account."""

    def as_dict(self) -> dict[str, Any]:
        """Return the statistics, each ``None`` where it has no meaning."""
        return {
            "name": self.info.name,
            "type": str(self.info.type),
            "kind": self.kind,
            "unit": self.info.unit,
            "ucd": self.info.ucd,
            "n_null": self._nulls,
            "n_nan": 0,
            "n_infinite": 0,
            "min": None,
            "max": None,
            "mean": None,
            "std": None,
            "quantiles": None,
            "quantiles_exact": True,
            "n_distinct": None,
            "distinct_exact": True,
            "top": None,
            "histogram": None,
            **self._findings(),
        }

    def _findings(self) -> dict[str, Any]:
        return {}


class NumberProfile(ColumnProfile):
    """Summarise integers or floating-point numbers; null, NaN and infinity are counted apart."""

    def __init__(self, info: ColumnInfo, kind: Kind, step: int) -> None:
        super().__init__(info, kind)
        self._step = step
        self._nans = self._infinite = 0
        self.moments = Moments()
        self._pieces: list[npt.NDArray[Any]] = []
        self._sorted: npt.NDArray[Any] | None = None
        self._counts = None if step == 1 else ValueCounts()

    def look(self, array: pa.Array) -> None:
        """Take the next values into account."""
        if pa.types.is_decimal(array.type):
            array = array.cast(pa.float64())
        self._nulls += array.null_count
        if self._step > 1:
            places = np.arange(-self._rows % self._step, len(array), self._step)
            kept = array.take(pa.array(places)).drop_null()
            self._pieces.append(_finite(kept.to_numpy(zero_copy_only=False)))
        self._rows += len(array)
        finite = self._finite_counted(array.drop_null().to_numpy(zero_copy_only=False))
        self.moments.merge(finite)
        if self._counts is None:
            self._pieces.append(finite)
        else:
            self._counts.look(pa.array(finite))

    def _finite_counted(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if values.dtype.kind != "f":
            return values
        finite = np.isfinite(values)
        if finite.all():
            return values
        nans = int(np.isnan(values).sum())
        self._nans += nans
        self._infinite += int((~finite).sum()) - nans
        return np.asarray(values[finite])

    @property
    def is_exact(self) -> bool:
        """Whether `values` are all finite values, not a sample of them."""
        return self._step == 1

    def values(self) -> npt.NDArray[Any]:
        """Return the finite values, or the sample of them, sorted, in their type."""
        if self._sorted is None:
            pieces = self._pieces or [np.zeros(0)]
            self._sorted = np.concatenate(pieces)
            self._pieces = []
            self._sorted.sort()
        return self._sorted

    def edges(self) -> npt.NDArray[np.float64]:
        """Return the edges of a histogram that outliers do not spoil."""
        low, high = self.moments.low, self.moments.high
        if self.kind == "integer" and low is not None and high is not None:
            whole = whole_number_edges(int(low), int(high), _BINS)
            if whole is not None:
                return whole
        return robust_edges(self.values(), most_bins=_BINS, tail=0.01)

    def _findings(self) -> dict[str, Any]:
        moments = self.moments
        found: dict[str, Any] = {
            "n_nan": self._nans,
            "n_infinite": self._infinite,
            "min": finite_or_none(moments.low),
            "max": finite_or_none(moments.high),
            "mean": moments.mean,
            "std": moments.std,
            "quantiles": self._quantiles(),
            "quantiles_exact": self.is_exact,
        }
        if self._counts is None:
            found |= _counted_values(self.values())
        else:
            found |= _reported(self._counts)
        return found

    def _quantiles(self) -> dict[str, float | None]:
        values = self.values()
        if not len(values):
            return {str(share): None for share in QUANTILES}
        return {
            str(share): finite_or_none(quantile_of_sorted(values, share)) for share in QUANTILES
        }


class TextProfile(ColumnProfile):
    """Count the different texts: all of them, or their hashes when they are very long."""

    def __init__(self, info: ColumnInfo, kind: Kind) -> None:
        super().__init__(info, kind)
        self._pieces: list[pa.Array] | None = []
        self._bytes = 0
        self._counts = ValueCounts()

    def _look_at(self, values: pa.Array) -> None:
        if self._pieces is None:
            self._counts.look(values)
            return
        self._pieces.append(values)
        self._bytes += values.nbytes
        if self._bytes > _TEXT_BYTES:
            for piece in self._pieces:
                self._counts.look(piece)
            self._pieces = None

    def _findings(self) -> dict[str, Any]:
        if self._pieces is None:
            return _reported(self._counts)
        counted = pc.value_counts(pa.chunked_array(self._pieces, pa.string()))
        values, numbers = counted.field(0), counted.field(1).to_numpy()
        return {"n_distinct": len(values), "top": _ranked(values, numbers)}


class BooleanProfile(ColumnProfile):
    """Count true and false."""

    def __init__(self, info: ColumnInfo, kind: Kind) -> None:
        super().__init__(info, kind)
        self._true = self._false = 0

    def _look_at(self, values: pa.Array) -> None:
        true = values.true_count
        self._true += true
        self._false += len(values) - true

    def _findings(self) -> dict[str, Any]:
        counts = {True: self._true, False: self._false}
        counts = {value: count for value, count in counts.items() if count}
        return {"n_distinct": len(counts), "top": _top(counts)}


class TimeProfile(ColumnProfile):
    """Find the first and the last date or time, as ISO 8601 text."""

    def __init__(self, info: ColumnInfo, kind: Kind) -> None:
        super().__init__(info, kind)
        self._ends: list[int] = []

    def _look_at(self, values: pa.Array) -> None:
        if len(values):
            ends = pc.min_max(values)
            self._ends += [ends["min"].value, ends["max"].value]

    def _findings(self) -> dict[str, Any]:
        if not self._ends:
            return {}
        counted = pa.int32() if self.info.type == pa.date32() else pa.int64()
        ends = pa.array([min(self._ends), max(self._ends)], counted).view(self.info.type)
        first, last = ends.cast(pa.string()).to_pylist()
        return {"min": first, "max": last}


def _finite(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.asarray(values[np.isfinite(values)])


def _counted_values(values: npt.NDArray[Any]) -> dict[str, Any]:
    """Return how many of some sorted numbers differ, and the most frequent if they are few."""
    if not len(values):
        return {"n_distinct": 0, "top": None}
    starts = np.concatenate([[0], 1 + np.flatnonzero(values[1:] != values[:-1])])
    found: dict[str, Any] = {"n_distinct": len(starts)}
    if len(starts) <= MOST_COUNTED:
        counts = np.diff(np.append(starts, len(values)))
        found["top"] = _ranked(pa.array(values[starts]), counts)
    return found


def _reported(counts: ValueCounts) -> dict[str, Any]:
    return {
        "n_distinct": counts.n_distinct,
        "distinct_exact": counts.is_exact,
        "top": _top(counts.counts) if counts.counts else None,
    }


def _ranked(values: pa.Array, counts: npt.NDArray[Any]) -> list[dict[str, Any]] | None:
    """Return the most frequent values, most frequent first, then by their text."""
    if not len(values):
        return None
    if len(values) > MOST_COUNTED:  # ties at the end are cut by place: their order is no news
        places = np.argsort(-counts, kind="stable")[: 2 * _TOP]
        values, counts = values.take(pa.array(places)), counts[places]
    return _top(dict(zip(values.to_pylist(), counts.tolist(), strict=True)))


def _top(counts: Mapping[Any, int]) -> list[dict[str, Any]] | None:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    return [
        {"value": value[:LONGEST_TEXT] if isinstance(value, str) else value, "count": count}
        for value, count in ranked[:_TOP]
    ] or None
