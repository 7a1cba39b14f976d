"""Columns read as numbers, and what in them is not one."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

FloatArray: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]

#: Texts that mean "no value" in a numeric column, in any case.
NULL_TEXTS: Final = ("", "none", "null", "nan", "na", "<na>")
_NUMBER: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,6})?$|^(?i:[+-]?inf(inity)?)$"


class NotNumericError(TypeError):
    """A column holds neither numbers nor text (dates, lists, structures)."""


def is_text(type_: pa.DataType) -> bool:
    """Return whether a column holds text."""
    return bool(
        pa.types.is_string(type_) or pa.types.is_large_string(type_) or type_ == pa.string_view()
    )


def is_numeric(type_: pa.DataType) -> bool:
    """Return whether a column holds numbers or bools."""
    return bool(
        pa.types.is_integer(type_)
        or pa.types.is_floating(type_)
        or pa.types.is_decimal(type_)
        or pa.types.is_boolean(type_)
    )


def numbers_where_possible(column: pa.Array) -> tuple[FloatArray, BoolArray]:
    """Read a column as numbers.

    Parameters
    ----------
    column
        Numbers, bools or text, length ``n``.

    Returns
    -------
    doubles, NaN where there is no value or no number, shape ``(n,)``; and a
    mask of the values that are there and are not numbers, shape ``(n,)``

    Raises
    ------
    NotNumericError
        If the column can hold no number.
    """
    nothing_wrong = np.zeros(len(column), bool)
    if pa.types.is_null(column.type):
        return np.full(len(column), np.nan), nothing_wrong
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if is_numeric(column.type):
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.int8())
        elif column.type == pa.float16():
            column = column.cast(pa.float32())
        return _doubles(column.cast(pa.float64(), safe=False)), nothing_wrong
    if not is_text(column.type) and not pa.types.is_binary(column.type):
        raise NotNumericError(str(column.type))
    return _parsed(column)


def _parsed(column: pa.Array) -> tuple[FloatArray, BoolArray]:
    written = pc.utf8_trim_whitespace(column.cast(pa.string()))
    is_number = pc.match_substring_regex(written, _NUMBER)
    is_null = pc.is_in(pc.utf8_lower(written), pa.array(NULL_TEXTS))
    parsed = pc.if_else(is_number, written, pa.scalar(None, pa.string())).cast(pa.float64())
    wrong = pc.fill_null(pc.invert(pc.or_(is_number, is_null)), False)
    return _doubles(parsed), wrong.to_numpy(zero_copy_only=False)


def _doubles(column: pa.Array) -> FloatArray:
    values: FloatArray = column.to_numpy(zero_copy_only=False)
    return values


def examples_of(column: Any, wrong: BoolArray, *, first_row: int = 1) -> list[dict[str, Any]]:
    """Return up to five values that are not numbers with their row (from ``first_row``)."""
    rows = np.flatnonzero(wrong)[:5].tolist()
    return [{"row": first_row + row, "value": _shown(column[row].as_py())} for row in rows]


def _shown(value: object) -> object:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
