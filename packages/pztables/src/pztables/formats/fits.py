"""FITS: the first binary or ASCII table, read in slices of the mapped file.

Trailing blanks of text are padding. A text that begins with NUL is null, a blank one is
empty (FITS standard 4.0, 7.3.3.1); integers are null where ``TNULL`` says; a logical that is
neither T nor F is null.
"""

from __future__ import annotations

import warnings
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pztables.errors import NotATableError, TruncatedFileError
from pztables.formats.arrays import (
    arrow_type,
    decode_texts,
    native,
    null_nan_mask,
    to_arrow,
)
from pztables.formats.model import ColumnInfo, TableFormat, TableSchema, require_columns
from pztables.formats.reader import TableReader
from pztables.formats.streams import plain_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pztables.limits import Limits

_Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class _FitsColumn:
    """How one column is stored."""

    info: ColumnInfo
    number: int
    kind: str  # text, logical, number, variable, complex
    null: float | int | None = None


class FitsReader(TableReader):
    """The first table of a FITS file."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self._stack = ExitStack()
        try:
            with _quietly():
                plain = self._stack.enter_context(plain_file(path, limits))
                self._hdu = self._open(plain)
                self._check_size(plain.stat().st_size, limits)
                self._sample = self._slice(0, min(1, _declared_rows(self._hdu)))
                self._columns = {
                    column.name: self._describe(number, column)
                    for number, column in enumerate(self._hdu.columns)
                }
        except BaseException:
            self._stack.close()
            raise
        infos = tuple(column.info for column in self._columns.values())
        self.schema = TableSchema(TableFormat.FITS, infos, n_rows=int(self._hdu.header["NAXIS2"]))

    def _open(self, plain: Path) -> Any:
        from astropy.io import fits

        hdus = self._stack.enter_context(
            fits.open(plain, memmap=True, lazy_load_hdus=True, disable_image_compression=True)
        )
        return self._first_table(hdus)

    def _first_table(self, hdus: Any) -> Any:
        from astropy.io import fits

        found = []
        for hdu in hdus:
            if isinstance(hdu, fits.BinTableHDU | fits.TableHDU) and not hdu.header.get("ZIMAGE"):
                return hdu
            found.append(type(hdu).__name__)
        raise NotATableError(
            f"{self.path.name}: holds no table, only {len(found)} image or header units. Give a "
            "FITS file with a binary or ASCII table.",
            file=self.path.name,
        )

    def _check_size(self, size_bytes: int, limits: Limits) -> None:
        header, name = self._hdu.header, self.path.name
        n_columns = min(int(header["TFIELDS"]), 999)  # the most that FITS has
        names = [str(header.get(f"TTYPE{i + 1}", "")) for i in range(n_columns)]
        require_columns(name, [n or f"col{i + 1}" for i, n in enumerate(names)], limits)
        rows, row_bytes = int(header["NAXIS2"]), int(header["NAXIS1"])
        start = int(self._hdu.fileinfo()["datLoc"])
        declared = rows * row_bytes
        if rows < 0 or row_bytes < 0 or start + declared > size_bytes:
            raise TruncatedFileError(
                f"{name}: its table declares {rows:,} rows of {row_bytes:,} bytes, but the file "
                f"ends after {max(0, size_bytes - start):,} of these {declared:,} bytes. It is cut "
                "off: upload it again.",
                file=name, declared=declared, found=max(0, size_bytes - start),
            )  # fmt: skip
        limits.require_cells(name, rows=rows, width=len(names), size_bytes=size_bytes)

    def _describe(self, number: int, column: Any) -> _FitsColumn:
        kind, data_type, null = self._storage(column)
        keywords = self._hdu.header
        ucd = keywords.get(f"TUCD{number + 1}")
        note = keywords.get(f"TCOMM{number + 1}")
        unit = str(column.unit).strip() if column.unit else None
        info = ColumnInfo(
            column.name,
            data_type,
            unit or None,
            str(ucd) if ucd else None,
            str(note) if note else None,
        )
        return _FitsColumn(info, number, kind, null)

    def _storage(self, column: Any) -> tuple[str, pa.DataType, float | int | None]:
        """Return the kind, the Arrow type and the null of a column."""
        stored = str(column.format).upper()
        if "P" in stored or "Q" in stored:
            letter = column.format.p_format if hasattr(column.format, "p_format") else "D"
            from astropy.io.fits.column import FITS2NUMPY

            if letter in ("A", "C", "M", "X"):
                raise TypeError(f"column '{column.name}' has variable-length values of {letter}")
            dtype = np.dtype(np.bool_ if letter == "L" else FITS2NUMPY[letter])
            return "variable", pa.list_(arrow_type(dtype)), None
        if not len(self._sample) and not hasattr(column.format, "repeat"):
            return "text" if stored[0] == "A" else "number", _ascii_type(stored), None
        sample = self._sample.field(column.name)
        if sample.dtype.kind in "SU":
            data_type = pa.string()
            if sample.ndim > 1:
                data_type = pa.list_(pa.string(), int(np.prod(sample.shape[1:])))
            return "text", data_type, None
        width = int(np.prod(sample.shape[1:], dtype=np.int64)) if sample.ndim > 1 else 1
        if sample.dtype.kind == "c":
            part = np.dtype(np.float32 if sample.dtype.itemsize == 8 else np.float64)
            return "complex", arrow_type(part, 2 * width), None
        if stored.endswith("B") and column.bzero == -128 and column.bscale in (None, "", 1):
            return "int8", _sized(pa.int8(), sample), _null_value(column)
        if sample.dtype.kind == "b" and stored.endswith("X"):
            return "number", _sized(pa.bool_(), sample), None
        if sample.dtype.kind == "b":
            return "logical", _sized(pa.bool_(), sample), None
        plain = arrow_type(sample.dtype)
        return "number", _sized(plain, sample), _null_value(column)

    def _slice(self, start: int, stop: int) -> Any:
        with _quietly():
            return self._hdu.data[start:stop]

    def _batches(self, names: list[str], batch_rows: int) -> Iterator[pa.RecordBatch]:
        arrow = self.schema.arrow
        wanted = pa.schema([arrow.field(name) for name in names])
        for start in range(0, self.schema.n_rows or 0, batch_rows):
            rows = self._slice(start, start + batch_rows)
            arrays = [self._column(rows, self._columns[name]) for name in names]
            yield pa.RecordBatch.from_arrays(arrays, schema=wanted)

    def _column(self, rows: Any, column: _FitsColumn) -> pa.Array:
        if column.kind == "text":
            return self._texts(rows, column)
        with _quietly():
            values = np.asarray(rows.field(column.number)) if column.kind != "variable" else None
        if values is not None and column.kind == "int8":
            values = (_raw_field(rows, column.number) ^ 0x80).view(np.int8)
        if values is None:
            pieces = [native(np.asarray(piece)) for piece in rows.field(column.number)]
            return pa.array(pieces, type=column.info.type)
        if column.kind == "complex":
            values = native(values)
            values = values.view(np.float32 if values.dtype.itemsize == 8 else np.float64)
            values = values.reshape(len(rows), -1)
            return to_arrow(values, None, column.info.type)
        mask = self._nulls(rows, column, values)
        values = native(values).reshape(len(rows), *_flat_shape(column.info.type))
        if values.dtype.kind == "f" and mask is None:
            mask = null_nan_mask(values)
        return to_arrow(
            values, None if mask is None else mask.reshape(values.shape), column.info.type
        )

    def _nulls(self, rows: Any, column: _FitsColumn, values: _Array) -> _Array | None:
        if column.kind == "logical":
            raw = _raw_field(rows, column.number)
            mask = ~np.isin(raw, (ord("T"), ord("F")))
        elif column.null is not None and values.dtype.kind in "iu":
            mask = values == column.null
        elif column.null is not None:
            mask = _raw_field(rows, column.number) == self._hdu.columns[column.number].null
        else:
            return None
        return mask if mask.any() else None

    def _texts(self, rows: Any, column: _FitsColumn) -> pa.Array:
        raw = _raw_field(rows, column.number)
        if raw.dtype.kind != "S":
            raw = np.char.encode(raw, "utf-8")
        flat = raw.reshape(-1)
        nulls = flat == b""
        texts = decode_texts(
            np.char.rstrip(flat, b" \0"), nulls, file=self.path.name, column=column.info.name
        )
        if pa.types.is_fixed_size_list(column.info.type):
            return pa.FixedSizeListArray.from_arrays(texts, type=column.info.type)
        return texts

    def close(self) -> None:
        """Let go of the file and of its decompressed copy."""
        self._stack.close()


@contextmanager
def _quietly() -> Iterator[None]:
    """Silence astropy on foreign headers that are slightly wrong, and name its own error."""
    from astropy.io.fits import VerifyError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except VerifyError as error:
            raise ValueError(str(error)) from error


def _declared_rows(hdu: Any) -> int:
    """Return the declared number of rows."""
    return int(hdu.header["NAXIS2"])


def _ascii_type(stored: str) -> pa.DataType:
    """Return the type of a column of an ASCII table without rows."""
    return {"A": pa.string(), "I": pa.int64()}.get(stored[0], pa.float64())


def _sized(plain: pa.DataType, sample: _Array) -> pa.DataType:
    if sample.ndim == 1:
        return plain
    return pa.list_(plain, int(np.prod(sample.shape[1:], dtype=np.int64)))


def _flat_shape(data_type: pa.DataType) -> tuple[int, ...]:
    return (data_type.list_size,) if pa.types.is_fixed_size_list(data_type) else ()


def _null_value(column: Any) -> float | int | None:
    """Return the TNULL of a column as a value after scaling."""
    if column.null is None or isinstance(column.null, str):
        return None
    zero = column.bzero if column.bzero not in ("", None) else 0
    scale = column.bscale if column.bscale not in ("", None) else 1
    shifted: float | int = column.null * scale + zero
    return int(shifted) if float(scale) == 1.0 and int(zero) == zero else shifted


def _raw_field(rows: Any, number: int) -> _Array:
    """Return a column as it is stored, before astropy scales or trims it."""
    plain = rows.view(np.recarray) if not isinstance(rows, np.ndarray) else rows.view(np.ndarray)
    return np.asarray(plain[plain.dtype.names[number]])
