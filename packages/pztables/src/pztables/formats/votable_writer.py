"""VOTable 1.4 in BINARY2, streamed: the serialisation that marks every null by itself.

Text is ASCII or UTF-16 of fixed width; floating point nulls are moreover a NaN of their own
bit pattern (see `arrays`), nulls inside vectors of integers the ``VALUES null`` of the field.
"""

from __future__ import annotations

import base64
from typing import IO, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pztables.errors import ValueNotStorableError
from pztables.formats.arrays import filled_with_null_nan
from pztables.formats.model import ColumnInfo
from pztables.formats.spool import SpooledWriter, StoredColumn
from pztables.formats.voheader import field_element, info_element

_STORED: Final = {
    pa.bool_(): ("boolean", "u1"), pa.uint8(): ("unsignedByte", "u1"),
    pa.int8(): ("short", ">i2"), pa.int16(): ("short", ">i2"), pa.uint16(): ("int", ">i4"),
    pa.int32(): ("int", ">i4"), pa.uint32(): ("long", ">i8"), pa.int64(): ("long", ">i8"),
    pa.uint64(): ("long", ">i8"), pa.float32(): ("float", ">f4"), pa.float64(): ("double", ">f8"),
}  # fmt: skip
_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n'
    '<RESOURCE type="results">\n'
)
#: An array of one letter is deprecated since an erratum of VOTable 1.3.
_SHORTEST_TEXT: Final = 2
_TABLE: Final = '<TABLE nrows="{n_rows}">\n'
_TAIL: Final = "</STREAM></BINARY2></DATA></TABLE></RESOURCE></VOTABLE>\n"
# Characters that XML 1.0 cannot hold, escaped or not: only names and texts of the header matter.
_FORBIDDEN: Final = frozenset(map(chr, (*range(9), 11, 12, *range(14, 32))))


class VotableWriter(SpooledWriter):
    """One resource with one table."""

    format_name = "VOTable"

    def _require_name(self, name: str) -> None:
        if _FORBIDDEN & set(name) or not name.strip():
            raise ValueNotStorableError(
                f"{self._file}: VOTable cannot hold a column named {name!r}. Rename the column or "
                "choose Parquet.",
                file=self._file, column=name,
            )  # fmt: skip

    def _write(self) -> None:
        self._wide = {
            column.name for column in self.columns if self._has_letters_beyond_ascii(column)
        }
        self._nulls = {
            column.name: self.unused_integer(column)
            for column in self.columns
            if column.has_null and pa.types.is_integer(column.value_type)
        }
        mask_bytes = (len(self.columns) + 7) // 8
        record = np.dtype([("mask", "u1", (mask_bytes,)), *map(self._storage, self.columns)])
        with self._path.open("wb") as out:
            out.write(_HEAD.encode())
            for key, text in self.remarks.items():
                out.write(info_element(key, text).encode() + b"\n")
            out.write(_TABLE.format(n_rows=self.n_rows).encode())
            for column in self.columns:
                out.write(self._field(column).encode() + b"\n")
            out.write(b'<DATA><BINARY2><STREAM encoding="base64">\n')
            self._stream(out, record)
            out.write(_TAIL.encode())

    def _stream(self, out: IO[bytes], record: np.dtype[Any]) -> None:
        rest = b""
        for batch in self._batches():
            rows = np.zeros(batch.num_rows, dtype=record)
            for number, column in enumerate(self.columns):
                array = batch.column(column.name)
                rows[f"f{number}"] = self._stored(column, array)
                if array.null_count:
                    nulls = array.is_null().to_numpy(zero_copy_only=False)
                    rows["mask"][:, number // 8] |= nulls.astype(np.uint8) << (7 - number % 8)
            data = rest + rows.tobytes()
            cut = len(data) - len(data) % 3  # base64 without padding can be joined
            out.write(base64.b64encode(data[:cut]))
            rest = data[cut:]
        out.write(base64.b64encode(rest))

    def _storage(self, column: StoredColumn) -> tuple[Any, ...]:
        name = f"f{self.columns.index(column)}"
        if pa.types.is_string(column.value_type):
            size = max(_SHORTEST_TEXT, column.max_bytes)
            return (name, f"S{2 * size if column.name in self._wide else size}")
        stored = _STORED[column.value_type][1]
        return (name, stored, (column.width,)) if column.is_vector else (name, stored)

    def _field(self, column: StoredColumn) -> str:
        if pa.types.is_string(column.value_type):
            shape = {
                "datatype": "unicodeChar" if column.name in self._wide else "char",
                "arraysize": str(max(_SHORTEST_TEXT, column.max_bytes)),
            }
        else:
            shape = {"datatype": _STORED[column.value_type][0]}
            if column.is_vector:
                shape["arraysize"] = str(column.width)
        null = self._nulls.get(column.name)
        return field_element(ColumnInfo.from_arrow_field(column.field), null=null, **shape)

    def _stored(self, column: StoredColumn, array: pa.Array) -> Any:
        flat = array.flatten() if column.is_vector else array
        kind = column.value_type
        if pa.types.is_string(kind):
            return self._text_bytes(column, flat)
        if pa.types.is_boolean(kind):
            letters = pc.if_else(flat, ord("T"), ord("F"))
            values = pc.fill_null(letters, ord("?")).to_numpy(zero_copy_only=False)
        elif pa.types.is_floating(kind):
            values = filled_with_null_nan(flat)
        else:
            if flat.null_count:
                flat = flat.fill_null(pa.scalar(self._nulls[column.name], kind))
            if kind == pa.uint64() and (column.highest or 0) >= 1 << 63:
                raise self.refusal(column, "has an integer beyond 63 bits", column.highest)
            values = flat.to_numpy(zero_copy_only=False)
        return values.reshape(-1, column.width) if column.is_vector else values

    def _text_bytes(self, column: StoredColumn, array: pa.Array) -> Any:
        texts = pc.fill_null(array, "")
        if column.name not in self._wide:
            return np.array(texts.cast(pa.binary()).to_pylist(), dtype="S")
        return np.array([text.encode("utf-16-be") for text in texts.to_pylist()], dtype="S")

    def _has_letters_beyond_ascii(self, column: StoredColumn) -> bool:
        if not pa.types.is_string(column.type):
            return False
        return any(
            not pc.all(pc.fill_null(pc.string_is_ascii(batch.column(column.name)), True)).as_py()
            for batch in self._batches()
            if batch.num_rows
        )
