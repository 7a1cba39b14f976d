"""Reads parts of a partition, and counts what is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pzpipelines.arrays import IntArray
from pzpipelines.objects.errors import PartitionUnreadableError
from pzpipelines.objects.partitions import Partition, unreadable
from pztables.errors import ForeignReferenceError
from pztables.formats.arrays import ARROW_REFUSALS

#: Rows that are decoded at once: few enough to stay near the processor.
BATCH_ROWS: Final = 131_072
#: Bytes of decoded columns that may wait at once.
_BATCH_BYTES: Final = 64_000_000

#: Tells of a row group (its metadata) whether it is worth reading.
GroupTest = Callable[[Any], bool]


class PartitionReader:
    """The rows of a partition, file after file.

    Parameters
    ----------
    partition
        To read.
    root
        Files that are links out of this folder are refused.

    Attributes
    ----------
    bytes_read
        Compressed bytes of the column chunks that were asked for.

    Raises
    ------
    PartitionUnreadableError
        From every method: the partition is missing, cut off, damaged, or lacks a column.
    """

    def __init__(self, partition: Partition, root: Path) -> None:
        self.partition = partition
        self.bytes_read = 0
        self._root = root

    @cached_property
    def _files(self) -> list[Path]:
        files = self.partition.files
        for file in files:
            if not file.resolve().is_relative_to(self._root.resolve()):
                raise ForeignReferenceError(
                    f"partition {self.partition.name}: {file.name} is a link to elsewhere, "
                    "which is never followed; copy the file into the catalog",
                    file=file.name,
                )
        return files

    @property
    def schema(self) -> pa.Schema:
        """Columns of the first file."""
        with self._opened(self._files[0]) as file:
            return file.schema_arrow

    def batches(
        self, names: list[str], worth: GroupTest | None = None
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield some columns: the row number of the first row, and the rows.

        Parameters
        ----------
        names
            Columns, in this order.
        worth
            Row groups (their metadata) for which it answers no are left out.
        """
        first = 0
        for path in self._files:
            with self._opened(path) as file:
                for group in range(file.metadata.num_row_groups):
                    rows = file.metadata.row_group(group)
                    if worth is None or worth(rows):
                        yield from self._batches_of(path, file, group, names, first)
                    first += rows.num_rows

    def read(self, names: list[str]) -> pa.Table:
        """Return columns of all rows."""
        batches = [batch for _, batch in self.batches(names)]
        if batches:
            return self._whole(batches)
        return pa.schema([self.schema.field(name) for name in names]).empty_table()

    def take(self, names: list[str], rows: IntArray) -> pa.Table:
        """Return columns of some rows; only the row groups that hold them are read.

        Parameters
        ----------
        names
            Columns, in this order.
        rows
            Row numbers in the partition, ascending, shape ``(m,)``.
        """
        taken = [
            batch.take(pa.array(rows[low:high] - first))
            for first, batch in self._batches_with(names, rows)
            if (low := int(np.searchsorted(rows, first)))
            < (high := int(np.searchsorted(rows, first + batch.num_rows)))
        ]
        if taken:
            return self._whole(taken)
        return pa.schema([self.schema.field(name) for name in names]).empty_table()

    def _batches_with(
        self, names: list[str], rows: IntArray
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield the batches of row groups that hold at least one of the rows."""
        place = 0

        def holds_some(group: Any) -> bool:
            nonlocal place
            low, high = np.searchsorted(rows, [place, place + group.num_rows])
            place += group.num_rows
            return bool(low < high)

        return self.batches(names, holds_some)

    def _batches_of(
        self, path: Path, file: pq.ParquetFile, group: int, names: list[str], first: int
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        self._require_columns(path, file, names)
        self.bytes_read += column_bytes(file.metadata.row_group(group), names)
        width = max(1, _row_bytes(file.metadata.row_group(group), names))
        size = int(np.clip(_BATCH_BYTES // width, 1024, BATCH_ROWS))
        batches = file.iter_batches(size, row_groups=[group], columns=names)
        while True:
            try:
                batch = next(batches, None)
            except (OSError, *ARROW_REFUSALS) as error:
                raise unreadable(self.partition, path, error) from error
            if batch is None:
                return
            yield first, batch.select(names)
            first += batch.num_rows

    def _require_columns(self, path: Path, file: pq.ParquetFile, names: list[str]) -> None:
        missing = [name for name in names if name not in file.schema_arrow.names]
        if missing:
            raise PartitionUnreadableError(
                f"partition {self.partition.name}: {path.name} has no column "
                f"{', '.join(missing)}, which other partitions have; make the catalog again",
                partition=self.partition.name,
                columns=missing,
            )

    def _whole(self, batches: list[pa.RecordBatch]) -> pa.Table:
        try:
            return pa.Table.from_batches(batches)
        except ARROW_REFUSALS as error:
            raise unreadable(self.partition, self.partition.path, error) from error

    @contextmanager
    def _opened(self, path: Path) -> Iterator[pq.ParquetFile]:
        try:
            file = pq.ParquetFile(path)
        except (OSError, *ARROW_REFUSALS) as error:
            raise unreadable(self.partition, path, error) from error
        with closing(file):
            yield file


def column_bytes(group: Any, names: list[str]) -> int:
    """Return the compressed bytes of columns in a row group."""
    return int(sum(each.total_compressed_size for each in _chunks(group, names)))


def _row_bytes(group: Any, names: list[str]) -> int:
    total = sum(each.total_uncompressed_size for each in _chunks(group, names))
    return int(total // max(1, group.num_rows))


def _chunks(group: Any, names: list[str]) -> Iterator[Any]:
    wanted = set(names)
    for number in range(group.num_columns):
        chunk = group.column(number)
        if chunk.path_in_schema.split(".", 1)[0] in wanted:
            yield chunk
