"""Conditions on one column, written into the expression for those who do not type them."""

from __future__ import annotations

import keyword
import math
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pzhub.core.errors import InvalidError
from pzhub.tables.table import TableColumn
from pztables.expressions import ExpressionError, parse
from pztables.expressions.tree import Logic

OPERATORS: Final = {
    "between": gettext_lazy("is between"),
    "eq": gettext_lazy("equals"),
    "ne": gettext_lazy("differs from"),
    "in": gettext_lazy("is one of"),
    "contains": gettext_lazy("contains"),
    "null": gettext_lazy("has no value"),
    "some": gettext_lazy("has a value"),
}
_NUMBERS: Final = ("between", "eq", "ne", "in", "null", "some")
_TEXTS: Final = ("eq", "ne", "in", "contains", "null", "some")
_BOOLS: Final = ("eq", "null", "some")
_OTHERS: Final = ("null", "some")


class ConditionValueError(InvalidError):
    """A value does not fit the condition that it is part of."""

    code = "condition_value"


@dataclass(frozen=True, slots=True)
class ColumnCondition:
    """A condition on one column, as a form sends it."""

    column: TableColumn
    operator: str
    value: str = ""
    value2: str = ""

    def expression(self) -> str:
        """Return the condition in the language of `pztables.expressions`.

        Raises
        ------
        ConditionValueError
            If the operator does not fit the column, or a value the operator.
        """
        name = written_name(self.column.name)
        if self.operator not in operators_of(self.column):
            raise _refusal("op", _("Choose one of the conditions that this column can have."))
        match self.operator:
            case "null":
                return f"{name} is None"
            case "some":
                return f"{name} is not None"
            case "between":
                return self._between(name)
            case "in":
                values = [part.strip() for part in self.value.split(",") if part.strip()]
                if not values:
                    raise _refusal("value", _("Write the values, with commas between them."))
                written = [self._written(value, "value") for value in values]
                # A single value between parentheses is no list.
                listed = f"({', '.join(written)})" if len(written) > 1 else f"[{written[0]}]"
                return f"{name} in {listed}"
            case "contains":
                if not self.value:
                    raise _refusal("value", _("Write the text to look for."))
                return f"{written_text(self.value)} in {name}"
        sign = {"eq": "==", "ne": "!="}[self.operator]
        return f"{name} {sign} {self._written(self.value.strip(), 'value')}"

    def _between(self, name: str) -> str:
        low, high = self.value.strip(), self.value2.strip()
        if not low and not high:
            raise _refusal("value", _("Write the lowest value, the highest, or both."))
        parts = [f"{name} >= {self._written(low, 'value')}"] if low else []
        if high:
            parts.append(f"{name} <= {self._written(high, 'value2')}")
        return " and ".join(parts)

    def _written(self, text: str, option: str) -> str:
        kind = self.column.info.type
        if _is_text(kind):
            return written_text(text)
        if pa.types.is_boolean(kind):
            if text.lower() not in ("true", "false"):
                raise _refusal(option, _("Write true or false."))
            return text.lower().capitalize()
        try:
            if "_" in text or not text.isascii() or not math.isfinite(float(text)):
                raise ValueError
        except ValueError:
            raise _refusal(option, _("Write a number such as 0.5 or 1e-3.")) from None
        # The language takes no zeros before whole numbers.
        return str(int(text)) if text.lstrip("+-").isdigit() else text.lstrip("+")


def operators_of(column: TableColumn) -> tuple[str, ...]:
    """Return which conditions a column can have, by its type."""
    kind = column.info.type
    if pa.types.is_boolean(kind):
        return _BOOLS
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _NUMBERS
    return _TEXTS if _is_text(kind) else _OTHERS


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def written_name(name: str) -> str:
    """Return a column as the language writes it: ``col('…')`` where it is no name of Python."""
    plain = name.isidentifier() and name.isascii() and not keyword.iskeyword(name)
    return name if plain else f"col({written_text(name)})"


def written_text(text: str) -> str:
    """Return a text between quotes."""
    shown = repr(text)
    return shown if '"' in text or not text.isprintable() else f'"{shown[1:-1]}"'


def joined(where: str, condition: str) -> str:
    """Return an expression with one more condition."""
    if not where.strip():
        return condition
    return f"{_grouped(where.strip())} and {condition}"


def _grouped(where: str) -> str:
    if "#" in where:
        return f"({where}\n)"  # a comment ends with its line
    try:
        root = parse(where).root
    except ExpressionError:
        return f"({where})"
    return f"({where})" if isinstance(root, Logic) and root.operator == "or" else where


def _refusal(option: str, message: str) -> ConditionValueError:
    return ConditionValueError(message, fields={option: [message]})
