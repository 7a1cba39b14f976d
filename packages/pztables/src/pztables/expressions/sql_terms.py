"""Terms of SQL: a piece of text, and what is known of the values that it stands for."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pztables.expressions.vector import ColumnTypeError, Vector

#: Types of terms, as DuckDB calls them: numbers have one of three.
BOOLEAN: Final = "BOOLEAN"
BIG: Final = "BIGINT"
FLOAT: Final = "FLOAT"
DOUBLE: Final = "DOUBLE"
TEXT: Final = "VARCHAR"
NULL: Final = "NULL"
_LARGEST: Final = 2.0**63


class Parameters:
    """Values that the SQL names and does not hold."""

    def __init__(self, prefix: str) -> None:
        self.values: dict[str, Any] = {}
        self._prefix = prefix
        self._names: dict[tuple[str, str], str] = {}

    def bind(self, value: Any, kind: str) -> str:
        """Return how the SQL calls a value; equal ones once."""
        key = (kind, repr(value))
        if key not in self._names:
            self._names[key] = f"{self._prefix}{len(self._names)}"
            self.values[self._names[key]] = value
        return f"${self._names[key]}::{kind}"


@dataclass(frozen=True, slots=True)
class Term:
    """A piece of SQL.

    Attributes
    ----------
    text
        The SQL, ready to stand anywhere.
    type
        One of the types of this module.
    may_be_nan
        Whether it was computed and may be NaN (a column's NaN is NULL).
    magnitude
        No integer is larger than this, signs left out.
    column
        The bare column, where it is one and NaN is taken out of it by ``text``.
    scalar
        The Python number of a constant that takes the type of whatever it meets.
    """

    text: str
    type: str
    may_be_nan: bool = False
    magnitude: float = _LARGEST
    column: str | None = None
    scalar: bool | int | float | None = None

    @property
    def is_number(self) -> bool:
        """Whether arithmetic is defined."""
        return self.type in (BOOLEAN, BIG, FLOAT, DOUBLE)

    @property
    def is_nan_column(self) -> bool:
        """Whether it is a column that may hold NaN."""
        return self.column is not None

    @property
    def size(self) -> float:
        """The magnitude, at least 1."""
        return max(self.magnitude, 1.0)

    def bare(self) -> Term:
        """Return the column with its NaN, where it is one."""
        return self if self.column is None else replace(self, text=self.column, column=None)

    def as_int(self, parameters: Parameters) -> Term:
        """Return bools as integers, anything else as it is."""
        if self.type != BOOLEAN:
            return self
        scalar = None if self.scalar is None else int(self.scalar)
        return Term(f"CAST({self.text} AS BIGINT)", BIG, magnitude=1.0, scalar=scalar)


@dataclass(frozen=True, slots=True)
class WholeCheck:
    """What no row may have: a value with a fraction where ``int()`` is asked for.

    Attributes
    ----------
    doubtful
        SQL of the value where it has a fraction, NULL elsewhere.
    text, position
        The expression, and where in it the function stands.
    """

    doubtful: str
    text: str
    position: int


def column_term(
    reference: str, data_type: pa.DataType, lowest: float | None, highest: float | None
) -> Term:
    """Return a column as a nullable one: its NaN is NULL.

    Raises
    ------
    ColumnTypeError
        If the values are neither numbers nor bools nor text.
    """
    if pa.types.is_dictionary(data_type):
        data_type = data_type.value_type
    if pa.types.is_null(data_type):
        return Term("NULL", NULL)
    if pa.types.is_boolean(data_type):
        return Term(reference, BOOLEAN)
    if pa.types.is_string(data_type) or pa.types.is_large_string(data_type):
        return Term(reference, TEXT)
    if pa.types.is_integer(data_type):
        return _integer_column(reference, data_type, lowest, highest)
    if pa.types.is_decimal(data_type):
        return Term(f"CAST({reference} AS DOUBLE)", DOUBLE)
    if pa.types.is_floating(data_type):
        kind = DOUBLE if data_type == pa.float64() else FLOAT
        return Term(f"nullif({reference}, 'nan'::{kind})", kind, column=reference)
    raise ColumnTypeError(f"values of type {data_type}")


def _integer_column(
    reference: str, data_type: pa.DataType, lowest: float | None, highest: float | None
) -> Term:
    ends = np.iinfo(data_type.to_pandas_dtype())
    low = int(ends.min) if lowest is None else int(lowest)
    high = int(ends.max) if highest is None else int(highest)
    if high > np.iinfo(np.int64).max:
        return Term(f"CAST({reference} AS DOUBLE)", DOUBLE)
    return Term(f"CAST({reference} AS BIGINT)", BIG, magnitude=float(max(abs(low), abs(high))))


def constant(vector: Vector, parameters: Parameters) -> Term:
    """Return a value that names no column as a term."""
    value = vector.values.as_py() if isinstance(vector.values, pa.Scalar) else vector.values
    if isinstance(value, pa.Array):
        value = value[0].as_py() if len(value) else None
    missing = vector.missing is not None and bool(np.all(vector.missing))
    if vector.kind == "null":
        return Term("NULL", NULL)
    if vector.kind == "text":
        if value is None:
            return Term("NULL::VARCHAR", TEXT)
        return Term(parameters.bind(value, TEXT), TEXT)
    kind = {"bool": BOOLEAN, "int": BIG, "float": DOUBLE}[vector.kind]
    if missing:
        return Term(f"NULL::{kind}", kind)
    python = {"bool": bool, "int": int, "float": float}[vector.kind](value)
    scalar = python if type(value) in (bool, int, float) else None  # numpy's own have a precision
    return _number_constant(python, kind, scalar, parameters)


def _number_constant(
    value: bool | int | float, kind: str, scalar: Any, parameters: Parameters
) -> Term:
    nan = kind == DOUBLE and math.isnan(value)
    magnitude = float(abs(value)) if kind == BIG else _LARGEST
    return Term(parameters.bind(value, kind), kind, nan, magnitude, scalar=scalar)


def common_type(left: Term, right: Term) -> str:
    """Return the type in which numpy computes with two numbers."""
    sides = [replace(side, type=BIG) if side.type == BOOLEAN else side for side in (left, right)]
    if sides[0].type == sides[1].type:
        return sides[0].type
    for side, other in (sides, sides[::-1]):
        # A number that was written takes the precision of the column that it meets.
        if side.type == FLOAT and other.scalar is not None:
            return FLOAT
    return DOUBLE


def as_type(term: Term, kind: str, parameters: Parameters) -> Term:
    """Return a number in a type of `common_type`."""
    if term.type == kind:
        return term
    if term.scalar is not None:
        with np.errstate(all="ignore"):
            value = float(np.float32(term.scalar)) if kind == FLOAT else term.scalar
        python = int(value) if kind == BIG else float(value)
        return _number_constant(python, kind, term.scalar, parameters)
    text = f"CAST({term.text} AS {kind})"
    column = None if term.column is None else f"CAST({term.column} AS {kind})"
    return replace(term, text=text, type=kind, column=column)
