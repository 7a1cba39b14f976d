"""What a table is before it is read: its format, its columns, their meaning."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pztables.errors import DuplicateColumnsError, NoColumnsError, TooCostlyError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pztables.limits import Limits


class TableFormat(StrEnum):
    """The formats that are read and written (HATS: read only)."""

    CSV = "csv"
    FITS = "fits"
    HDF5 = "hdf5"
    PARQUET = "parquet"
    VOTABLE = "votable"
    HATS = "hats"


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """Name, Arrow type and meaning of a column (unit in VO notation)."""

    name: str
    type: pa.DataType
    unit: str | None = None
    ucd: str | None = None
    description: str | None = None

    def arrow_field(self) -> pa.Field:
        """Return the Arrow field; unit, UCD and description travel in its metadata."""
        meaning = {"unit": self.unit, "ucd": self.ucd, "description": self.description}
        metadata = {key.encode(): text.encode() for key, text in meaning.items() if text}
        return pa.field(self.name, self.type, metadata=metadata or None)

    @classmethod
    def from_arrow_field(cls, arrow_field: pa.Field) -> ColumnInfo:
        """Read name, type, unit, UCD and description of an Arrow field."""
        metadata = arrow_field.metadata or {}
        texts = {
            key: metadata[key.encode()].decode("utf-8", "replace") or None
            for key in ("unit", "ucd", "description")
            if key.encode() in metadata
        }
        return cls(arrow_field.name, arrow_field.type, **texts)

    def with_meaning(self, other: ColumnInfo | None) -> ColumnInfo:
        """Fill what is unknown here (unit, UCD, description) from another column."""
        if other is None:
            return self
        return replace(
            self,
            unit=self.unit or other.unit,
            ucd=self.ucd or other.ucd,
            description=self.description or other.description,
        )


@dataclass(frozen=True, slots=True)
class TableSchema:
    """What is known of a table without reading its values.

    Attributes
    ----------
    format
        Of the file.
    columns
        In file order.
    n_rows
        ``None`` where only reading tells.
    delimiter, has_header
        Of delimited text (``" "`` is any run of blanks), else ``None``.
    notes
        Sentences for the user about how the file was understood.
    """

    format: TableFormat
    columns: tuple[ColumnInfo, ...]
    n_rows: int | None = None
    delimiter: str | None = None
    has_header: bool | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema, with units, UCDs and descriptions as field metadata."""
        return pa.schema([column.arrow_field() for column in self.columns])

    @property
    def names(self) -> list[str]:
        """Column names in file order."""
        return [column.name for column in self.columns]


def require_columns(file: str, names: Iterable[str], limits: Limits) -> None:
    """Refuse tables without columns, with too many, or with a name used twice.

    Raises
    ------
    NoColumnsError, DuplicateColumnsError, TooCostlyError
        Naming the file and the columns.
    """
    counts = Counter(names)
    if not counts:
        raise NoColumnsError(
            f"{file}: the table has no columns. Give a table with at least one column.", file=file
        )
    if len(counts) > limits.columns:
        raise TooCostlyError(
            f"{file}: has {len(counts):,} columns; at most {limits.columns:,} are accepted.",
            file=file, columns=len(counts),
        )  # fmt: skip
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        shown = ", ".join(f"'{name}'" for name in twice[:10])
        raise DuplicateColumnsError(
            f"{file}: more than one column is named {shown}. Give every column its own name.",
            file=file, columns=twice,
        )  # fmt: skip


def plain_type(data_type: pa.DataType) -> pa.DataType:
    """Return the type in which a value is handed out: no dictionaries, no large or view twins."""
    if isinstance(data_type, pa.BaseExtensionType):
        return plain_type(data_type.storage_type)
    if pa.types.is_dictionary(data_type):
        return plain_type(data_type.value_type)
    if pa.types.is_run_end_encoded(data_type):
        return plain_type(data_type.value_type)
    if pa.types.is_null(data_type) or data_type in (pa.large_string(), pa.string_view()):
        return pa.string()
    if data_type in (pa.large_binary(), pa.binary_view()):
        return pa.binary()
    if pa.types.is_float16(data_type):
        return pa.float32()
    return _plain_nested(data_type)


def _plain_nested(data_type: pa.DataType) -> pa.DataType:
    if pa.types.is_large_list(data_type) or pa.types.is_list(data_type):
        return pa.list_(plain_type(data_type.value_type))
    if pa.types.is_fixed_size_list(data_type):
        return pa.list_(plain_type(data_type.value_type), data_type.list_size)
    if pa.types.is_struct(data_type):
        return pa.struct([child.with_type(plain_type(child.type)) for child in data_type])
    return data_type


def cast_column(column: Any, data_type: pa.DataType) -> Any:
    """Return an array in a type, decoding dictionaries and extension types."""
    if column.type == data_type:
        return column
    if isinstance(column.type, pa.BaseExtensionType):
        return cast_column(column.cast(column.type.storage_type), data_type)
    return column.cast(data_type)
