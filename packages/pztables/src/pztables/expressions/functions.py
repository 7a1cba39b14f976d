"""The functions of the language, on whole columns.

Each takes a `Vector` and returns one; where a column does not fit it raises
`ColumnRefusedError`, to which the caller adds the place in the text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pztables.expressions.errors import (
    ExpressionError,
    ExpressionTypeError,
    FractionalIntError,
)
from pztables.expressions.vector import Vector

#: Texts that show a whole number, and any number.
WHOLE_PATTERN: Final = r"^[+-]?[0-9]{1,18}$"
NUMBER_PATTERN: Final = (
    r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,6})?$|^(?i:[+-]?(inf|infinity|nan))$"
)


class ColumnRefusedError(Exception):
    """A function met a column that it cannot use.

    Parameters
    ----------
    error
        Which refusal the user gets.
    reason
        What is wrong and what to do.
    """

    def __init__(self, error: type[ExpressionError], reason: str, **data: Any) -> None:
        super().__init__(reason)
        self.error = error
        self.reason = reason
        self.data = data


def _numbers(vector: Vector, function: str) -> Vector:
    if vector.kind == "null":
        return Vector("float", np.nan, vector.absent())
    if not vector.is_number:
        raise ColumnRefusedError(ExpressionTypeError, f"{function} needs numbers, this is text")
    return vector.as_int()


def _texts(vector: Vector, function: str) -> Vector:
    if vector.kind == "null":
        return Vector("text", pa.nulls(np.size(vector.absent()), pa.large_string()))
    if vector.kind != "text":
        raise ColumnRefusedError(
            ExpressionTypeError, f"{function} needs text; write str(...) around it"
        )
    if isinstance(vector.values, str):
        return Vector("text", pa.scalar(vector.values, pa.large_string()))
    return vector


def trunc(vector: Vector) -> Vector:
    """Cut the fraction off, towards zero; the result is a float."""
    numbers = _numbers(vector, "np.trunc").as_float()
    return replace(numbers, values=np.trunc(numbers.values))


def absolute(vector: Vector) -> Vector:
    """Drop the sign."""
    numbers = _numbers(vector, "abs")
    return replace(numbers, values=np.abs(numbers.values))


def is_finite(vector: Vector) -> Vector:
    """Tell numbers from infinities and NaN; unknown where a nullable column has no value."""
    numbers = _numbers(vector, "np.isfinite")
    finite = np.isfinite(numbers.values)
    if numbers.ieee and numbers.missing is not None:
        return Vector("bool", finite & ~numbers.missing)
    return Vector("bool", finite, numbers.missing)


def to_float(vector: Vector) -> Vector:
    """Turn numbers and the texts that show one into floats; other texts have no value."""
    if vector.kind == "text":
        return _parsed(vector)
    return _numbers(vector, "float").as_float()


def to_int(vector: Vector) -> Vector:
    """Turn whole numbers and the texts that show one into integers.

    No value stays no value. A fraction is refused: cutting it off would let a
    rule for flag 3 silently take 3.5.
    """
    if vector.kind == "text":
        whole = _parsed_whole(vector)
        if whole is not None:
            return whole
        vector = _parsed(vector)
    numbers = _numbers(vector, "int")
    if numbers.kind == "int":
        return replace(numbers, ieee=False)
    values = np.asarray(numbers.values, np.float64)
    missing = np.isnan(values)
    if numbers.missing is not None:
        missing |= numbers.missing
    wrong = ~missing & ((np.trunc(values) != values) | (np.abs(values) >= 2.0**63))
    if wrong.any():
        examples = np.unique(values[wrong])[:5].tolist()
        shown = ", ".join(map(str, examples))
        reason = f"int() met {int(wrong.sum())} values that are not whole numbers (such as {shown})"
        raise ColumnRefusedError(
            FractionalIntError, reason, count=int(wrong.sum()), examples=examples
        )
    return Vector("int", np.where(missing, 0, values).astype(np.int64), missing)


def to_text(vector: Vector) -> Vector:
    """Write values as Python does: ``3``, ``3.0``, ``True``."""
    if vector.kind in ("text", "null"):
        return vector
    if vector.values.__class__ in (bool, int, float):
        return Vector("text", str(vector.values))
    missing = vector.missing
    if vector.kind == "float":
        nan = np.isnan(vector.values)
        missing = nan if missing is None else nan | missing
    if vector.kind == "int":
        texts = pc.cast(pa.array(vector.values, mask=missing), pa.large_string())
    else:
        shown = vector.values.astype(str)
        if vector.values.dtype == np.float32:  # numpy writes these with exponents sooner
            shown = shown.astype(np.float64).astype(str)
        texts = pa.array(shown.astype(object), pa.large_string(), mask=missing)
    return Vector("text", texts)


def length(vector: Vector) -> Vector:
    """Count the characters of a text."""
    texts = _texts(vector, "len")
    lengths = pc.utf8_length(texts.values)
    if isinstance(lengths, pa.Scalar):
        return Vector("int", lengths.as_py())
    missing = texts.absent()
    return Vector("int", lengths.fill_null(0).to_numpy().astype(np.int64), missing)


def character(vector: Vector, index: int) -> Vector:
    """Take one character of a text; no value where the text is too short."""
    texts = _texts(vector, "[ ]")
    stop = index + 1 if index != -1 else None
    found = pc.utf8_slice_codeunits(texts.values, start=index, stop=stop)
    empty = pc.equal(found, pa.scalar("", pa.large_string()))
    found = pc.if_else(empty, pa.scalar(None, pa.large_string()), found)
    if isinstance(found, pa.Scalar):
        return Vector("text", found.as_py()) if found.is_valid else Vector("null", None)
    return Vector("text", found)


def contains(vector: Vector, text: str) -> Vector:
    """Tell which texts hold another one somewhere."""
    texts = _texts(vector, "in")
    found = pc.match_substring(texts.values, text)
    if isinstance(found, pa.Scalar):
        return Vector("bool", found.as_py()) if found.is_valid else Vector("null", None)
    missing = texts.absent()
    return Vector("bool", found.fill_null(False).to_numpy(zero_copy_only=False), missing)


def _parsed(vector: Vector) -> Vector:
    """Return the numbers that texts show as nullable floats."""
    texts = pc.utf8_trim_whitespace(_texts(vector, "float").values)
    is_number = pc.match_substring_regex(texts, NUMBER_PATTERN)
    numbers = pc.cast(pc.if_else(is_number, texts, None), pa.float64())
    if isinstance(numbers, pa.Scalar):
        return Vector("float", numbers.as_py()) if numbers.is_valid else Vector("null", None)
    missing = pc.is_null(numbers, nan_is_null=True).to_numpy(zero_copy_only=False)
    return Vector("float", numbers.fill_null(0.0).to_numpy(), missing)


def _parsed_whole(vector: Vector) -> Vector | None:
    """Return whole numbers exactly when every text shows one, else ``None``."""
    texts = pc.utf8_trim_whitespace(_texts(vector, "int").values)
    if isinstance(texts, pa.Scalar):
        return None
    if not pc.all(pc.match_substring_regex(texts, WHOLE_PATTERN), min_count=0).as_py():
        return None
    whole = pc.cast(pc.utf8_ltrim(texts, characters="+"), pa.int64())
    missing = whole.is_null().to_numpy(zero_copy_only=False) if whole.null_count else None
    return Vector("int", whole.fill_null(0).to_numpy(), missing)


CALLS: Final[dict[str, Callable[..., Vector]]] = {
    "np.trunc": trunc,
    "np.abs": absolute,
    "np.isfinite": is_finite,
    "abs": absolute,
    "float": to_float,
    "int": to_int,
    "str": to_text,
    "len": length,
    "[]": character,
    "in": contains,
}
