"""HDF5: one dataset per column at the root, in order, as tables_io reads them.

Nulls: integers, booleans and text by a value that nothing else has, named in the attribute
``_FillValue`` (as CF and netCDF do); floating point by a NaN of its own bit pattern (see
`arrays`). Text is UTF-8 of fixed width. Booleans with nulls are bytes 0, 1 and 255 with the
attribute ``logical``. Units, UCDs and descriptions are attributes; what is said of the table as a
whole are attributes of the root.
"""

from __future__ import annotations

from typing import Any, Final

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pztables.errors import ValueNotStorableError
from pztables.formats.arrays import filled_with_null_nan
from pztables.formats.model import ColumnInfo
from pztables.formats.spool import SpooledWriter, StoredColumn

_CHUNK_BYTES: Final = 1 << 18
_NULL_TEXTS: Final = ("", "<NA>", "<null>", "\x7f", "\x7fnull")
_NULL_BOOLEAN: Final = 255


class Hdf5Writer(SpooledWriter):
    """A group of columns."""

    format_name = "HDF5"

    def _require_name(self, name: str) -> None:
        if "/" in name or "\0" in name or name in (".", ""):
            raise ValueNotStorableError(
                f"{self._file}: HDF5 cannot hold a column named {name!r}. Rename the column or "
                "choose Parquet.",
                file=self._file, column=name,
            )  # fmt: skip

    def _write(self) -> None:
        with h5py.File(self._path, "w", track_order=True, libver=("v108", "latest")) as file:
            file.attrs.update(self.remarks)
            fills = {column.name: self._fill(column) for column in self.columns}
            for column in self.columns:
                self._create(file, column, fills[column.name])
            start = 0
            for batch in self._batches():
                stop = start + batch.num_rows
                for column in self.columns:
                    values = _values(column, batch.column(column.name), fills[column.name])
                    file[column.name][start:stop] = values
                start = stop

    def _create(self, file: h5py.File, column: StoredColumn, fill: Any) -> None:
        dtype = _dtype(column, fill)
        shape = (self.n_rows, column.width) if column.is_vector else (self.n_rows,)
        row_bytes = max(1, dtype.itemsize * column.width)
        rows = max(1, min(self.n_rows, _CHUNK_BYTES // row_bytes))
        chunks = (rows, *shape[1:]) if self.n_rows and column.width else None
        dataset = file.create_dataset(
            column.name, shape, dtype, chunks=chunks, compression="gzip" if chunks else None,
            compression_opts=1 if chunks else None, shuffle=bool(chunks),
        )  # fmt: skip
        info = ColumnInfo.from_arrow_field(column.field)
        for key, text in (
            ("unit", info.unit),
            ("ucd", info.ucd),
            ("description", info.description),
        ):
            if text:
                dataset.attrs[key] = text
        if fill is not None:
            dataset.attrs["_FillValue"] = fill if isinstance(fill, str) else dtype.type(fill)
            if pa.types.is_boolean(column.value_type):
                dataset.attrs["logical"] = "0 false, 1 true"

    def _fill(self, column: StoredColumn) -> Any:
        if not column.has_null or pa.types.is_floating(column.value_type):
            return None
        if pa.types.is_boolean(column.value_type):
            return _NULL_BOOLEAN
        if pa.types.is_integer(column.value_type):
            return self.unused_integer(column)
        for candidate in _NULL_TEXTS:
            if not self._occurs(column, candidate):
                column.max_bytes = max(column.max_bytes, len(candidate))
                return candidate
        raise self.refusal(column, "has every text that could stand for null")

    def _occurs(self, column: StoredColumn, text: str) -> bool:
        if text == "":
            return column.has_empty
        return any(
            pc.any(pc.equal(batch.column(column.name), text)).as_py() for batch in self._batches()
        )


def _dtype(column: StoredColumn, fill: Any) -> np.dtype[Any]:
    kind = column.value_type
    if pa.types.is_string(kind):
        return _numpy_type(h5py.string_dtype("utf-8", max(1, column.max_bytes)))
    if pa.types.is_boolean(kind):
        return np.dtype(bool if fill is None else np.uint8)
    return _numpy_type(kind.to_pandas_dtype())


def _numpy_type(description: Any) -> np.dtype[Any]:
    dtype: np.dtype[Any] = np.dtype(description)
    return dtype


def _values(column: StoredColumn, array: pa.Array, fill: Any) -> Any:
    flat = array.flatten() if column.is_vector else array
    kind = column.value_type
    if pa.types.is_string(kind):
        filled = flat if fill is None else flat.fill_null(fill)
        values = np.array(filled.cast(pa.binary()).to_pylist(), dtype=_dtype(column, fill))
    elif pa.types.is_floating(kind):
        values = filled_with_null_nan(flat)
    elif pa.types.is_boolean(kind) and fill is not None:
        values = flat.cast(pa.uint8()).fill_null(_NULL_BOOLEAN).to_numpy(zero_copy_only=False)
    else:
        filled = flat if fill is None else flat.fill_null(pa.scalar(fill, kind))
        values = filled.to_numpy(zero_copy_only=False)
    return values.reshape(-1, column.width) if column.is_vector else values
