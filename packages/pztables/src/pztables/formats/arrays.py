"""Between numpy columns, as binary formats hold them, and Arrow: nulls, text, vectors.

Formats without nulls get conventions that other readers understand: a sentinel that no
value has (integers, text; FITS ``TNULL``, VOTable ``VALUES null``, CF ``_FillValue``) and,
for floating point, a NaN of its own bit pattern: everybody reads NaN, we read null.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from pztables.errors import EncodingError

#: What Arrow raises about data; its ``ArrowMemoryError`` is not about data.
ARROW_REFUSALS: Final = (
    pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowKeyError, pa.ArrowNotImplementedError,
    pa.ArrowIndexError, pa.ArrowSerializationError, pa.ArrowCapacityError,
)  # fmt: skip
#: NaN payloads that mean null (1954, as R's ``NA_real_``); any other NaN is NaN.
NULL_BITS: Final[dict[int, Any]] = {
    4: np.uint32(0x7FC007A2),
    8: np.uint64(0x7FF80000000007A2),
}
_BITS: Final[dict[int, np.dtype[Any]]] = {4: np.dtype(np.uint32), 8: np.dtype(np.uint64)}


def native(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return an array in this machine's byte order, contiguous."""
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))


def null_nan_mask(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any] | None:
    """Return where floats are the NaN that means null, or ``None`` when nowhere.

    Parameters
    ----------
    values
        Native float32 or float64, any shape.
    """
    size = values.dtype.itemsize
    if size not in NULL_BITS:
        return None
    bits: np.ndarray[Any, Any] = values.view(_BITS[size])
    mask: np.ndarray[Any, Any] = bits == NULL_BITS[size]
    return mask if mask.any() else None


def filled_with_null_nan(column: pa.Array) -> np.ndarray[Any, Any]:
    """Return the floats of an Arrow array with nulls as the NaN that means null."""
    values: np.ndarray[Any, Any] = np.array(column.fill_null(0.0).to_numpy(zero_copy_only=False))
    if column.null_count:
        nulls = column.is_null().to_numpy(zero_copy_only=False)
        size = values.dtype.itemsize
        values.view(_BITS[size])[nulls] = NULL_BITS[size]
    return values


def to_arrow(
    values: np.ndarray[Any, Any], mask: np.ndarray[Any, Any] | None, data_type: pa.DataType
) -> pa.Array:
    """Return numbers or booleans as Arrow; two-dimensional ones as fixed-size lists.

    Parameters
    ----------
    values
        Native, shape ``(n,)`` or ``(n, width)``.
    mask
        Of the same shape, True is null.
    data_type
        Of the column, a fixed-size list for vectors.
    """
    if values.ndim == 1:
        return pa.array(values, type=data_type, mask=mask)
    flat = pa.array(
        values.reshape(-1),
        type=data_type.value_type,
        mask=None if mask is None else mask.reshape(-1),
    )
    return pa.FixedSizeListArray.from_arrays(flat, type=data_type)


def arrow_type(dtype: np.dtype[Any], width: int = 1) -> pa.DataType:
    """Return the Arrow type of a numpy number, as a fixed-size list when ``width`` is not 1."""
    plain = pa.from_numpy_dtype(dtype.newbyteorder("="))
    if pa.types.is_float16(plain):
        plain = pa.float32()
    return plain if width == 1 else pa.list_(plain, width)


def decode_texts(
    raw: np.ndarray[Any, Any], nulls: np.ndarray[Any, Any] | None, *, file: str, column: str
) -> pa.Array:
    """Return fixed-width byte strings as text.

    Parameters
    ----------
    raw
        Numpy ``S`` array, shape ``(n,)``; NUL padding is already gone.
    nulls
        True where the value is null.
    file, column
        Names to show.

    Raises
    ------
    EncodingError
        If a value is not UTF-8, naming it.
    """
    binary = pa.array(raw.tolist(), type=pa.binary(), mask=nulls)
    try:
        return binary.cast(pa.string())
    except pa.ArrowInvalid:
        pass
    for number, value in enumerate(raw.tolist()):
        try:
            value.decode()
        except UnicodeDecodeError:
            shown = value.decode("latin-1")
            raise EncodingError(
                f"{file}: column '{column}' has text that is not UTF-8, first '{shown}' "
                f"(in the {number + 1:,}. row read). Write the text as UTF-8.",
                file=file, column=column, value=shown,
            ) from None  # fmt: skip
    raise AssertionError("a value that Arrow refuses is refused by Python too")
