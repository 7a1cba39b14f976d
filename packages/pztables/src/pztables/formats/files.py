"""The one way to open a table for reading or writing, whatever its format."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, Self, cast

import pyarrow as pa

from pztables.errors import OptionError, TableError
from pztables.formats.damage import refuse_damage
from pztables.formats.model import TableFormat, plain_type, require_columns
from pztables.formats.sniff import COMPRESSED_SUFFIXES, sniff_format, suffix_format
from pztables.limits import DEFAULT_LIMITS, TRUSTED_LIMITS, Limits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from pztables.formats.reader import TableReader

# Imported when needed: astropy and h5py cost start-up time.
_READERS: Final = {
    TableFormat.CSV: ("csv", "CsvReader"),
    TableFormat.FITS: ("fits", "FitsReader"),
    TableFormat.HDF5: ("hdf5", "Hdf5Reader"),
    TableFormat.PARQUET: ("parquet", "ParquetReader"),
    TableFormat.VOTABLE: ("votable", "VotableReader"),
    TableFormat.HATS: ("hats", "HatsReader"),
}
_WRITERS: Final = {
    TableFormat.CSV: ("csv", "CsvWriter"),
    TableFormat.FITS: ("fits_writer", "FitsWriter"),
    TableFormat.HDF5: ("hdf5_writer", "Hdf5Writer"),
    TableFormat.PARQUET: ("parquet", "ParquetWriter"),
    TableFormat.VOTABLE: ("votable_writer", "VotableWriter"),
}


class _FormatWriter(Protocol):
    def write(self, batch: pa.RecordBatch) -> None: ...
    def finish(self) -> None: ...
    def abandon(self) -> None: ...


class TableWriter:
    """A table that is being written beside its place and moved there when complete.

    Use it as a context manager: leaving it without an error puts the file in place.
    """

    def __init__(self, path: Path, schema: pa.Schema, table_format: TableFormat) -> None:
        self._path = path
        self._partial = path.with_name(path.name + ".partial")
        self._schema = pa.schema(
            [field.with_type(plain_type(field.type)) for field in schema], schema.metadata
        )
        require_columns(path.name, schema.names, TRUSTED_LIMITS)
        module, name = _WRITERS[table_format]
        factory = getattr(importlib.import_module(f"pztables.formats.{module}"), name)
        try:
            self._writer = cast("_FormatWriter", factory(self._partial, self._schema))
        except BaseException:
            self._partial.unlink(missing_ok=True)
            raise

    def write(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Append rows; their columns must be those of the schema.

        Raises
        ------
        ValueNotStorableError
            Naming the column and the value that the format cannot hold (now or at the end).
        """
        table = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows
        for batch in table.select(self._schema.names).cast(self._schema).to_batches():
            self._writer.write(batch)

    @property
    def expected_bytes(self) -> int:
        """How large the file will be at most, where that is known before it is written; else 0."""
        return int(getattr(self._writer, "expected_bytes", 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._writer.finish()
                os.replace(self._partial, self._path)
        finally:
            self._writer.abandon()
            self._partial.unlink(missing_ok=True)


def open_table(
    path: str | Path, *, format: TableFormat | str | None = None, limits: Limits = DEFAULT_LIMITS
) -> TableReader:
    """Open a table for reading.

    Parameters
    ----------
    path
        A file, compressed or not, or a HATS directory.
    format
        Sniffed by default.
    limits
        What the file may declare; `pztables.limits.TRUSTED_LIMITS` for our own files.

    Returns
    -------
    a context manager with ``.schema``, ``.batches()`` and ``.read()``

    Raises
    ------
    TableError, TooCostlyError, ForeignReferenceError
        Naming the file, what was found and what to do.
    """
    path = Path(path)
    if not path.exists():
        raise TableError(f"{path.name}: there is no such file.", file=path.name)
    table_format = sniff_format(path) if format is None else _format_named(format)
    module, name = _READERS[table_format]
    reader = getattr(importlib.import_module(f"pztables.formats.{module}"), name)
    with refuse_damage(path.name, table_format):
        return cast("TableReader", reader(path, limits))


def read_table(
    path: str | Path,
    columns: Sequence[str] | None = None,
    format: TableFormat | str | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> pa.Table:
    """Return a whole table, or some of its columns (see `open_table`)."""
    with open_table(path, format=format, limits=limits) as reader:
        return reader.read(columns)


def open_writer(
    path: str | Path, schema: pa.Schema, format: TableFormat | str | None = None
) -> TableWriter:
    """Open a table for writing; it appears at ``path`` when the context is left.

    Parameters
    ----------
    path
        Replaced if it exists.
    schema
        Units, UCDs and descriptions are taken from the metadata of its fields.
    format
        By the suffix of the path by default.

    Raises
    ------
    OptionError
        If the format is unknown or cannot be written, or the name is that of a compressed file.
    ValueNotStorableError
        If the format cannot hold a column's type.
    """
    path = Path(path)
    if path.suffix.lower() in COMPRESSED_SUFFIXES:
        raise OptionError(
            f"{path.name}: tables are written uncompressed; leave '{path.suffix}' out of the name.",
            option="path",
        )
    table_format = suffix_format(path.name) if format is None else _format_named(format)
    if table_format is None or table_format not in _WRITERS:
        raise OptionError(
            f"{path.name}: tables are written as {', '.join(_WRITERS)}; choose one of them.",
            option="format",
        )
    return TableWriter(path, schema, table_format)


def write_table(table: pa.Table, path: str | Path, format: TableFormat | str | None = None) -> None:
    """Write a whole table (see `open_writer`)."""
    with open_writer(path, table.schema, format) as writer:
        writer.write(table)


def _format_named(name: TableFormat | str) -> TableFormat:
    try:
        return TableFormat(name)
    except ValueError:
        raise OptionError(
            f"format: '{name}' is not known; choose {', '.join(TableFormat)}.", option="format"
        ) from None
