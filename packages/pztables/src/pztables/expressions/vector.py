"""A whole column (or one value) with its missing entries: what evaluation computes with.

Two kinds of columns know two kinds of "missing":

* *nullable* columns (canonical columns, text, table filters): a missing value
  is unknown, a comparison with it is unknown too, and unknown is not true;
* *raw* numeric columns (as a survey published them): a missing value behaves
  like NaN of IEEE 754, that is ``!=`` is true and every other comparison false.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

BoolArray: TypeAlias = npt.NDArray[np.bool_]
Kind: TypeAlias = Literal["bool", "int", "float", "text", "null"]


class ColumnTypeError(TypeError):
    """A column holds what no expression can use (dates, lists, structures)."""


@dataclass(frozen=True, slots=True)
class Vector:
    """A column, or a scalar that stands for one.

    Attributes
    ----------
    kind
        What the values are.
    values
        Shape ``(n,)``: numpy for numbers and bools, `pyarrow` text for
        ``text``; or a Python scalar (which never widens a float32 column).
    missing
        True where there is no value; ``None`` when all are there. The nulls
        of a text stay in its own array.
    ieee
        Whether missing values compare like NaN and not as unknown.
    """

    kind: Kind
    values: Any
    missing: Any = None
    ieee: bool = False

    @property
    def is_number(self) -> bool:
        """Whether arithmetic is defined."""
        return self.kind in ("bool", "int", "float")

    def absent(self) -> Any:
        """Return the mask of missing values, or ``None`` when all are there."""
        if self.kind == "null":
            return np.True_ if self.missing is None else self.missing
        if self.kind == "text":
            return null_mask(self.values) if isinstance(self.values, pa.Array) else None
        return self.missing

    def as_float(self) -> Vector:
        """Return the numbers as floats; raw missing values become NaN."""
        values = self.values
        if self.kind in ("bool", "int"):
            values = values.astype(np.float64) if _is_array(values) else float(values)
        if self.ieee and self.missing is not None:
            return Vector("float", np.where(self.missing, np.nan, values))
        return replace(self, kind="float", values=values)

    def as_int(self) -> Vector:
        """Return bools as integers, anything else as it is."""
        if self.kind != "bool":
            return self
        values = self.values.astype(np.int64) if _is_array(self.values) else int(self.values)
        return replace(self, kind="int", values=values)

    def to_arrow(self, n_rows: int) -> pa.Array:
        """Return ``n_rows`` values as an Arrow array; missing ones are null."""
        if self.kind == "null":
            return pa.nulls(n_rows)
        if self.kind == "text":
            return self.values if isinstance(self.values, pa.Array) else _repeat(self, n_rows)
        values = np.broadcast_to(np.asarray(self.values), n_rows)
        missing = None if self.missing is None else np.broadcast_to(self.missing, n_rows)
        return pa.array(np.ascontiguousarray(values), mask=missing)


def _repeat(vector: Vector, n_rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(vector.values, pa.large_string()), n_rows)


def _is_array(values: Any) -> bool:
    return isinstance(values, np.ndarray | np.generic)


def null_mask(values: pa.Array) -> BoolArray | None:
    """Return True where an Arrow array is null, or ``None`` when nowhere."""
    if values.null_count == 0:
        return None
    mask: BoolArray = pc.is_null(values).to_numpy(zero_copy_only=False)
    return mask


def table_column(data: Any) -> Vector:
    """Return a nullable column: null and NaN are both "no value".

    Parameters
    ----------
    data
        Arrow array, chunked array, numpy array or a sequence, length ``n``.

    Raises
    ------
    ColumnTypeError
        If the values are neither numbers nor bools nor text.
    """
    vector = _vector(_as_array(data))
    if vector.kind != "float":
        return vector
    nan = np.isnan(vector.values)
    if not nan.any():
        return vector
    return replace(vector, missing=nan if vector.missing is None else nan | vector.missing)


def raw_column(data: Any) -> Vector:
    """Return a column as a survey published it: numbers follow IEEE 754, text is nullable.

    Parameters and errors are those of `table_column`. float32 stays float32.
    """
    vector = _vector(_as_array(data))
    if vector.kind == "float" and vector.missing is not None:
        return Vector(
            "float", np.where(vector.missing, vector.values.dtype.type("nan"), vector.values)
        )
    return replace(vector, ieee=vector.is_number)


def _as_array(data: Any) -> pa.Array:
    if isinstance(data, pa.ChunkedArray):
        data = data.combine_chunks()
        if isinstance(data, pa.ChunkedArray):  # no chunk, or too large for one
            data = pa.concat_arrays(data.chunks) if data.num_chunks else pa.nulls(0, data.type)
    if isinstance(data, pa.Array):
        return data
    if isinstance(data, np.ndarray) and not data.dtype.isnative:
        data = data.astype(data.dtype.newbyteorder("="))
    return pa.array(data)


def _vector(data: pa.Array) -> Vector:
    if pa.types.is_dictionary(data.type):
        data = data.dictionary_decode()
    type_ = data.type
    if pa.types.is_null(type_):
        return Vector("null", None, np.ones(len(data), bool))
    if pa.types.is_string(type_) or pa.types.is_large_string(type_) or str(type_) == "string_view":
        return Vector("text", data.cast(pa.large_string()))
    if pa.types.is_decimal(type_):
        data = data.cast(pa.float64())
    missing = null_mask(data)
    if pa.types.is_boolean(type_):
        filled = data if missing is None else data.fill_null(False)
        return Vector("bool", filled.to_numpy(zero_copy_only=False), missing)
    if pa.types.is_integer(type_):
        return _integers(data if missing is None else data.fill_null(0), missing)
    if pa.types.is_floating(type_) or pa.types.is_decimal(type_):
        values = (data if missing is None else data.fill_null(0)).to_numpy(zero_copy_only=False)
        return Vector("float", _at_least_float32(values), missing)
    raise ColumnTypeError(f"values of type {type_}")


def _at_least_float32(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values.astype(np.float32) if values.dtype == np.float16 else values


def _integers(data: pa.Array, missing: BoolArray | None) -> Vector:
    values = data.to_numpy(zero_copy_only=False)
    if values.dtype == np.uint64 and values.size and values.max() > np.iinfo(np.int64).max:
        return Vector("float", values.astype(np.float64), missing)
    return Vector("int", values.astype(np.int64, copy=False), missing)
