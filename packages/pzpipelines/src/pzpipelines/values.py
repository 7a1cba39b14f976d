"""Columns as catalogs have them, made into the text and the numbers that we compute with."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import pztables.numbers
from pzpipelines.arrays import BoolArray, FloatArray
from pztables.errors import UserError
from pztables.numbers import NotNumericError, examples_of

#: Texts that mean "no value", in any case.
NULL_TEXTS: Final = pa.array(["", "none", "null", "nan"])


class NotANumberError(UserError):
    """A numeric column holds values that are not numbers."""

    code = "not_a_number"


class UnusableColumnError(UserError):
    """A column holds neither numbers nor text."""

    code = "unusable_column"


def one_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return a column in one piece, without dictionary."""
    if isinstance(column, pa.ChunkedArray):
        column = (
            column.chunk(0)
            if column.num_chunks == 1
            else pa.concat_arrays(column.chunks)
            if column.num_chunks
            else pa.array([], column.type)
        )
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column


def texts(column: pa.Array, *, catalog: str, name: str) -> pa.Array:
    """Return a column as trimmed text; what means "no value" is null.

    Integers are written exactly, floats in their shortest form (``1``,
    ``3.96e+16``), bools as ``True`` and ``False``.

    Raises
    ------
    UnusableColumnError
        If the values have no text (lists, structures).
    """
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "True", "False")
    try:
        written = column.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        raise UnusableColumnError(
            f"{catalog}: column {name} holds {column.type}, which cannot be written as text",
            catalog=catalog,
            column=name,
        ) from error
    if pa.types.is_integer(column.type):
        return written
    written = pc.utf8_trim_whitespace(written)
    # Only short texts can mean "no value": the others need not be lower-cased.
    is_null = pc.and_(
        pc.less(pc.binary_length(written), 5), pc.is_in(pc.utf8_lower(written), NULL_TEXTS)
    )
    return pc.if_else(is_null, pa.scalar(None, pa.string()), written)


def numbers(column: pa.Array, *, catalog: str, name: str) -> FloatArray:
    """Return a column as doubles, NaN where there is no value, shape ``(n,)``.

    Raises
    ------
    NotANumberError
        If a value is not a number: with the count and the first rows.
    """
    values, wrong = numbers_where_possible(column, catalog=catalog, name=name)
    if wrong.any():
        refuse_non_numbers(column, wrong, catalog=catalog, name=name)
    return values


def numbers_where_possible(
    column: pa.Array, *, catalog: str, name: str
) -> tuple[FloatArray, BoolArray]:
    """Return a column as doubles and a mask of the values that are not numbers."""
    try:
        return pztables.numbers.numbers_where_possible(column)
    except NotNumericError as error:
        raise UnusableColumnError(
            f"{catalog}: column {name} holds {error}; expected numbers",
            catalog=catalog,
            column=name,
        ) from None


def refuse_non_numbers(column: pa.Array, wrong: BoolArray, *, catalog: str, name: str) -> None:
    """Raise the error for values that are not numbers."""
    count = int(wrong.sum())
    examples = examples_of(column, wrong)
    shown = ", ".join(f"row {each['row']}: {str(each['value'])[:40]!r}" for each in examples)
    raise NotANumberError(
        f"{catalog}: column {name} has {count} values that are not numbers ({shown}); correct "
        "them or associate another column",
        catalog=catalog,
        column=name,
        count=count,
        examples=examples,
    )


def nullable(values: FloatArray) -> pa.Array:
    """Return doubles as Arrow, null where NaN."""
    return pa.array(values, pa.float64(), from_pandas=True)


def take_texts(words: list[Any], codes: Any) -> pa.Array:
    """Return ``words[code]`` for each code as text; -1 is null."""
    indices = pa.array(codes.astype(np.int32, copy=False), mask=codes < 0)
    return pc.take(pa.array(words, pa.string()), indices)
