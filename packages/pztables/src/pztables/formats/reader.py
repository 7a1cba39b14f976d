"""What every open table can do, whatever its format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, Self

import pyarrow as pa

from pztables.errors import ColumnMissingError
from pztables.formats.damage import refuse_damage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from pztables.formats.model import TableSchema

#: Rows that are in memory at once unless the caller says otherwise.
BATCH_ROWS: Final = 65_536


class TableReader(ABC):
    """An open table: its schema now, its rows in pieces.

    Use it as a context manager; batches may be asked for more than once.
    """

    schema: TableSchema
    path: Path

    @abstractmethod
    def _batches(self, names: list[str], batch_rows: int) -> Iterator[pa.RecordBatch]:
        """Yield the named columns in that order, at most about ``batch_rows`` rows at once."""

    def batches(
        self, columns: Sequence[str] | None = None, batch_rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows in file order.

        Parameters
        ----------
        columns
            Names, in the order wanted; all in file order by default.
        batch_rows
            Most rows in one batch.

        Raises
        ------
        ColumnMissingError
            Naming the columns that the table does not have.
        TableError
            If the file turns out to be broken.
        """
        names = self.schema.names if columns is None else list(columns)
        known = set(self.schema.names)
        missing = [name for name in names if name not in known]
        if missing:
            raise ColumnMissingError(
                f"{self.path.name}: has no column {', '.join(map(repr, missing))}; "
                f"it has {', '.join(self.schema.names[:20])}.",
                file=self.path.name, columns=missing,
            )  # fmt: skip
        with refuse_damage(self.path.name, self.schema.format):
            for batch in self._batches(names, batch_rows):
                for start in range(0, batch.num_rows, batch_rows):
                    yield batch.slice(start, batch_rows)

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return all rows of some or all columns as one table."""
        arrow = self.schema.arrow
        if columns is not None:
            known = set(arrow.names)
            arrow = pa.schema([arrow.field(name) for name in columns if name in known])
        return pa.Table.from_batches(list(self.batches(columns)), schema=arrow)

    def close(self) -> None:  # noqa: B027 - most readers hold nothing open
        """Let go of the file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
