"""FITS binary tables: header by astropy, rows streamed as big-endian records.

Nulls: integers by ``TNULL``, logicals by a zero byte, text by a NUL, floating point by a NaN
of its own bit pattern (see `arrays`). Text is UTF-8; the blanks at its end are not kept, as
the standard says that they have no meaning. Dates and times are ISO 8601 text.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pztables.errors import ValueNotStorableError
from pztables.formats.arrays import filled_with_null_nan
from pztables.formats.model import ColumnInfo
from pztables.formats.spool import SpooledWriter, StoredColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

_LETTERS: Final = {
    pa.bool_(): "L", pa.uint8(): "B", pa.int8(): "B", pa.int16(): "I", pa.uint16(): "I",
    pa.int32(): "J", pa.uint32(): "J", pa.int64(): "K", pa.uint64(): "K",
    pa.float32(): "E", pa.float64(): "D",
}  # fmt: skip
_ZEROS: Final = {
    pa.int8(): -128, pa.uint16(): 1 << 15, pa.uint32(): 1 << 31, pa.uint64(): 1 << 63,
}  # fmt: skip
_BLOCK: Final = 2880
_MOST_COLUMNS: Final = 999
_HISTORY_LETTERS: Final = 72


class FitsWriter(SpooledWriter):
    """One binary table in the first extension."""

    format_name = "FITS"

    def _require_name(self, name: str) -> None:
        is_ascii = all(32 <= ord(letter) < 127 for letter in name)
        if not name.strip() or not is_ascii or len(name) > 68:
            raise ValueNotStorableError(
                f"{self._file}: the column name {name!r} is empty, has letters beyond ASCII or is "
                "longer than 68, which a FITS header cannot hold. Rename the column or choose "
                "Parquet.",
                file=self._file, column=name,
            )  # fmt: skip

    def _write(self) -> None:
        if len(self.columns) > _MOST_COLUMNS:
            raise ValueNotStorableError(
                f"{self._file}: has {len(self.columns)} columns; FITS holds at most 999. "
                "Choose Parquet, or leave columns out.",
                file=self._file, columns=len(self.columns),
            )  # fmt: skip
        nulls = {
            column.name: self.unused_integer(column)
            for column in self.columns
            if column.has_null and pa.types.is_integer(column.value_type)
        }
        record = np.dtype([(c.name, *_storage(c)) for c in self.columns])
        with self._path.open("wb") as out:
            out.write(self._header(record.itemsize, nulls))
            for batch in self._batches():
                rows = np.zeros(batch.num_rows, dtype=record)
                for column in self.columns:
                    rows[column.name] = self._stored(column, batch.column(column.name), nulls)
                out.write(rows.tobytes())
            out.write(b"\0" * (-(self.n_rows * record.itemsize) % _BLOCK))

    def _header(self, row_bytes: int, nulls: dict[str, int]) -> bytes:
        from astropy.io import fits

        columns = [_definition(column, nulls.get(column.name)) for column in self.columns]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = fits.BinTableHDU.from_columns(columns, nrows=0).header
            header["NAXIS1"], header["NAXIS2"] = row_bytes, self.n_rows
            for number, column in enumerate(self.columns, 1):
                info = ColumnInfo.from_arrow_field(column.field)
                for key, text in (
                    ("TUNIT", info.unit),
                    ("TUCD", info.ucd),
                    ("TCOMM", info.description),
                ):
                    if text:
                        header[f"{key}{number}"] = _header_text(text)
            for key, text in self.remarks.items():
                for line in _history_lines(f"{key} {text}"):
                    header.add_history(line)
            primary = fits.PrimaryHDU().header
            primary["EXTEND"] = True
        return str(primary.tostring() + header.tostring()).encode("ascii")

    def _stored(self, column: StoredColumn, array: pa.Array, nulls: dict[str, int]) -> Any:
        flat = array.flatten() if column.is_vector else array
        values = self._numbers(column, flat, nulls)
        return values.reshape(-1, column.width) if column.is_vector else values

    def _numbers(self, column: StoredColumn, array: pa.Array, nulls: dict[str, int]) -> Any:
        kind = column.value_type
        if pa.types.is_string(kind):
            return _text_bytes(array)
        if pa.types.is_boolean(kind):
            letters = pc.if_else(array, ord("T"), ord("F"))
            return pc.fill_null(letters, 0).to_numpy(zero_copy_only=False).astype(np.uint8)
        if pa.types.is_floating(kind):
            return filled_with_null_nan(array)
        if array.null_count:
            array = array.fill_null(pa.scalar(nulls[column.name], kind))
        values = array.to_numpy(zero_copy_only=False)
        if kind not in _ZEROS:
            return values
        top = np.array(1 << (8 * values.dtype.itemsize - 1)).astype(f"u{values.dtype.itemsize}")
        return values.view(f"u{values.dtype.itemsize}") ^ top  # minus TZERO, without overflow


def _storage(column: StoredColumn) -> tuple[Any, ...]:
    kind = column.value_type
    if pa.types.is_string(kind):
        return (f"S{max(1, column.max_bytes)}",)
    if pa.types.is_boolean(kind):
        name = "u1"
    elif pa.types.is_floating(kind):
        name = f">f{kind.bit_width // 8}"
    else:
        signed = "u" if kind in _ZEROS or kind == pa.uint8() else "i"
        name = f">{signed}{kind.bit_width // 8}"
    return (name, (column.width,)) if column.is_vector else (name,)


def _definition(column: StoredColumn, null: int | None) -> Any:
    from astropy.io import fits

    kind = column.value_type
    if pa.types.is_string(kind):
        return fits.Column(column.name, f"{max(1, column.max_bytes)}A")
    zero = _ZEROS.get(kind)
    repeat = str(column.width) if column.is_vector else ""
    if null is not None and zero is not None:
        null -= zero
    return fits.Column(column.name, repeat + _LETTERS[kind], bzero=zero, null=null)


def _text_bytes(array: pa.Array) -> Any:
    """Return texts as bytes: null begins with NUL, an empty text is a blank."""
    trimmed = pc.utf8_rtrim(array, " ")
    padded = pc.if_else(pc.equal(trimmed, ""), " ", trimmed)
    return np.array(pc.fill_null(padded, "").cast(pa.binary()).to_pylist(), dtype="S")


def _history_lines(text: str) -> Iterator[str]:
    """Yield the cards of a long text; none ends in a blank, which a card does not keep."""
    rest = text.encode("ascii", "replace").decode()
    while rest:
        line = rest[:_HISTORY_LETTERS]
        line = line.rstrip(" ") or line
        yield line
        rest = rest[len(line) :]


def _header_text(text: str) -> str:
    return text.encode("ascii", "replace").decode()[:68]
