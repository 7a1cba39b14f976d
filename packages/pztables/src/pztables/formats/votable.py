"""VOTable: the first table, in any of its serialisations, values inside the file only.

The XML is scanned first: document types and values stored elsewhere (``STREAM href``) are
refused, and what the table declares is checked. A NaN is NaN, unless it has the bit pattern
that means null (see `arrays`).
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from pztables.errors import (
    NotATableError,
    TableError,
    TruncatedFileError,
)
from pztables.formats.arrays import arrow_type, native, null_nan_mask, to_arrow
from pztables.formats.model import ColumnInfo, TableFormat, TableSchema, require_columns
from pztables.formats.reader import TableReader
from pztables.formats.streams import plain_file
from pztables.formats.votable_binary import fixed_column, fixed_records, fixed_type
from pztables.formats.votable_scan import scan_votable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pztables.limits import Limits


_ELEMENTS: Final = {
    "boolean": pa.bool_(), "bit": pa.bool_(), "unsignedByte": pa.uint8(), "short": pa.int16(),
    "int": pa.int32(), "long": pa.int64(), "float": pa.float32(), "double": pa.float64(),
}  # fmt: skip


class VotableReader(TableReader):
    """The first table of a VOTable; its values are in memory while it is open."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        with plain_file(path, limits) as plain:
            self._scan = scan_votable(plain, path.name)
            self._require_sane(plain.stat().st_size, limits)
            self._records = fixed_records(self._scan)
            if self._records is None:
                self._array, self._items = self._parse(plain)
        rows = self._array if self._records is None else self._records
        infos = tuple(self._info(number) for number in range(len(self._scan.fields)))
        self.schema = TableSchema(TableFormat.VOTABLE, infos, n_rows=len(rows))

    def _require_sane(self, size_bytes: int, limits: Limits) -> None:
        scan, name = self._scan, self.path.name
        if not scan.tables:
            raise NotATableError(
                f"{name}: is a VOTable without any TABLE. Save a table into it.", file=name
            )
        require_columns(name, [item.name for item in scan.fields], limits)
        most = scan.rows if scan.serialisation == "TABLEDATA" else size_bytes
        if scan.declared_rows > most:
            raise TruncatedFileError(
                f"{name}: declares {scan.declared_rows:,} rows, but cannot hold more than "
                f"{most:,}. It is cut off: save it again.",
                file=name, declared=scan.declared_rows, found=most,
            )  # fmt: skip
        rows = max(scan.rows, scan.declared_rows, 1)
        width = sum(item.length for item in scan.fields)
        limits.require_cells(name, rows=rows, width=width, size_bytes=size_bytes)

    def _parse(self, plain: Path) -> tuple[Any, list[Any]]:
        from astropy.io.votable import parse

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # foreign tables are often slightly wrong
            table = parse(str(plain), table_number=0, verify="ignore").get_first_table()
        return table.array, list(table.fields)

    def _info(self, number: int) -> ColumnInfo:
        item = self._scan.fields[number]
        data_type = fixed_type(item) if self._records is not None else self._type(number)
        return ColumnInfo(item.name, data_type, item.unit, item.ucd, item.description)

    def _type(self, number: int) -> pa.DataType:
        item = self._items[number]
        dtype = self._array.dtype.fields[item.ID][0]
        base, shape = dtype.subdtype or (dtype, ())
        if item.datatype in ("char", "unicodeChar"):
            return pa.list_(pa.string()) if shape else pa.string()
        if base.kind == "O":
            return pa.list_(self._element_type(item))
        if base.kind == "c":
            part = np.dtype(np.float32 if base.itemsize == 8 else np.float64)
            return arrow_type(part, 2 * math.prod(shape))
        plain = arrow_type(base)
        return pa.list_(plain, math.prod(shape)) if shape else plain

    def _element_type(self, item: Any) -> pa.DataType:
        if item.datatype not in _ELEMENTS:
            raise TableError(
                f"{self.path.name}: column '{item.name}' holds arrays of {item.datatype} with "
                "variable length, which are not read. Save it as numbers or leave it out.",
                file=self.path.name, column=item.name,
            )  # fmt: skip
        return _ELEMENTS[item.datatype]

    def _batches(self, names: list[str], batch_rows: int) -> Iterator[pa.RecordBatch]:
        arrow = self.schema.arrow
        wanted = pa.schema([arrow.field(name) for name in names])
        numbers = [arrow.get_field_index(name) for name in names]
        for start in range(0, self.schema.n_rows or 0, batch_rows):
            arrays = [self._piece(number, start, start + batch_rows) for number in numbers]
            yield pa.RecordBatch.from_arrays(arrays, schema=wanted)

    def _piece(self, number: int, start: int, stop: int) -> pa.Array:
        if self._records is not None:
            rows = self._records[start:stop]
            return fixed_column(rows, number, self._scan.fields[number], self.path.name)
        rows = self._array[start:stop]
        return self._column(rows[self._items[number].ID], self.schema.columns[number].type)

    def _column(self, column: Any, data_type: pa.DataType) -> pa.Array:
        values, mask = np.ma.getdata(column), np.ma.getmaskarray(column)
        if pa.types.is_string(data_type):
            texts = [_text(item) for item in values]
            if self._scan.serialisation == "TABLEDATA":  # an empty cell is null
                mask = mask | np.fromiter((not text for text in texts), bool, len(texts))
            return pa.array(texts, type=data_type, mask=mask)
        if values.dtype.kind in "OSU":
            return _lists(values, mask, data_type)
        values = native(values)
        if values.dtype.kind == "c":
            values = values.view(np.float32 if values.dtype.itemsize == 8 else np.float64)
            mask = np.zeros(values.shape, bool)
        if pa.types.is_fixed_size_list(data_type):
            values = values.reshape(len(column), -1)
            mask = mask.reshape(values.shape)
        if values.dtype.kind == "f":
            # astropy masks every NaN; only ours mean null
            nulls = null_nan_mask(values)
            mask = (mask & ~np.isnan(values)) | (False if nulls is None else nulls)
        return to_arrow(values, mask, data_type)


def _text(item: Any) -> str:
    return item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item)


def _lists(values: Any, mask: Any, data_type: pa.DataType) -> pa.Array:
    """Return cells with variable-length arrays as lists."""
    cells: list[Any] = []
    for item, is_null in zip(values, mask.reshape(len(values), -1).all(axis=1), strict=True):
        if is_null or item is None:
            cells.append(None)
        elif pa.types.is_string(data_type.value_type):
            cells.append([_text(part) for part in np.ravel(item)])
        else:
            cells.append(np.ma.ravel(item).tolist())
    return pa.array(cells, type=data_type)
