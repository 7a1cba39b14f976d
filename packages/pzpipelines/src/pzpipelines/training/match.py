"""Matches redshifts with the objects of a catalog, partition by partition.

A position near the border of a partition is matched with every partition that
it reaches, and keeps the nearest objects of all: margins of the catalog are not
needed, and a radius may be wider than they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from pzpipelines.arrays import FloatArray, IntArray
from pzpipelines.objects.catalog import ObjectCatalog
from pzpipelines.objects.matching import MatchTask, PartitionMatches, match_partition
from pzpipelines.objects.partitions import Partition
from pzpipelines.sky.neighbours import Neighbours
from pzpipelines.sky.overlap import Overlap, overlap_with_pixels
from pzpipelines.sky.pairs import require_radius
from pztables.errors import ColumnMissingError, UserError

#: Told how many partitions are done, and how many there are.
Progress = Callable[[int, int], None]

_TASKS_PER_WORKER: Final = 2
#: Share of the memory for the rows that each worker holds, and their least and most bytes.
_WORKERS_SHARE: Final = 0.1
_BATCH_BYTES: Final = (1_000_000, 64_000_000)
#: Share of the memory that the result may fill.
_RESULT_SHARE: Final = 0.5
#: Objects are numbered by the place of their partition, then by their row in it.
_ROW_BITS: Final = 40


class TooManyMatchesError(UserError):
    """The matches would not fit in the memory of the run."""

    code = "too_many_matches"


@dataclass(frozen=True, slots=True)
class MatchStatistics:
    """What was read for the matches.

    Attributes
    ----------
    partitions
        Of the whole catalog.
    partitions_overlapping, partitions_read
        Those within reach of any redshift; those of which rows were read.
    rows_read
        Objects whose position was read.
    bytes_read
        Compressed bytes of all column chunks that were read.
    """

    partitions: int
    partitions_overlapping: int
    partitions_read: int
    rows_read: int
    bytes_read: int


@dataclass(frozen=True, slots=True)
class Matches:
    """Redshifts with their nearest objects: by redshift, nearest first, then as in the catalog.

    Attributes
    ----------
    left
        Row number of the redshift, shape ``(m,)``.
    objects
        Number of the object: the same for the same object, ascending in the
        order of the catalog, shape ``(m,)``.
    table
        The chosen columns of the object of each match, ``m`` rows.
    separation_arcsec
        Arcsec along the great circle, shape ``(m,)``.
    statistics
        What was read.
    """

    left: IntArray
    objects: IntArray
    table: pa.Table
    separation_arcsec: FloatArray
    statistics: MatchStatistics


def overlapping(
    ra: FloatArray, dec: FloatArray, catalog: ObjectCatalog, *, radius_arcsec: float
) -> list[Partition]:
    """Return the partitions that may hold an object within a radius of any position.

    Parameters
    ----------
    ra, dec
        ICRS degrees, finite, shape ``(n,)``.
    catalog
        Of the objects.
    radius_arcsec
        Arcsec along the great circle.
    """
    overlap = _overlap(ra, dec, catalog, radius_arcsec)
    return [catalog.partitions[place] for place in overlap.distinct_places]


def match_objects(
    redshifts: tuple[FloatArray, FloatArray],
    catalog: ObjectCatalog,
    *,
    radius_arcsec: float,
    n_neighbors: int,
    columns: Sequence[str],
    executor: Executor,
    workers: int,
    memory_bytes: int,
    on_progress: Progress,
) -> Matches:
    """Find for each redshift the nearest objects within a radius, and read their columns.

    The result depends neither on the partitions nor on the executor.

    Parameters
    ----------
    redshifts
        ``(ra, dec)``, ICRS degrees, finite, each of shape ``(n,)``.
    catalog
        Of the objects; those without a position match nothing.
    radius_arcsec
        Arcsec along the great circle, above 0; the boundary is inside.
    n_neighbors
        How many objects a redshift may have at most; of equally distant ones
        the first in the order of the catalog comes first.
    columns
        Of the objects, in the order of the result.
    executor, workers
        Runs partitions; how many at once.
    memory_bytes
        Aim for the peak.
    on_progress
        Told after each partition.

    Raises
    ------
    RadiusError
        If ``radius_arcsec`` is not positive.
    ColumnMissingError
        If the catalog has no such column.
    PartitionUnreadableError
        If a partition within reach is missing, cut off or damaged.
    TooManyMatchesError
        If the matches would not fit in the memory.
    """
    require_radius(radius_arcsec)
    ra, dec = redshifts
    schema = _schema_of(catalog, columns)
    overlap = _overlap(ra, dec, catalog, radius_arcsec)
    places = overlap.distinct_places
    collected = _Collected(catalog, len(places), memory_bytes * _RESULT_SHARE, on_progress)
    batch_bytes = int(np.clip(memory_bytes * _WORKERS_SHARE / workers, *_BATCH_BYTES))
    waiting: dict[Future[PartitionMatches], tuple[int, IntArray]] = {}
    for place in places:
        if len(waiting) >= workers * _TASKS_PER_WORKER:
            collected.take_over(waiting)
        task = MatchTask(
            catalog.partitions[place], catalog.path, (catalog.ra, catalog.dec), schema,
            radius_arcsec, n_neighbors, batch_bytes,
        )  # fmt: skip
        rows = overlap.rows_at(place)
        waiting[executor.submit(match_partition, task, ra[rows], dec[rows])] = (place, rows)
    while waiting:
        collected.take_over(waiting)
    return collected.matches(schema, n_neighbors)


def _overlap(
    ra: FloatArray, dec: FloatArray, catalog: ObjectCatalog, radius_arcsec: float
) -> Overlap:
    orders = np.array([partition.order for partition in catalog.partitions], np.int64)
    pixels = np.array([partition.pixel for partition in catalog.partitions], np.int64)
    return overlap_with_pixels(ra, dec, orders, pixels, radius_arcsec=radius_arcsec)


def _schema_of(catalog: ObjectCatalog, columns: Sequence[str]) -> pa.Schema:
    missing = [name for name in columns if name not in catalog.schema.names]
    if missing:
        raise ColumnMissingError(
            f"{catalog.name} has no column {', '.join(missing)}", columns=missing
        )
    return pa.schema([catalog.schema.field(name) for name in columns])


class _Collected:
    """The matches of the partitions that are done."""

    def __init__(
        self, catalog: ObjectCatalog, n_partitions: int, most_bytes: float, on_progress: Progress
    ) -> None:
        self._catalog = catalog
        self._n_partitions = n_partitions
        self._most_bytes = most_bytes
        self._on_progress = on_progress
        self._found: dict[int, tuple[IntArray, PartitionMatches]] = {}
        self._bytes = 0.0

    def take_over(self, waiting: dict[Future[PartitionMatches], tuple[int, IntArray]]) -> None:
        """Wait for at least one task and take over the results of all that are done."""
        done, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            place, rows = waiting.pop(future)
            found = future.result()
            self._found[place] = (rows[found.left], found)
            self._require_room(found)
            self._on_progress(len(self._found), self._n_partitions)

    def _require_room(self, found: PartitionMatches) -> None:
        per_match = found.table.nbytes / max(1, found.table.num_rows) + 24
        self._bytes += per_match * len(found.left)
        if self._bytes > self._most_bytes:
            raise TooManyMatchesError(
                f"the matches with {self._catalog.name} do not fit in the memory of the run "
                f"({self._bytes / 1e6:,.0f} MB after {len(self._found)} of {self._n_partitions} "
                "partitions); choose fewer columns, fewer neighbors or a smaller radius",
                bytes=int(self._bytes),
            )

    def matches(self, schema: pa.Schema, n_neighbors: int) -> Matches:
        """Return the matches of all partitions in the order of the redshifts."""
        found = sorted(self._found.items())
        joined = _joined(found)
        chosen = joined.nearest(n_neighbors)
        nearest = joined.at(chosen)
        return Matches(
            nearest.left,
            nearest.right,
            _rows_of(found, chosen, schema),
            nearest.separation_arcsec,
            MatchStatistics(
                partitions=len(self._catalog.partitions),
                partitions_overlapping=self._n_partitions,
                partitions_read=sum(part.rows_read > 0 for _, (_, part) in found),
                rows_read=sum(part.rows_read for _, (_, part) in found),
                bytes_read=sum(part.bytes_read for _, (_, part) in found),
            ),
        )


_Found = list[tuple[int, tuple[IntArray, PartitionMatches]]]


def _joined(found: _Found) -> Neighbours:
    """Return the matches of all partitions; objects are numbered across them."""
    if not found:
        return Neighbours(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    return Neighbours(
        np.concatenate([left for _, (left, _) in found]),
        np.concatenate([part.rows + (place << _ROW_BITS) for place, (_, part) in found]),
        np.concatenate([part.separation_arcsec for _, (_, part) in found]),
    )


def _rows_of(found: _Found, chosen: IntArray, schema: pa.Schema) -> pa.Table:
    """Return the columns of the objects of chosen matches."""
    if not found:
        return schema.empty_table()
    sizes = [part.table.num_rows for _, (_, part) in found]
    firsts = np.cumsum([0, *sizes[:-1]])
    places = np.concatenate(
        [part.places + first for first, (_, (_, part)) in zip(firsts, found, strict=True)]
    )
    table = pa.concat_tables([part.table for _, (_, part) in found]).combine_chunks()
    return table.take(pa.array(places[chosen]))
