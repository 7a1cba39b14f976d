"""Trees as conditions of DuckDB: the back end for tables that stay on the disk.

A condition means exactly what `pztables.expressions.evaluate` makes of it on nullable
columns: null and NaN of a column are unknown, a NaN that was computed compares as IEEE 754
says, and Kleene's logic joins them. No text of the user gets into the SQL: values are
parameters, and columns are called by the references that the caller gives them.

Two renderings exist of every condition. The *exact* one is true, false or NULL where the
condition is; the *narrow* one is only true where the condition is, and keeps comparisons of
plain columns so simple that DuckDB can skip row groups by their statistics.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa

from pztables.expressions import sql_functions
from pztables.expressions.dispatch import BackEnd
from pztables.expressions.errors import ExpressionError, UnknownNameError
from pztables.expressions.evaluate import Evaluator, position_columns
from pztables.expressions.regions import dec_range, haversine_of, ra_ranges, ra_span
from pztables.expressions.sql_terms import (
    BIG,
    BOOLEAN,
    DOUBLE,
    FLOAT,
    NULL,
    TEXT,
    Parameters,
    Term,
    WholeCheck,
    as_type,
    column_term,
    common_type,
    constant,
)
from pztables.expressions.tree import (
    Arithmetic,
    Box,
    Call,
    Comparison,
    Cone,
    Contains,
    Expression,
    IsMissing,
    Item,
    Logic,
    Membership,
    Name,
    Node,
    Not,
    Region,
    Sign,
    walk,
)
from pztables.expressions.vector import Kind

#: What an engine needs that answers from Parquet files: their statistics say nothing of NaN, and
#: DuckDB would conclude that there is none (duckdb/duckdb#25521).
ENGINE_OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {"disabled_optimizers": "statistics_propagation"}
)
#: A condition whose SQL grows longer than this is refused, characters.
MAX_SQL: Final = 200_000
_SQL_OPERATORS: Final = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_KINDS: Final[dict[str, Kind]] = {
    BOOLEAN: "bool", BIG: "int", DOUBLE: "float", FLOAT: "float", TEXT: "text", NULL: "null",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SqlColumn:
    """A column as a condition may use it.

    Attributes
    ----------
    reference
        How it is called in the SQL: a name that the caller made, never one of the user.
    type
        Its Arrow type.
    lowest, highest
        Between which all its values lie, if that is known (statistics of the file): integers
        stay exact, and regions find the rows of interest sooner.
    """

    reference: str
    type: pa.DataType
    lowest: float | None = None
    highest: float | None = None


@dataclass(frozen=True, slots=True)
class SqlCondition:
    """A condition that selects the rows for which an expression is certainly true.

    Attributes
    ----------
    text
        Of DuckDB's SQL, with named parameters.
    parameters
        Their values by name.
    checks
        What must hold on the whole table first, in the order of the text.
    """

    text: str
    parameters: dict[str, Any]
    checks: tuple[WholeCheck, ...] = field(default=())


def sql_condition(
    expression: Expression,
    columns: Mapping[str, SqlColumn],
    *,
    positions: tuple[str, str] | None = None,
    prefix: str = "p",
) -> SqlCondition:
    """Compile a condition.

    Parameters
    ----------
    expression
        From `pztables.expressions.parse`.
    columns
        All columns of the table.
    positions
        Those of right ascension and declination, degrees, for ``cone`` and ``box``.
    prefix
        Of the names of the parameters.

    Raises
    ------
    ExpressionError
        If a column does not exist, an operation does not fit its kind, or the result is no
        condition; with its place in the text.
    """
    if unknown := [name for name in expression.names if name not in columns]:
        position = expression.position_of(unknown[0])
        raise UnknownNameError(expression.text, position, unknown, columns)
    compiler = _Compiler(expression, columns, positions, prefix)
    compiler.condition(expression.root)
    text = compiler.narrow(expression.root)
    if len(text) > MAX_SQL:
        raise ExpressionError(expression.text, 1, "too complicated; write a shorter condition")
    return SqlCondition(text, compiler.parameters.values, tuple(compiler.checks))


class _Compiler(BackEnd[Term]):
    """Compiles one expression."""

    def __init__(
        self,
        expression: Expression,
        columns: Mapping[str, SqlColumn],
        positions: tuple[str, str] | None,
        prefix: str,
    ) -> None:
        super().__init__(expression.text, {})
        self.columns = columns
        self.positions = positions
        self.parameters = Parameters(prefix)
        self.checks: list[WholeCheck] = []

    def kind_of(self, value: Term) -> Kind:
        return _KINDS[value.type]

    # -- only where it is certainly true

    def narrow(self, node: Node) -> str:
        match node:
            case Logic():
                joined = f" {node.operator.upper()} ".join(map(self.narrow, node.operands))
                return f"({joined})"
            case Comparison() if len(node.rest) == 1:
                operator, right = node.rest[0]
                return self.narrow_pair(operator, self.value(node.first), self.value(right))
            case Comparison():
                terms = [self.value(node.first), *(self.value(each) for _, each in node.rest)]
                operators = [operator for operator, _ in node.rest]
                pairs = zip(operators, terms, terms[1:], strict=False)
                return "(" + " AND ".join(self.narrow_pair(*pair) for pair in pairs) + ")"
            case Membership(negated=False):
                return self.is_member(node, self.value(node.operand).bare())
            case Cone() | Box():
                return self.narrow_region(node)
        return self.value(node).text

    def narrow_pair(self, operator: str, left: Term, right: Term) -> str:
        if not (left.is_number and right.is_number) or left.may_be_nan or right.may_be_nan:
            return self.compared(operator, left, right).text
        guards = [
            f" AND NOT isnan({side.column})"
            for side, other in ((left, right), (right, left))
            if side.is_nan_column
            and not (operator == "==" and not other.is_nan_column)
            # a column's NaN is larger than everything in DuckDB
            and not (side is left and operator in ("<", "<="))
            and not (side is right and operator in (">", ">="))
        ]
        found = self.compared(operator, left.bare(), right.bare()).text
        return f"({found}{''.join(guards)})" if guards else found

    def narrow_region(self, node: Region) -> str:
        ra, dec = self.position_terms(node)
        hints = [self.between(dec.bare().text, *dec_range(node))]
        name = position_columns(self.text, node, self.positions)[0]
        column = self.columns[name]
        if column.lowest is not None and column.highest is not None:
            ranges = ra_ranges(node, float(column.lowest), float(column.highest))
            if ranges is not None and len(ranges) <= 3:
                found = [self.between(ra.bare().text, *ends) for ends in ranges]
                hints.append(f"({' OR '.join(found)})" if found else "FALSE")
        return f"({' AND '.join(hints)} AND {self.region_text(node, ra.bare(), dec.bare())})"

    def between(self, text: str, first: float, last: float) -> str:
        return f"({text} BETWEEN {self.degrees(first)} AND {self.degrees(last)})"

    def degrees(self, value: float) -> str:
        return self.parameters.bind(float(value), DOUBLE)

    # -- exactly

    def value(self, node: Node) -> Term:
        found = super().value(node)
        if len(found.text) > MAX_SQL:
            raise ExpressionError(
                self.text, node.position, "too complicated; write a shorter condition"
            )
        return found

    def computed(self, node: Node) -> Term:
        if not any(isinstance(each, Name | Cone | Box) for each in walk(node)):
            return self.literal(node)
        return super().computed(node)

    def literal(self, node: Node) -> Term:
        """Return the value of what names no column, computed by the other back end."""
        evaluator = Evaluator({}, 1)
        vector = evaluator.vector(Expression(self.text, node))
        return constant(vector, self.parameters)

    def read_column(self, name: str) -> Term:
        column = self.columns[name]
        return column_term(column.reference, column.type, column.lowest, column.highest)

    def as_number(self, value: Term) -> Term:
        if value.type == NULL:
            return replace(value, text="NULL::DOUBLE", type=DOUBLE)
        return value.as_int(self.parameters)

    def as_truth(self, value: Term) -> Term:
        return value

    def signed(self, node: Sign) -> Term:
        operand = self.number(node.operand, f"the sign {node.operator}")
        return operand if node.operator == "+" else sql_functions.negative(operand)

    def arithmetic(self, node: Arithmetic) -> Term:
        left = self.number(node.left, node.operator)
        right = self.number(node.right, node.operator)
        if left.type == right.type == BIG and node.operator != "/":
            size = left.size * right.size if node.operator == "*" else left.size + right.size
            if size < 2.0**62:
                return Term(f"({left.text} {node.operator} {right.text})", BIG, magnitude=size)
        kind = common_type(left, right)
        if kind == BIG:  # it might not fit, or is a ratio
            kind = DOUBLE
        sides = (as_type(side, kind, self.parameters).text for side in (left, right))
        return Term(f"({f' {node.operator} '.join(sides)})", kind, may_be_nan=True)

    def comparison(self, node: Comparison) -> Term:
        found = [self.compared(*pair).text for pair in self.neighbours(node)]
        return Term(found[0] if len(found) == 1 else f"({' AND '.join(found)})", BOOLEAN)

    def compared(self, operator: str, left: Term, right: Term) -> Term:
        if NULL in (left.type, right.type):
            return Term("NULL::BOOLEAN", BOOLEAN)
        unknown = f"{left.text} IS NULL OR {right.text} IS NULL"
        if (left.type == TEXT) != (right.type == TEXT):  # text and a number are never equal
            return Term(f"(CASE WHEN {unknown} THEN NULL ELSE {operator == '!='} END)", BOOLEAN)
        if left.is_number:
            kind = common_type(left, right)
            left, right = (as_type(side, kind, self.parameters) for side in (left, right))
        plain = f"({left.text} {_SQL_OPERATORS[operator]} {right.text})"
        nan = [f"isnan({side.text})" for side in (left, right) if side.may_be_nan]
        if not nan:
            return Term(plain, BOOLEAN)
        return Term(
            f"(CASE WHEN {left.text} IS NULL OR {right.text} IS NULL THEN NULL "
            f"WHEN {' OR '.join(nan)} THEN {operator == '!='} ELSE {plain} END)",
            BOOLEAN,
        )

    def membership(self, node: Membership) -> Term:
        found = self.is_member(node, self.value(node.operand))
        return Term(f"(NOT {found})" if node.negated else found, BOOLEAN)

    def is_missing(self, node: IsMissing) -> Term:
        operand = self.value(node.operand)
        if operand.type == NULL:
            found = "TRUE"
        elif operand.may_be_nan or operand.is_nan_column:
            # Not "IS NULL OR isnan(...)": DuckDB asks the statistics of a file, which know no NaN.
            found = f"coalesce(isnan({operand.bare().text}), TRUE)"
        else:
            found = f"({operand.text} IS NULL)"
        return Term(f"(NOT {found})" if node.negated else found, BOOLEAN)

    def is_member(self, node: Membership, operand: Term) -> str:
        if operand.type == NULL:
            return "NULL::BOOLEAN"
        fitting: dict[str, list[str]] = {}
        for option in node.options:
            value = self.literal(option)
            if (value.type == TEXT) != (operand.type == TEXT):
                continue
            kind = TEXT if operand.type == TEXT else common_type(operand, value)
            fitting.setdefault(kind, []).append(as_type(value, kind, self.parameters).text)
        if not fitting:
            return f"(CASE WHEN {operand.text} IS NULL THEN NULL ELSE FALSE END)"
        found = [
            f"({as_type(operand, kind, self.parameters).text} IN ({', '.join(values)}))"
            for kind, values in fitting.items()
        ]
        return found[0] if len(found) == 1 else f"({' OR '.join(found)})"

    def logic(self, node: Logic | Not) -> Term:
        if isinstance(node, Not):
            return Term(f"(NOT {self.truth(node.operand).text})", BOOLEAN)
        operands = (self.truth(operand).text for operand in node.operands)
        return Term(f"({f' {node.operator.upper()} '.join(operands)})", BOOLEAN)

    def called(self, node: Call | Item | Contains) -> Term:
        try:
            if isinstance(node, Item):
                return sql_functions.character(self.value(node.operand), node.index)
            if isinstance(node, Contains):
                operand = self.value(node.operand)
                return sql_functions.contains(operand, node.text, self.parameters)
            operand = self.value(node.arguments[0])
            result = sql_functions.CALLS[node.function](operand, self.parameters)
        except sql_functions.TermRefusedError as refusal:
            raise self.refuse(node, str(refusal)) from None
        if isinstance(result, sql_functions.Checked):
            self.checks.append(WholeCheck(result.doubtful, self.text, node.position))
            return result.term
        return result

    # -- regions

    def position_terms(self, node: Region) -> tuple[Term, Term]:
        names = position_columns(self.text, node, self.positions)
        if unknown := [name for name in names if name not in self.columns]:
            raise UnknownNameError(self.text, node.position, unknown, self.columns)
        ra, dec = (
            as_type(self.number(Name(name, node.position), "a region"), DOUBLE, self.parameters)
            for name in names
        )
        return ra, dec

    def region(self, node: Region) -> Term:
        ra, dec = self.position_terms(node)
        unknown = f"{ra.text} IS NULL OR {dec.text} IS NULL"
        found = self.region_text(node, ra, dec)
        return Term(f"(CASE WHEN {unknown} THEN NULL ELSE {found} END)", BOOLEAN)

    def region_text(self, node: Region, ra: Term, dec: Term) -> str:
        if isinstance(node, Cone):
            return self.cone_text(node, ra.text, dec.text)
        first, width = ra_span(node)
        east = f"({ra.text} - {self.degrees(first)})"
        turned = f"({east} - 360.0::DOUBLE * floor({east} / 360.0::DOUBLE))"
        finite = f"isfinite({ra.text})"
        return (
            f"({self.between(dec.text, node.dec_min, node.dec_max)} "
            f"AND ({turned} <= {self.degrees(width)}) AND {finite})"
        )

    def cone_text(self, node: Cone, ra: str, dec: str) -> str:
        north = f"sin(radians({dec} - {self.degrees(node.dec)}) / 2)"
        east = f"sin(radians({ra} - {self.degrees(node.ra)}) / 2)"
        cosine = self.degrees(math.cos(math.radians(node.dec)))
        height = self.degrees(haversine_of(node))
        return (
            f"(({north} * {north} + cos(radians({dec})) * {cosine} * {east} * {east} <= {height}) "
            f"AND isfinite({ra}) AND isfinite({dec}))"
        )
