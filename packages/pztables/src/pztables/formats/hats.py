"""HATS: a catalog, or the catalog of a collection, read partition by partition in sky order.

Only properties files and Parquet are needed: no library of the format.
"""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from pztables.errors import ForeignReferenceError, NotATableError, TableError
from pztables.formats.arrays import ARROW_REFUSALS
from pztables.formats.model import TableFormat, TableSchema, cast_column
from pztables.formats.parquet import ParquetReader
from pztables.formats.reader import TableReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pztables.limits import Limits

COLLECTION_FILE: Final = "collection.properties"
CATALOG_FILES: Final = ("hats.properties", "properties")
_PARTITION: Final = re.compile(r"Norder=(\d+)/(?:Dir=\d+/)?Npix=(\d+)(?:\.parquet|/.+\.parquet)$")
_PROPERTIES_BYTES: Final = 1_000_000
_DEEPEST_ORDER: Final = 29
# Where a row is in the tree, and the index of HATS: not the user's columns.
_TREE_COLUMNS: Final = frozenset({"Norder", "Dir", "Npix", "_healpix_29", "_hipscat_index"})


def read_properties(path: Path) -> dict[str, str]:
    """Return the ``key=value`` lines of a properties file."""
    if path.stat().st_size > _PROPERTIES_BYTES:
        return {}
    lines = path.read_text("utf-8", "replace").splitlines()
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, value in pairs}


def catalog_folder(root: Path) -> Path | None:
    """Return the folder of the object catalog that a directory holds, or ``None``.

    Raises
    ------
    ForeignReferenceError
        If a collection names a catalog outside of itself.
    """
    collection = root / COLLECTION_FILE
    if collection.is_file():
        named = read_properties(collection).get("hats_primary_table_url", "")
        folder = (root / named).resolve()
        if not named or not folder.is_relative_to(root.resolve()):
            raise ForeignReferenceError(
                f"{root.name}: its {COLLECTION_FILE} names a catalog outside of the collection "
                f"('{named}'), which is never followed. Put the catalog into the collection.",
                file=root.name,
            )
        return folder if _is_catalog(folder) else None
    return root if _is_catalog(root) else None


def _is_catalog(folder: Path) -> bool:
    for name in CATALOG_FILES:
        if (folder / name).is_file():
            kind = read_properties(folder / name).get("dataproduct_type") or read_properties(
                folder / name
            ).get("catalog_type")
            return kind == "object" and bool(partitions(folder))
    return False


def partitions(folder: Path) -> list[Path]:
    """Return the Parquet files of a catalog in the order of their place on the sky."""
    base = folder / "dataset" if (folder / "dataset").is_dir() else folder
    found = []
    for path in base.rglob("*.parquet"):
        match = _PARTITION.search(path.relative_to(base).as_posix())
        if match and path.is_file():
            order, pixel = int(match[1]), int(match[2])
            if order <= _DEEPEST_ORDER:
                found.append((pixel << 2 * (_DEEPEST_ORDER - order), path.as_posix(), path))
    return [path for _, _, path in sorted(found)]


def require_hats(path: Path) -> Path:
    """Return the catalog folder of a HATS directory.

    Raises
    ------
    NotATableError
        If the directory is none.
    """
    folder = catalog_folder(path)
    if folder is None:
        raise NotATableError(
            f"{path.name}: is a directory, but no HATS catalog: there is no "
            f"{COLLECTION_FILE} or hats.properties of an object catalog with Parquet partitions. "
            "Give one file, or a HATS collection.",
            file=path.name,
        )
    return folder


class HatsReader(TableReader):
    """All rows of a HATS object catalog."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self._limits = limits
        folder = require_hats(path)
        self._files = partitions(folder)
        for file in self._files:
            if not file.resolve().is_relative_to(path.resolve()):
                raise ForeignReferenceError(
                    f"{path.name}: {file.name} is a link to elsewhere, which is never followed.",
                    file=path.name,
                )
        self.schema = self._read_schema(folder)

    def _read_schema(self, folder: Path) -> TableSchema:
        n_rows = 0
        columns = None
        for file in self._files:
            with closing(ParquetReader(file, self._limits)) as reader:
                n_rows += reader.schema.n_rows or 0
                columns = columns or reader.schema.columns
        index = next(
            (
                read_properties(folder / name).get("hats_col_healpix", "")
                for name in CATALOG_FILES
                if (folder / name).is_file()
            ),
            "",
        )
        own = tuple(c for c in columns or () if c.name not in _TREE_COLUMNS and c.name != index)
        size = sum(file.stat().st_size for file in self._files)
        self._limits.require_cells(self.path.name, rows=n_rows, width=len(own), size_bytes=size)
        return TableSchema(TableFormat.HATS, tuple(replace(c) for c in own), n_rows=n_rows)

    def _batches(self, names: list[str], batch_rows: int) -> Iterator[pa.RecordBatch]:
        arrow = self.schema.arrow
        wanted = pa.schema([arrow.field(name) for name in names])
        for file in self._files:
            with closing(ParquetReader(file, self._limits)) as reader:
                missing = [name for name in names if name not in reader.schema.names]
                if missing:
                    raise TableError(
                        f"{self.path.name}: partition {file.name} has no column "
                        f"{', '.join(missing)}. Write the catalog again.",
                        file=self.path.name, columns=missing,
                    )  # fmt: skip
                for batch in reader.batches(names, batch_rows):
                    yield self._cast(batch, wanted, file)

    def _cast(self, batch: pa.RecordBatch, wanted: pa.Schema, file: Path) -> pa.RecordBatch:
        try:
            arrays = [
                cast_column(batch.column(number), field.type) for number, field in enumerate(wanted)
            ]
        except ARROW_REFUSALS as error:
            raise TableError(
                f"{self.path.name}: partition {file.name} has other column types than the first "
                f"({error}). Write the catalog again.",
                file=self.path.name,
            ) from error
        return pa.RecordBatch.from_arrays(arrays, schema=wanted)
