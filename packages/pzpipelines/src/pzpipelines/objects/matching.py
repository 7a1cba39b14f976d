"""Matches positions with the objects of one partition, and reads the matched rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from pzpipelines.arrays import FloatArray, IntArray
from pzpipelines.objects.partitions import Partition, unreadable
from pzpipelines.objects.positions import Positions, positions_near
from pzpipelines.objects.reading import PartitionReader
from pzpipelines.sky.neighbours import Neighbours, nearest_vectors
from pzpipelines.sky.vectors import unit_vectors
from pztables.formats.arrays import ARROW_REFUSALS

#: A position, its vector, a node of the tree: bytes while objects are matched.
_BYTES_PER_POSITION: Final = 128


@dataclass(frozen=True, slots=True)
class MatchTask:
    """What a partition is asked for.

    Attributes
    ----------
    partition, root
        To match with; the folder of its catalog.
    position_columns
        Names of right ascension and declination.
    schema
        Of the columns of matched rows.
    radius_arcsec, n_neighbors
        As for `sky.neighbours.nearest_within`.
    batch_bytes
        About how many bytes of rows are held at once.
    """

    partition: Partition
    root: Path
    position_columns: tuple[str, str]
    schema: pa.Schema
    radius_arcsec: float
    n_neighbors: int
    batch_bytes: int


@dataclass(frozen=True, slots=True)
class PartitionMatches:
    """Matches with the objects of one partition.

    Attributes
    ----------
    left
        Number of the position, ascending, shape ``(m,)``.
    rows
        Row number of the object in the partition, shape ``(m,)``.
    places
        Row of the object in ``table``, shape ``(m,)``.
    separation_arcsec
        Arcsec along the great circle, ascending for each position, shape ``(m,)``.
    table
        Columns of the matched objects, each once, by row number.
    rows_read, bytes_read
        Rows whose position was read; compressed bytes of all column chunks that were read.
    """

    left: IntArray
    rows: IntArray
    places: IntArray
    separation_arcsec: FloatArray
    table: pa.Table
    rows_read: int
    bytes_read: int


def match_partition(task: MatchTask, ra: FloatArray, dec: FloatArray) -> PartitionMatches:
    """Find the nearest objects of a partition within a radius of each position.

    Positions of objects are read first, and only row groups that may hold one
    within reach; the other columns only where a row group holds a match.

    Parameters
    ----------
    task
        Partition and options.
    ra, dec
        ICRS degrees, finite, shape ``(n,)``.

    Raises
    ------
    PartitionUnreadableError
        If the partition is missing, cut off, damaged, or lacks a column.
    """
    reader = PartitionReader(task.partition, task.root, task.batch_bytes)
    found, positions = _nearest(task, reader, ra, dec)
    rows_read = reader.rows_read
    table = _matched_rows(task, reader, positions)
    return PartitionMatches(
        found.left,
        found.right,
        np.searchsorted(positions.rows, found.right),
        found.separation_arcsec,
        table,
        rows_read,
        reader.bytes_read,
    )


def _nearest(
    task: MatchTask, reader: PartitionReader, ra: FloatArray, dec: FloatArray
) -> tuple[Neighbours, Positions]:
    """Return the matches, and the positions of the matched objects."""
    left = unit_vectors(ra, dec)
    nothing = np.empty(0, np.int64)
    found, kept = Neighbours(nothing, nothing, np.empty(0)), Positions.joined([])
    pieces = positions_near(
        reader,
        task.position_columns,
        (ra, dec),
        radius_arcsec=task.radius_arcsec,
        piece_rows=max(1, task.batch_bytes // _BYTES_PER_POSITION),
    )
    for piece in pieces:
        more = nearest_vectors(
            left,
            unit_vectors(piece.ra, piece.dec),
            radius_arcsec=task.radius_arcsec,
            n_neighbors=task.n_neighbors,
        )
        all_ = Neighbours(
            np.concatenate([found.left, more.left]),
            np.concatenate([found.right, piece.rows[more.right]]),
            np.concatenate([found.separation_arcsec, more.separation_arcsec]),
        )
        found = all_.at(all_.nearest(task.n_neighbors)) if len(found.left) else all_
        kept = Positions.joined([kept, piece])
        kept = kept.at(np.isin(kept.rows, found.right))
    return found, kept


def _matched_rows(task: MatchTask, reader: PartitionReader, positions: Positions) -> pa.Table:
    """Return the columns of matched objects; their positions are known already."""
    known = dict(zip(task.position_columns, (positions.ra, positions.dec), strict=True))
    others = [name for name in task.schema.names if name not in known]
    read = reader.take(others, positions.rows) if others else None
    try:
        columns = [
            pa.chunked_array([pa.array(known[field.name]).cast(field.type, safe=False)])
            if field.name in known or read is None
            else read[field.name].cast(field.type)
            for field in task.schema
        ]
    except ARROW_REFUSALS as error:
        partition = task.partition
        raise unreadable(partition, partition.path, error) from error
    return pa.table(columns, schema=task.schema)
