"""Trees on whole columns: the numpy and Arrow back end.

Missing values follow Kleene's logic (unknown and false is false, unknown or
true is true), except for raw numeric columns, where they follow IEEE 754.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pztables.expressions.dispatch import BackEnd
from pztables.expressions.errors import ExpressionTypeError, UnknownNameError
from pztables.expressions.functions import CALLS, ColumnRefusedError
from pztables.expressions.regions import inside
from pztables.expressions.tree import (
    Arithmetic,
    Call,
    Comparison,
    Contains,
    Expression,
    IsMissing,
    Item,
    Literal,
    Logic,
    Membership,
    Name,
    Node,
    Not,
    Region,
    Sign,
)
from pztables.expressions.vector import (
    BoolArray,
    Kind,
    Vector,
    table_column,
)

_KIND_OF_LITERAL: Final[dict[type, Kind]] = {
    bool: "bool", int: "int", float: "float", str: "text",
}  # fmt: skip
_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": np.equal, "!=": np.not_equal, "<": np.less,
    "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
}  # fmt: skip
_COMPARE_TEXT: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": pc.equal, "!=": pc.not_equal, "<": pc.less,
    "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal,
}  # fmt: skip
_ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.true_divide,
}  # fmt: skip


def evaluate(
    expression: Expression,
    columns: Mapping[str, Any],
    *,
    positions: tuple[str, str] | None = None,
) -> pa.Array:
    """Compute an expression on columns of one length.

    Parameters
    ----------
    expression
        From `parse`.
    columns
        Name to Arrow array, numpy array, sequence or prepared `Vector`; all of
        length ``n``. Plain arrays are taken as nullable (`table_column`).
    positions
        The columns of right ascension and declination, degrees, for ``cone`` and ``box``.

    Returns
    -------
    shape ``(n,)``, null where the result is unknown

    Raises
    ------
    ExpressionError
        If a column does not exist or an operation does not fit its kind.
    """
    evaluator = Evaluator(columns, _length(columns), positions=positions)
    return evaluator.vector(expression).to_arrow(evaluator.n_rows)


def matches(
    expression: Expression,
    columns: Mapping[str, Any],
    *,
    positions: tuple[str, str] | None = None,
) -> BoolArray:
    """Return where a condition is certainly true, shape ``(n,)``; all else as `evaluate`."""
    return Evaluator(columns, _length(columns), positions=positions).matches(expression)


def _length(columns: Mapping[str, Any]) -> int:
    for column in columns.values():
        if not isinstance(column, Vector):
            return len(column)
        source = column.missing if column.kind == "null" else column.values
        if isinstance(source, pa.Array) or np.ndim(source):
            return len(source)
    return 0


class Evaluator:
    """Evaluates expressions on the same rows; equal subtrees are computed once.

    Parameters
    ----------
    columns
        Name to column, as for `evaluate`; a mapping that loads lazily is fine,
        only the columns that are named are asked for.
    n_rows
        Length of every column.
    positions
        The columns of right ascension and declination, as for `evaluate`.
    """

    def __init__(
        self,
        columns: Mapping[str, Any],
        n_rows: int,
        *,
        positions: tuple[str, str] | None = None,
    ) -> None:
        self.columns = columns
        self.n_rows = n_rows
        self.positions = positions
        self._known: dict[Node, Vector] = {}

    def matches(self, expression: Expression) -> BoolArray:
        """Return where the condition is certainly true, shape ``(n_rows,)``."""
        result = self._computed(expression, _Walk.condition)
        if result.kind == "null":
            return np.zeros(self.n_rows, bool)
        true = _certainly(result.values, result.missing)
        return np.array(np.broadcast_to(true, self.n_rows))

    def vector(self, expression: Expression) -> Vector:
        """Return the value of an expression."""
        return self._computed(expression, _Walk.value)

    def _computed(self, expression: Expression, of: Callable[[_Walk, Node], Vector]) -> Vector:
        if unknown := [name for name in expression.names if name not in self.columns]:
            position = expression.position_of(unknown[0])
            raise UnknownNameError(expression.text, position, unknown, self.columns)
        with np.errstate(all="ignore"):
            walk = _Walk(expression.text, self.columns, self._known, self.positions)
            return of(walk, expression.root)


def _certainly(values: Any, missing: Any) -> Any:
    return values if missing is None else values & ~missing


class _Walk(BackEnd[Vector]):
    """One pass over one tree."""

    def __init__(
        self,
        text: str,
        columns: Mapping[str, Any],
        known: dict[Node, Vector],
        positions: tuple[str, str] | None,
    ) -> None:
        super().__init__(text, known)
        self.columns = columns
        self.positions = positions

    def kind_of(self, value: Vector) -> Kind:
        return value.kind

    def literal(self, node: Literal) -> Vector:
        value = node.value
        if value is None:
            return Vector("null", None)
        return Vector(_KIND_OF_LITERAL[type(value)], value)

    def read_column(self, name: str) -> Vector:
        column = self.columns[name]
        return column if isinstance(column, Vector) else table_column(column)

    def as_number(self, value: Vector) -> Vector:
        if value.kind == "null":
            return Vector("float", np.nan, value.absent())
        return value.as_int()

    def as_truth(self, value: Vector) -> Vector:
        if value.kind == "null":
            return Vector("bool", np.False_, value.absent())
        return value

    def signed(self, node: Sign) -> Vector:
        operand = self.number(node.operand, f"the sign {node.operator}")
        if node.operator == "+":
            return operand
        return Vector(operand.kind, -operand.values, operand.missing, operand.ieee)

    def arithmetic(self, node: Arithmetic) -> Vector:
        left = self.number(node.left, node.operator)
        right = self.number(node.right, node.operator)
        left, right = _fitting(node.operator, left, right)
        values = _ARITHMETIC[node.operator](left.values, right.values)
        if not isinstance(values, np.ndarray):
            values = values.item()  # stays a Python number: never widens float32
        kind: Kind = "int" if left.kind == right.kind == "int" and node.operator != "/" else "float"
        return Vector(kind, values, _either(left.missing, right.missing))

    def comparison(self, node: Comparison) -> Vector:
        return reduce(_and, [_compared(*pair) for pair in self.neighbours(node)])

    def logic(self, node: Logic | Not) -> Vector:
        if isinstance(node, Logic):
            return reduce(_AND_OR[node.operator], map(self.truth, node.operands))
        operand = self.truth(node.operand)
        return Vector("bool", np.logical_not(operand.values), operand.missing)

    def membership(self, node: Membership) -> Vector:
        operand = self.value(node.operand)
        found = Vector("bool", np.False_, operand.absent() if not operand.ieee else None)
        for option in node.options:
            found = _or(found, _compared("==", operand, self.value(option)))
        if node.negated:
            return Vector("bool", np.logical_not(found.values), found.missing)
        return found

    def is_missing(self, node: IsMissing) -> Vector:
        operand = self.value(node.operand)
        missing = operand.absent()
        if operand.kind == "float":
            missing = _either(missing, np.isnan(operand.values))
        found = np.False_ if missing is None else missing
        return Vector("bool", np.logical_not(found) if node.negated else found)

    def called(self, node: Call | Item | Contains) -> Vector:
        try:
            if isinstance(node, Item):
                return CALLS["[]"](self.value(node.operand), node.index)
            if isinstance(node, Contains):
                return CALLS["in"](self.value(node.operand), node.text)
            return CALLS[node.function](self.value(node.arguments[0]))
        except ColumnRefusedError as refusal:
            raise refusal.error(self.text, node.position, refusal.reason, **refusal.data) from None

    def region(self, node: Region) -> Vector:
        ra, dec = (
            self.number(Name(name, node.position), "a region").as_float()
            for name in position_columns(self.text, node, self.positions)
        )
        return Vector("bool", inside(node, ra.values, dec.values), _either(ra.missing, dec.missing))


def position_columns(text: str, node: Region, positions: tuple[str, str] | None) -> tuple[str, str]:
    """Return the columns of right ascension and declination.

    Raises
    ------
    ExpressionTypeError
        If they are not known.
    """
    if positions is None:
        reason = "cone and box need to know which columns are right ascension and declination"
        raise ExpressionTypeError(text, node.position, reason)
    return positions


def _either(left: Any, right: Any) -> Any:
    if left is None or right is None:
        return right if left is None else left
    return left | right


def _fitting(operator: str, left: Vector, right: Vector) -> tuple[Vector, Vector]:
    """Return operands whose result cannot overflow, with raw missing values as NaN."""
    if left.ieee and left.missing is not None:
        left = left.as_float()
    if right.ieee and right.missing is not None:
        right = right.as_float()
    if left.kind == right.kind == "int" and operator != "/":
        sizes = [
            float(np.max(np.abs(np.asarray(side.values, float)), initial=1))
            for side in (left, right)
        ]
        if (sizes[0] * sizes[1] if operator == "*" else sum(sizes)) >= 2.0**62:
            return left.as_float(), right.as_float()
    return left, right


def _compared(operator: str, left: Vector, right: Vector) -> Vector:
    missing = _either(None if left.ieee else left.absent(), None if right.ieee else right.absent())
    if left.kind == "null" or right.kind == "null":
        return Vector("bool", np.False_, missing)
    if left.kind == "text" and right.kind == "text":
        values = _compared_texts(operator, left.values, right.values)
    elif left.kind == "text" or right.kind == "text":
        values = np.bool_(operator == "!=")  # text and a number are never equal
    else:
        values = _COMPARE[operator](left.values, right.values)
    for side in (left, right):
        if side.ieee and side.missing is not None:
            values = np.where(side.missing, operator == "!=", values)
    return Vector("bool", values, missing)


def _compared_texts(operator: str, left: Any, right: Any) -> Any:
    sides = [
        side if isinstance(side, pa.Array) else pa.scalar(side, pa.large_string())
        for side in (left, right)
    ]
    result = _COMPARE_TEXT[operator](*sides)
    if isinstance(result, pa.Scalar):
        return np.bool_(result.as_py())
    return result.fill_null(False).to_numpy(zero_copy_only=False)


def _and(left: Vector, right: Vector) -> Vector:
    values = np.logical_and(left.values, right.values)
    if left.missing is None and right.missing is None:
        return Vector("bool", values)
    false = _certainly(np.logical_not(left.values), left.missing) | _certainly(
        np.logical_not(right.values), right.missing
    )
    missing = _either(left.missing, right.missing) & ~false
    return Vector("bool", values & ~missing, missing)


def _or(left: Vector, right: Vector) -> Vector:
    values = _certainly(np.asarray(left.values), left.missing) | _certainly(
        np.asarray(right.values), right.missing
    )
    missing = _either(left.missing, right.missing)
    return Vector("bool", values, None if missing is None else missing & ~values)


_AND_OR: Final[dict[str, Callable[[Vector, Vector], Vector]]] = {"and": _and, "or": _or}
