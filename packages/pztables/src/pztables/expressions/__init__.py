"""The language of users' rules and filters: parsed to a typed tree, evaluated on columns.

A rule such as ``0 < z_err < 0.001`` or a filter such as
``z > 0.5 and survey == "DESI"`` is text that a user wrote. It is parsed into
our own small tree (`parse`), which is the only thing that is ever evaluated;
nothing of Python's runtime is reachable from it. `Evaluator` computes trees on
whole columns in memory; `sql_condition` makes conditions of DuckDB of them, for tables that
stay on the disk.
"""

from pztables.expressions.errors import (
    ExpressionError,
    ExpressionTypeError,
    FractionalIntError,
    UnknownNameError,
)
from pztables.expressions.evaluate import Evaluator, evaluate, matches
from pztables.expressions.parse import FUNCTIONS, REGIONS, parse
from pztables.expressions.sql import ENGINE_OPTIONS, SqlColumn, SqlCondition, sql_condition
from pztables.expressions.tree import Expression
from pztables.expressions.vector import Vector, raw_column, table_column

__all__ = [
    "ENGINE_OPTIONS",
    "FUNCTIONS",
    "REGIONS",
    "Evaluator",
    "Expression",
    "ExpressionError",
    "ExpressionTypeError",
    "FractionalIntError",
    "SqlColumn",
    "SqlCondition",
    "UnknownNameError",
    "Vector",
    "evaluate",
    "matches",
    "parse",
    "raw_column",
    "sql_condition",
    "table_column",
]
