"""How many different values there are, in memory that does not grow with the table.

The estimate keeps the smallest ``k`` hashes (Bar-Yossef et al. 2002; Beyer et al. 2007):
of ``n`` different hashes spread evenly over an interval, the ``k``-th smallest lies near
``k / n`` of it. The relative error is about ``1 / sqrt(k - 2)``, 1.6 % here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow.compute as pc

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    UintArray = npt.NDArray[np.uint64]

#: So many hashes are kept.
KEPT: Final = 4096
#: Values are counted one by one as long as no more differ.
MOST_COUNTED: Final = 2_000
_SPAN: Final = float(2**64)
_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)


class ValueCounts:
    """Count different values: one by one while they are few, by their hashes beyond.

    Attributes
    ----------
    counts
        Rows by value; ``None`` once more than `MOST_COUNTED` differed.
    """

    def __init__(self) -> None:
        self.counts: dict[Any, int] | None = {}
        self._smallest: UintArray = np.zeros(0, np.uint64)
        self._is_full = False

    def look(self, array: pa.Array) -> None:
        """Take values without nulls into account."""
        self._keep_smallest(hashes_of(array))
        if self.counts is None:
            return
        counted = pc.value_counts(array)
        if len(counted) <= MOST_COUNTED:
            values, numbers = counted.field(0).to_pylist(), counted.field(1).to_pylist()
            for value, number in zip(values, numbers, strict=True):
                self.counts[value] = self.counts.get(value, 0) + number
        if len(counted) > MOST_COUNTED or len(self.counts) > MOST_COUNTED:
            self.counts = None

    def _keep_smallest(self, hashes: UintArray) -> None:
        if self._is_full:
            hashes = hashes[hashes < self._smallest[-1]]
        if not len(hashes):
            return
        together = np.unique(np.concatenate([self._smallest, hashes]))
        self._smallest = together[:KEPT]
        self._is_full = self._is_full or len(together) > KEPT

    @property
    def is_exact(self) -> bool:
        """Whether every different value was counted."""
        return not self._is_full

    @property
    def n_distinct(self) -> int:
        """How many values differ; an estimate unless `is_exact`."""
        if not self._is_full:
            return len(self._smallest)
        return round((KEPT - 1) * _SPAN / float(self._smallest[-1]))


def hashes_of(array: pa.Array) -> UintArray:
    """Return a 64-bit hash of every value, shape ``(n,)``: equal for equal values.

    Parameters
    ----------
    array
        Numbers or text, without nulls.
    """
    import pyarrow as pa

    if pa.types.is_string(array.type):
        return scattered(_text_sums(array))
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.uint8())
    values = array.to_numpy(zero_copy_only=False)
    if values.dtype.kind == "f":
        values = values.astype(np.float64) + 0.0  # so that -0.0 is 0.0
    return scattered(values.astype(np.int64 if values.dtype.kind == "i" else values.dtype))


def scattered(values: npt.NDArray[Any]) -> UintArray:
    """Spread 64-bit patterns evenly (the finalizer of SplitMix64; Steele et al. 2014)."""
    bits = values.astype(np.uint64) if values.dtype.itemsize < 8 else values.view(np.uint64)
    bits = bits + _FACTOR
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(bits ^ (bits >> np.uint64(31)))


def _text_sums(array: pa.Array) -> UintArray:
    """Return the polynomial of each text's bytes modulo 2^64, for all texts at once.

    With ``p`` odd, ``sum(b[i] p^i)`` over a text is a difference of running sums; dividing
    by ``p^start`` (multiplying by its inverse) makes it independent of where the text lies.
    """
    offsets = np.frombuffer(array.buffers()[1], np.int32)[array.offset :][: len(array) + 1]
    start, end = int(offsets[0]), int(offsets[-1])
    data = array.buffers()[2]
    text = np.frombuffer(data, np.uint8)[start:end] if data is not None else np.zeros(0, np.uint8)
    base = np.uint64(0x100000001B3)
    powers = _powers(base, end - start + 1)
    inverse = _powers(np.uint64(pow(int(base), -1, 2**64)), end - start + 1)
    sums = np.zeros(len(text) + 1, np.uint64)
    np.cumsum((text.astype(np.uint64) + np.uint64(1)) * powers[:-1], out=sums[1:])
    first, last = offsets[:-1] - start, offsets[1:] - start
    return np.asarray((sums[last] - sums[first]) * inverse[first])


def _powers(base: np.uint64, number: int) -> UintArray:
    factors = np.full(number, base, np.uint64)
    factors[0] = 1
    return np.cumprod(factors, dtype=np.uint64)
