"""The slow obvious twin: one expression on one row, with Python's own values.

A missing nullable value is ``None``; a missing raw number is ``nan``. Written
from the description of the language, without looking at the vectorised code.
"""

from __future__ import annotations

import math
import operator
import re
from typing import Any

from pztables.expressions import tree

ORDER = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt,
    "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class WrongValueError(Exception):
    """The operation is not defined for the value."""


def is_number(value: Any) -> bool:
    return isinstance(value, bool | int | float)


def compare(name: str, left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    if is_number(left) != is_number(right):
        if name in ("==", "!="):
            return name == "!="
        raise WrongValueError
    return bool(ORDER[name](left, right))


def all_of(values: list[bool | None]) -> bool | None:
    if False in values:
        return False
    return None if None in values else True


def any_of(values: list[bool | None]) -> bool | None:
    if True in values:
        return True
    return None if None in values else False


def negate(value: bool | None) -> bool | None:
    return None if value is None else not value


def arithmetic(name: str, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if not (is_number(left) and is_number(right)):
        raise WrongValueError
    if name == "/":
        if right == 0:
            if left == 0 or math.isnan(left):
                return math.nan
            return math.copysign(math.inf, left) * math.copysign(1.0, right)
        return left / right
    return {"+": operator.add, "-": operator.sub, "*": operator.mul}[name](left, right)


def shown_number(text: str) -> float | None:
    text = text.strip()
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return float(text)
    return None


def call(name: str, value: Any) -> Any:  # noqa: C901
    if value is None:
        return None
    if name == "str":
        return None if isinstance(value, float) and math.isnan(value) else str(value)
    if name == "len":
        if not isinstance(value, str):
            raise WrongValueError
        return len(value)
    if isinstance(value, str):
        if name not in ("float", "int"):
            raise WrongValueError
        value = shown_number(value)
        if value is None:
            return None
    if name == "np.isfinite":
        return math.isfinite(value)
    if name in ("np.abs", "abs"):
        return abs(value)
    if name == "float":
        return float(value)
    if name == "np.trunc":
        return float(math.trunc(value)) if math.isfinite(value) else float(value)
    if isinstance(value, float) and math.isnan(value):
        return None
    if value != math.trunc(value):
        raise WrongValueError
    return int(value)


def condition(value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise WrongValueError
    return value


def value_of(node: tree.Node, row: dict[str, Any]) -> Any:  # noqa: C901
    match node:
        case tree.Literal():
            return node.value
        case tree.Name():
            return row[node.name]
        case tree.Sign():
            operand = value_of(node.operand, row)
            if isinstance(operand, str):
                raise WrongValueError
            return operand if operand is None or node.operator == "+" else -operand
        case tree.Arithmetic():
            left, right = value_of(node.left, row), value_of(node.right, row)
            if isinstance(left, str) or isinstance(right, str):
                raise WrongValueError
            return arithmetic(node.operator, left, right)
        case tree.Comparison():
            values = [value_of(each, row) for each in tree.children(node)]
            names = [name for name, _ in node.rest]
            return all_of(
                [compare(n, a, b) for n, a, b in zip(names, values, values[1:], strict=False)]
            )
        case tree.Membership():
            operand = value_of(node.operand, row)
            found = any_of([compare("==", operand, option.value) for option in node.options])
            return negate(found) if node.negated else found
        case tree.IsMissing():
            operand = value_of(node.operand, row)
            missing = operand is None or (isinstance(operand, float) and math.isnan(operand))
            return missing != node.negated
        case tree.Logic():
            values = [condition(value_of(each, row)) for each in node.operands]
            return all_of(values) if node.operator == "and" else any_of(values)
        case tree.Not():
            return negate(condition(value_of(node.operand, row)))
        case tree.Call():
            return call(node.function, value_of(node.arguments[0], row))
        case tree.Contains():
            text = value_of(node.operand, row)
            if text is None:
                return None
            if not isinstance(text, str):
                raise WrongValueError
            return node.text in text
        case tree.Item():
            text = value_of(node.operand, row)
            if text is None:
                return None
            if not isinstance(text, str):
                raise WrongValueError
            inside = -len(text) <= node.index < len(text)
            return text[node.index] if inside else None
