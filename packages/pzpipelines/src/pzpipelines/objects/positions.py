"""The positions of a partition that matter to a few positions elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pzpipelines.arrays import BoolArray, FloatArray, IntArray
from pzpipelines.objects.reading import PartitionReader, RowGroup
from pzpipelines.sky.nearby import NearbyTest
from pztables.formats.arrays import ARROW_REFUSALS


@dataclass(frozen=True, slots=True)
class Positions:
    """Positions of some rows of a partition.

    Attributes
    ----------
    rows
        Row numbers in the partition, ascending, shape ``(m,)``.
    ra, dec
        Degrees, finite, shape ``(m,)``.
    """

    rows: IntArray
    ra: FloatArray
    dec: FloatArray

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, places: IntArray | BoolArray) -> Positions:
        """Return some of them."""
        return Positions(self.rows[places], self.ra[places], self.dec[places])

    @classmethod
    def joined(cls, parts: list[Positions]) -> Positions:
        """Return all of several, in order."""
        if not parts:
            return cls(np.empty(0, np.int64), np.empty(0), np.empty(0))
        return cls(
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.ra for part in parts]),
            np.concatenate([part.dec for part in parts]),
        )


def positions_near(
    reader: PartitionReader,
    columns: tuple[str, str],
    around: tuple[FloatArray, FloatArray],
    *,
    radius_arcsec: float,
    piece_rows: int,
) -> Iterator[Positions]:
    """Yield the rows of a partition that may be within a radius of given positions.

    Parameters
    ----------
    reader
        Of the partition; row groups are left out where statistics allow.
    columns
        Names of right ascension and declination.
    around
        ``(ra, dec)``, ICRS degrees, finite, each of shape ``(n,)``.
    radius_arcsec
        Arcsec along the great circle.
    piece_rows
        About how many rows are yielded at once at most.
    """
    is_near = NearbyTest(*around, radius_arcsec)
    waiting: list[Positions] = []
    for first, batch in reader.batches(list(columns), _box_test(*around, radius_arcsec)):
        ra, dec = (_degrees(batch.column(place)) for place in (0, 1))
        near = np.flatnonzero(is_near(ra, dec) & (np.abs(dec) <= 90))
        if len(near):
            waiting.append(Positions(near + first, ra[near], dec[near]))
        if sum(map(len, waiting)) >= piece_rows:
            yield Positions.joined(waiting)
            waiting = []
    if waiting:
        yield Positions.joined(waiting)


def _degrees(column: pa.Array) -> FloatArray:
    values = column.cast(pa.float64(), safe=False)
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)


def _box_test(ra: FloatArray, dec: FloatArray, radius_arcsec: float) -> Callable[[RowGroup], bool]:
    """Return a test whether the box of a row group's positions is within reach of any position."""
    radius = radius_arcsec / 3600 * (1 + 1e-6) + 1e-9
    cosine = np.cos(np.radians(dec))
    # A circle around a pole reaches every right ascension.
    ratio = np.divide(np.sin(np.radians(radius)), cosine, out=np.ones(len(dec)), where=cosine > 0)
    reach = np.where(ratio < 1, np.degrees(np.arcsin(np.minimum(ratio, 1.0))), 180.0) + 1e-9

    def is_near(group: RowGroup) -> bool:
        ra_box, dec_box = (_range(column) for column in group.columns)
        if dec_box is None:
            return True
        near = (dec >= dec_box[0] - radius) & (dec <= dec_box[1] + radius)
        if ra_box is not None:
            middle, half = (ra_box[0] + ra_box[1]) / 2, (ra_box[1] - ra_box[0]) / 2
            near &= np.abs((ra - middle + 180) % 360 - 180) <= half + reach
        return bool(near.any())

    return is_near


def _range(column: object) -> tuple[float, float] | None:
    """Return the least and the greatest value of a column chunk, as far as its statistics tell."""
    statistics = getattr(column, "statistics", None)
    if statistics is None or not statistics.has_min_max:
        return None
    try:
        low, high = float(statistics.min), float(statistics.max)
    except (TypeError, ValueError, *ARROW_REFUSALS):
        return None
    return (low, high) if np.isfinite([low, high]).all() else None
