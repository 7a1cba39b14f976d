"""Writing formats that must know a whole column first: widths, sentinels, number of rows.

Batches wait in an Arrow file beside the target, and what the format must know is counted
on the way; memory stays bounded.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pztables.errors import ValueNotStorableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PLAIN: Final = (
    pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(),
    pa.uint32(), pa.uint64(), pa.float32(), pa.float64(), pa.string(),
)  # fmt: skip
_ROWS: Final = 32_768
_BYTES_AT_ONCE: Final = 64_000_000


@dataclass(slots=True)
class StoredColumn:
    """One column as it waits, and what was seen of it.

    Attributes
    ----------
    field
        Of the source: name, type, meaning.
    type
        In which the values wait: a plain type, or a list of one.
    has_null, has_empty
        Whether any value is null; whether any text is empty.
    max_bytes
        Longest text in UTF-8.
    lowest, highest
        Of integers.
    lengths
        Of lists: all that occur.
    """

    field: pa.Field
    type: pa.DataType
    has_null: bool = False
    has_empty: bool = False
    max_bytes: int = 0
    lowest: int | None = None
    highest: int | None = None
    lengths: set[int] = field(default_factory=set)

    @property
    def name(self) -> str:
        """Name of the column."""
        return str(self.field.name)

    @property
    def is_vector(self) -> bool:
        """Whether each value is a list."""
        return bool(pa.types.is_list(self.type))

    @property
    def value_type(self) -> pa.DataType:
        """Type of one number or text."""
        return self.type.value_type if self.is_vector else self.type

    @property
    def width(self) -> int:
        """Values per row."""
        return next(iter(self.lengths), _declared_width(self.field.type)) if self.is_vector else 1


class SpooledWriter(ABC):
    """Collect batches, then write them with everything known."""

    #: For sentences: "FITS cannot hold …".
    format_name: str

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self._file = path.name.removesuffix(".partial")
        self.remarks = table_remarks(schema)
        self.columns = [StoredColumn(item, self._waiting_type(item)) for item in schema]
        for item in schema:
            self._require_name(item.name)
        self._spool = path.with_name(path.name + ".spool")
        self._schema = pa.schema([(c.name, c.type) for c in self.columns])
        self._sink: pa.RecordBatchFileWriter | None = pa.ipc.new_file(
            str(self._spool), self._schema
        )
        self.n_rows = 0

    @abstractmethod
    def _write(self) -> None:
        """Write the file from ``self.columns`` and ``self._batches()``."""

    def _require_name(self, name: str) -> None:  # noqa: B027 - most formats hold any name
        """Refuse names that the format cannot hold."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        assert self._sink is not None
        arrays = []
        for column, array in zip(self.columns, batch.columns, strict=True):
            waiting = self._waiting(column, array)
            self._count(column, waiting)
            arrays.append(waiting)
        self._sink.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        self.n_rows += batch.num_rows

    def finish(self) -> None:
        """Write the file."""
        self._close_sink()
        for column in self.columns:
            if len(column.lengths) > 1:
                raise self.refusal(column, "has vectors of different lengths")
        self._write()

    def abandon(self) -> None:
        """Remove what waits."""
        self._close_sink()
        self._spool.unlink(missing_ok=True)

    def _close_sink(self) -> None:
        if self._sink is not None:
            self._sink.close()
            self._sink = None

    def _batches(self) -> Iterator[pa.RecordBatch]:
        with pa.memory_map(str(self._spool)) as source:
            reader = pa.ipc.open_file(source)
            rows = min(_ROWS, max(1, _BYTES_AT_ONCE // max(self.row_bytes, 1)))
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number)
                for start in range(0, batch.num_rows, rows):
                    yield batch.slice(start, rows)

    @property
    def row_bytes(self) -> int:
        """How long a row will be at most: every text takes the room of the longest."""
        return sum(column.width * _value_bytes(column) for column in self.columns)

    @property
    def expected_bytes(self) -> int:
        """How large the file will be at most, as far as the rows are known."""
        return self.n_rows * self.row_bytes

    def refusal(
        self, column: StoredColumn, problem: str, value: Any = None
    ) -> ValueNotStorableError:
        """Return the refusal of a column or of one of its values."""
        shown = "" if value is None else f" (first {value!r})"
        return ValueNotStorableError(
            f"{self._file}: column '{column.name}' {problem}{shown}, which {self.format_name} "
            "cannot hold without loss. Choose Parquet, or leave the column out.",
            file=self._file, column=column.name, value=None if value is None else str(value),
        )  # fmt: skip

    def _waiting_type(self, item: pa.Field) -> pa.DataType:
        data_type = item.type
        if pa.types.is_fixed_size_list(data_type) or pa.types.is_list(data_type):
            if data_type.value_type in _PLAIN[:-1]:
                return pa.list_(data_type.value_type)
        elif data_type in _PLAIN:
            return data_type
        elif pa.types.is_decimal(data_type):
            return pa.float64()
        elif pa.types.is_temporal(data_type) or pa.types.is_binary(data_type):
            return pa.string()
        raise self.refusal(StoredColumn(item, data_type), f"holds {data_type}")

    def _waiting(self, column: StoredColumn, array: pa.Array) -> pa.Array:
        if array.type == column.type:
            return array
        if pa.types.is_decimal(array.type):
            return self._exact_floats(column, array)
        if pa.types.is_duration(array.type):
            return array.cast(pa.int64()).cast(pa.string())
        try:
            return array.cast(column.type)
        except pa.ArrowInvalid as error:
            raise self.refusal(column, f"has a value that is not text ({error})") from error

    def _exact_floats(self, column: StoredColumn, array: pa.Array) -> pa.Array:
        floats = array.cast(pa.float64())
        try:
            same = pc.fill_null(pc.equal(floats.cast(array.type, safe=False), array), True)
        except pa.ArrowInvalid as error:
            raise self.refusal(column, "has a decimal number beyond 64 bits") from error
        if not pc.all(same).as_py() and len(same):
            bad = array[pc.index(same, False).as_py()].as_py()
            raise self.refusal(column, "has a decimal number with too many digits", bad)
        return floats

    def _count(self, column: StoredColumn, array: pa.Array) -> None:
        if column.is_vector:
            if array.null_count:
                raise self.refusal(column, "has rows without a vector (null)")
            column.lengths.update(pc.unique(pc.list_value_length(array)).to_pylist())
            array = array.flatten()
        column.has_null = column.has_null or array.null_count > 0
        if pa.types.is_integer(array.type):
            ends = pc.min_max(array).as_py()
            if ends["min"] is not None:
                column.lowest = min(
                    ends["min"], ends["min"] if column.lowest is None else column.lowest
                )
                column.highest = max(
                    ends["max"], ends["max"] if column.highest is None else column.highest
                )
        elif pa.types.is_string(array.type):
            self._count_texts(column, array)

    def _count_texts(self, column: StoredColumn, array: pa.Array) -> None:
        sizes = pc.min_max(pc.binary_length(array)).as_py()
        column.max_bytes = max(column.max_bytes, sizes["max"] or 0)
        column.has_empty = column.has_empty or sizes["min"] == 0
        nul = pc.fill_null(pc.match_substring(array, "\0"), False)
        if pc.any(nul).as_py():
            raise self.refusal(
                column, "has text with a NUL", array[pc.index(nul, True).as_py()].as_py()
            )

    def unused_integer(self, column: StoredColumn) -> int:
        """Return an integer of the column's type that no value has, for null.

        Raises
        ------
        ValueNotStorableError
            If every integer of the type is used.
        """
        dtype = np.dtype(column.value_type.to_pandas_dtype())
        ends = np.iinfo(dtype)
        smallest, largest = int(ends.min), int(ends.max)
        if column.lowest is None or column.highest is None or column.lowest > smallest:
            return smallest if smallest < 0 else largest if column.highest != largest else smallest
        if column.highest < largest:
            return largest
        used: set[int] = set()
        for batch in self._batches():
            array = batch.column(column.name)
            used.update(pc.unique(array.flatten() if column.is_vector else array).to_pylist())
        for candidate in range(largest, smallest, -1):
            if candidate not in used:
                return candidate
        raise self.refusal(column, "uses every integer of its type and has nulls too")


def table_remarks(schema: pa.Schema) -> dict[str, str]:
    """Return what is said of the table as a whole: metadata whose key begins with ``pz.``."""
    metadata = schema.metadata or {}
    return {
        key.decode(): value.decode("utf-8", "replace")
        for key, value in metadata.items()
        if key.startswith(b"pz.")
    }


def _value_bytes(column: StoredColumn) -> int:
    if pa.types.is_string(column.value_type):
        return 2 * max(column.max_bytes, 1)  # letters beyond ASCII may take two bytes
    if pa.types.is_boolean(column.value_type):
        return 1
    return max(int(column.value_type.bit_width) // 8, 1)


def _declared_width(data_type: pa.DataType) -> int:
    return data_type.list_size if pa.types.is_fixed_size_list(data_type) else 1
