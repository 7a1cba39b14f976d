"""Prepared catalogs between preparation and writing: in memory, or on disk when large."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from pzpipelines.arrays import IntArray

#: Share of the memory aim that prepared tables may fill; the rest is for matching.
_SHARE_OF_MEMORY = 0.3


@dataclass(slots=True)
class PreparedStore:
    """Prepared tables of the catalogs, in order.

    Tables stay in memory until together they exceed their share of the memory
    aim; from then on each is written to an Arrow file and mapped, so that the
    system may drop its pages.

    Attributes
    ----------
    folder
        Where tables are written, gone with the run.
    memory_bytes
        The aim for the whole run.
    """

    folder: Path
    memory_bytes: int
    tables: list[pa.Table] = field(default_factory=list)
    _held_bytes: int = 0

    def add(self, table: pa.Table) -> None:
        """Take over the next catalog."""
        if self._held_bytes + table.nbytes > _SHARE_OF_MEMORY * self.memory_bytes:
            table = self._mapped(table)
        else:
            self._held_bytes += table.nbytes
        self.tables.append(table)

    def _mapped(self, table: pa.Table) -> pa.Table:
        path = self.folder / f"prepared_{len(self.tables):04d}.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=1 << 18)
        return pa.ipc.open_file(pa.memory_map(str(path))).read_all()

    @property
    def schemas(self) -> list[pa.Schema]:
        """Schemas of the tables."""
        return [table.schema for table in self.tables]

    @property
    def first_rows(self) -> IntArray:
        """Where each catalog begins in the whole, and where the last one ends."""
        return np.concatenate([[0], np.cumsum([len(table) for table in self.tables])]).astype(
            np.int64
        )

    def slices(self, max_rows: int) -> Iterator[tuple[int, pa.Table]]:
        """Yield all rows in order, in pieces of one catalog each.

        Parameters
        ----------
        max_rows
            Rows in a piece.

        Yields
        ------
        number of the first row in the whole, and the piece
        """
        for start, table in zip(self.first_rows, self.tables, strict=False):
            for first in range(0, len(table), max_rows):
                yield int(start) + first, table.slice(first, max_rows)
