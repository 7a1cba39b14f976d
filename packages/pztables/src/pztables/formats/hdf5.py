"""HDF5: columns in a group, a compound dataset, or a table written by pandas or astropy.

The first table that is found, outer groups first, is the table. Columns come in the order in
which they were written, where that is known.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import h5py
import pyarrow as pa

from pztables.errors import NotATableError
from pztables.formats.hdf5_columns import META_SUFFIX, Source, compound_sources, dataset_sources
from pztables.formats.hdf5_guard import require_self_contained
from pztables.formats.hdf5_pandas import fixed_sources, table_sources
from pztables.formats.model import TableFormat, TableSchema, require_columns
from pztables.formats.reader import TableReader
from pztables.formats.streams import plain_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pztables.limits import Limits


class Hdf5Reader(TableReader):
    """The first table of an HDF5 file."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self._stack = ExitStack()
        try:
            plain = self._stack.enter_context(plain_file(path, limits))
            sources, n_rows = self._find(plain)
            self._sources = {source.info.name: source for source in sources}
            require_columns(path.name, [source.info.name for source in sources], limits)
            width = sum(source.width for source in sources)
            limits.require_cells(
                path.name, rows=n_rows, width=width, size_bytes=plain.stat().st_size
            )
        except BaseException:
            self._stack.close()
            raise
        infos = tuple(source.info for source in sources)
        self.schema = TableSchema(TableFormat.HDF5, infos, n_rows=n_rows)

    def _find(self, plain: Path) -> tuple[list[Source], int]:
        file = self._stack.enter_context(h5py.File(plain, "r"))
        return self._first_table(file, require_self_contained(file, self.path.name))

    def _first_table(
        self, file: h5py.File, objects: list[tuple[str, Any]]
    ) -> tuple[list[Source], int]:
        for path, item in [("/", file), *objects]:
            if isinstance(item, h5py.Dataset):
                if item.dtype.names and item.ndim == 1 and not path.endswith(META_SUFFIX):
                    return compound_sources(item, self.path.name), len(item)
                continue
            found = self._table_in_group(item)
            if found is not None:
                return found
        shapes = [
            f"{path} {item.shape}" for path, item in objects if isinstance(item, h5py.Dataset)
        ]
        raise NotATableError(
            f"{self.path.name}: holds no table: no compound dataset and no group whose datasets "
            f"have the same length (found {', '.join(shapes[:8]) or 'no dataset'}). Write one "
            "dataset per column, all of the same length, into one group.",
            file=self.path.name, found=shapes[:20],
        )  # fmt: skip

    def _table_in_group(self, group: h5py.Group) -> tuple[list[Source], int] | None:
        kind = group.attrs.get("pandas_type")
        if isinstance(kind, bytes | str):
            name = kind.decode() if isinstance(kind, bytes) else kind
            if name == "frame_table":
                return table_sources(group, self.path.name)
            if name == "frame":
                return fixed_sources(group, self.path.name)
            return None
        if group.attrs.get("CLASS") in (b"TINDEX", b"INDEX"):
            return None
        return dataset_sources(group, self.path.name)

    def _batches(self, names: list[str], batch_rows: int) -> Iterator[pa.RecordBatch]:
        arrow = self.schema.arrow
        wanted = pa.schema([arrow.field(name) for name in names])
        n_rows = self.schema.n_rows or 0
        for start in range(0, n_rows, batch_rows):
            stop = min(start + batch_rows, n_rows)
            arrays = [self._sources[name].read(start, stop) for name in names]
            yield pa.RecordBatch.from_arrays(arrays, schema=wanted)

    def close(self) -> None:
        """Let go of the file and of its decompressed copy."""
        self._stack.close()
