"""Parquet: row groups in a stream, units and UCDs from VOParquet metadata."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pztables.formats.model import (
    ColumnInfo,
    TableFormat,
    TableSchema,
    cast_column,
    plain_type,
    require_columns,
)
from pztables.formats.reader import TableReader
from pztables.formats.streams import plain_file
from pztables.formats.voheader import field_element, field_meanings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pztables.limits import Limits

VO_CONTENT: Final = b"IVOA.VOTable-Parquet.content"
VO_VERSION: Final = b"IVOA.VOTable-Parquet.version"
ROW_GROUP_ROWS: Final = 100_000
_SAMPLE_ROWS: Final = 10_000
_FOOTER_LIMIT: Final = 100_000_000


class ParquetReader(TableReader):
    """A Parquet file, read by row groups."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self._stack = ExitStack()
        try:
            plain = self._stack.enter_context(plain_file(path, limits))
            self._file = self._stack.enter_context(_open(plain))
            self.schema = self._read_schema(plain.stat().st_size, limits)
        except BaseException:
            self._stack.close()
            raise

    def _read_schema(self, size_bytes: int, limits: Limits) -> TableSchema:
        name = self.path.name
        arrow = self._file.schema_arrow
        require_columns(name, arrow.names, limits)
        metadata = self._file.metadata
        width = metadata.num_columns + _vector_values(arrow)
        limits.require_cells(name, rows=metadata.num_rows, width=width, size_bytes=size_bytes)
        meanings = field_meanings((arrow.metadata or {}).get(VO_CONTENT, b""), name)
        columns = [
            ColumnInfo.from_arrow_field(field.with_type(plain_type(field.type))).with_meaning(
                meanings.get(field.name)
            )
            for field in arrow
        ]
        return TableSchema(TableFormat.PARQUET, tuple(columns), n_rows=metadata.num_rows)

    def _batches(self, names: list[str], batch_rows: int) -> Iterator[pa.RecordBatch]:
        arrow = self.schema.arrow
        fields = [arrow.field(name) for name in names]
        wanted = pa.schema(fields)
        for batch in self._file.iter_batches(batch_rows, columns=names):
            arrays = [cast_column(batch.column(field.name), field.type) for field in fields]
            yield _batch(arrays, wanted, batch.num_rows)

    def close(self) -> None:
        """Let go of the file and of its decompressed copy."""
        self._stack.close()


class ParquetWriter:
    """Write batches as one Parquet file: zstd, row groups of 100,000 rows, VOParquet metadata."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self._schema = _with_vo_metadata(schema)
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        self._waiting.append(batch)
        self._rows += batch.num_rows
        if self._rows >= ROW_GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            table = pa.Table.from_batches(self._waiting).cast(self._schema)
            writer = self._opened(table)
            writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
        self._waiting, self._rows = [], 0

    def _opened(self, first_rows: pa.Table) -> pq.ParquetWriter:
        """Return the writer, made when the first rows show which columns repeat themselves."""
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._path,
                self._schema,
                compression="zstd",
                use_dictionary=_repetitive_columns(first_rows),
            )
        return self._writer

    def finish(self) -> None:
        """Write what waits and the footer."""
        self._flush()
        self._opened(self._schema.empty_table()).close()

    def abandon(self) -> None:
        """Let go of the file; the caller removes it."""
        if self._writer is not None:
            self._writer.close()


def _repetitive_columns(table: pa.Table) -> list[str]:
    """Return the columns worth a dictionary: for all others it costs time and even space."""
    sample = table.slice(0, _SAMPLE_ROWS)
    return [
        field.name
        for field in table.schema
        if not pa.types.is_nested(field.type)
        and pc.count_distinct(sample[field.name], mode="all").as_py() * 2 <= len(sample)
    ]


def _open(path: Path) -> pq.ParquetFile:
    return pq.ParquetFile(
        path,
        # Otherwise every part of the file that was read stays in memory until the last one is.
        pre_buffer=False,
        thrift_string_size_limit=_FOOTER_LIMIT,
        thrift_container_size_limit=10_000_000,
    )


def _batch(arrays: list[Any], schema: pa.Schema, n_rows: int) -> pa.RecordBatch:
    if not arrays:
        return pa.RecordBatch.from_struct_array(pa.array([{}] * n_rows, pa.struct([])))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _vector_values(schema: pa.Schema) -> int:
    return sum(
        field.type.list_size - 1 for field in schema if pa.types.is_fixed_size_list(field.type)
    )


def _with_vo_metadata(schema: pa.Schema) -> pa.Schema:
    metadata = {
        key: value for key, value in (schema.metadata or {}).items() if key != b"ARROW:schema"
    }
    metadata[VO_VERSION] = b"1.0"
    metadata[VO_CONTENT] = vo_header(schema).encode()
    return schema.with_metadata(metadata)


def vo_header(schema: pa.Schema) -> str:
    """Return the data-less VOTable that carries units, UCDs and descriptions (VOParquet 1.0)."""
    fields = "".join(field_element(ColumnInfo.from_arrow_field(field)) for field in schema)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
        f"<RESOURCE><TABLE>{fields}</TABLE></RESOURCE></VOTABLE>"
    )
