"""Gives hats-import the rows of our tables; imported only where that library is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from hats_import.catalog.file_readers.input_reader import InputReader

from pzpipelines.objects.importing.positions import on_sky
from pzpipelines.objects.importing.tables import ObjectTables


class TableRows(InputReader):
    """Reads the rows of one table in pieces.

    Parameters
    ----------
    tables
        What all files hold.
    skip_bad_rows
        Leave out rows without a valid position.
    """

    def __init__(self, tables: ObjectTables, *, skip_bad_rows: bool) -> None:
        super().__init__()
        self.tables = tables
        self.skip_bad_rows = skip_bad_rows

    def read(self, input_file: Any, read_columns: list[str] | None = None) -> Iterator[pa.Table]:
        """Yield the rows of a file; of all columns, or of some."""
        positions = {self.tables.ra, self.tables.dec}
        names = None if read_columns is None else list({*read_columns, *positions})
        for batch in self.tables.rows_of(Path(str(input_file)), names):
            rows = batch
            if self.skip_bad_rows:
                rows = batch.filter(pa.array(on_sky(batch, self.tables)))
            if rows.num_rows:
                yield rows if read_columns is None else rows.select(read_columns)
