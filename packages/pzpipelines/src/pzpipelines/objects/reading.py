"""Reads parts of a partition, and counts what is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
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

#: Rows that are decoded at once, at least and at most: few enough to stay near the processor.
_BATCH_ROWS: Final = (1_024, 32_768)
#: Columns that are decoded side by side: each holds some pages of its own.
_COLUMNS_AT_ONCE: Final = 16
#: Bytes of decoded rows that may wait at once, unless the caller says otherwise.
BATCH_BYTES: Final = 64_000_000


@dataclass(frozen=True, slots=True)
class RowGroup:
    """What the footer of a file says of some rows and columns.

    Attributes
    ----------
    first, n_rows
        Row number in the partition of the first row; how many there are.
    columns
        Metadata of the column chunks that are asked for.
    """

    first: int
    n_rows: int
    columns: list[Any]

    @property
    def size_bytes(self) -> int:
        """Compressed bytes of the columns."""
        return int(sum(column.total_compressed_size for column in self.columns))

    def rows_in(self, n_bytes: int) -> int:
        """Return about how many rows of the columns are decoded from so many bytes."""
        total = sum(column.total_uncompressed_size for column in self.columns)
        return int(np.clip(n_bytes * self.n_rows // max(1, total), *_BATCH_ROWS))


class PartitionReader:
    """The rows of a partition, file after file.

    Parameters
    ----------
    partition
        To read.
    root
        Files that are links out of this folder are refused.
    batch_bytes
        About how many bytes of rows are decoded at once.

    Attributes
    ----------
    bytes_read, rows_read
        Compressed bytes of the column chunks that were asked for, and their rows.

    Raises
    ------
    PartitionUnreadableError
        From every method: the partition is missing, cut off, damaged, or lacks a column.
    """

    def __init__(self, partition: Partition, root: Path, batch_bytes: int = BATCH_BYTES) -> None:
        self.partition = partition
        self.bytes_read = self.rows_read = 0
        self._root = root
        self._batch_bytes = batch_bytes

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
        self, names: list[str], worth: Callable[[RowGroup], bool] = lambda group: True
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield some columns: the row number of the first row, and the rows.

        Parameters
        ----------
        names
            Columns, in this order.
        worth
            Tells whether a row group is read at all; its columns are in the
            order of ``names`` (of which none is nested).
        """
        first = 0
        for path in self._files:
            with self._opened(path) as file:
                chunks = self._chunks(path, file, names)
                for number in range(file.metadata.num_row_groups):
                    metadata = file.metadata.row_group(number)
                    columns = [metadata.column(chunk) for chunk in chunks]
                    group = RowGroup(first, metadata.num_rows, columns)
                    if worth(group):
                        yield from self._batches_of(path, file, number, group, names)
                    first += group.n_rows

    def read(self, names: list[str]) -> pa.Table:
        """Return columns of all rows."""
        return self._joined(names, [batch for _, batch in self.batches(names)])

    def take(self, names: list[str], rows: IntArray) -> pa.Table:
        """Return columns of some rows; only the row groups that hold them are read.

        Parameters
        ----------
        names
            Columns, in this order.
        rows
            Row numbers in the partition, ascending, shape ``(m,)``.
        """

        def span(first: int, n_rows: int) -> IntArray:
            low, high = np.searchsorted(rows, [first, first + n_rows])
            return rows[low:high] - first

        taken = []
        for first, batch in self.batches(
            names, lambda group: len(span(group.first, group.n_rows)) > 0
        ):
            if len(wanted := span(first, batch.num_rows)):
                taken.append(batch.take(pa.array(wanted)))
        return self._joined(names, taken)

    def _batches_of(
        self, path: Path, file: pq.ParquetFile, number: int, group: RowGroup, names: list[str]
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        self.bytes_read += group.size_bytes
        self.rows_read += group.n_rows
        first = group.first
        batches = file.iter_batches(
            group.rows_in(self._batch_bytes), row_groups=[number], columns=names
        )
        while True:
            try:
                batch = next(batches, None)
            except (OSError, *ARROW_REFUSALS) as error:
                raise unreadable(self.partition, path, error) from error
            if batch is None:
                return
            yield first, batch.select(names)
            first += batch.num_rows

    def _chunks(self, path: Path, file: pq.ParquetFile, names: list[str]) -> list[int]:
        """Return the numbers of the column chunks of columns, in the order of the columns."""
        missing = [name for name in names if name not in file.schema_arrow.names]
        if missing:
            raise PartitionUnreadableError(
                f"partition {self.partition.name}: {path.name} has no column "
                f"{', '.join(missing)}, which other partitions have; make the catalog again",
                partition=self.partition.name,
                columns=missing,
            )
        order = {name: place for place, name in enumerate(names)}
        leaves = [
            (order[top], number)
            for number in range(file.metadata.num_columns)
            if (top := file.schema.column(number).path.split(".", 1)[0]) in order
        ]
        return [number for _, number in sorted(leaves)]

    def _joined(self, names: list[str], batches: list[pa.RecordBatch]) -> pa.Table:
        if not batches:
            return pa.schema([self.schema.field(name) for name in names]).empty_table()
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
