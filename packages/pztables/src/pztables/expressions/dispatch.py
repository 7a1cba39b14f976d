"""What all back ends share: one method for each kind of node, and what does not fit together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Final, Generic, TypeVar

from pztables.expressions.errors import ExpressionTypeError
from pztables.expressions.tree import (
    Arithmetic,
    Box,
    Call,
    Comparison,
    ComparisonOperator,
    Cone,
    Contains,
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
from pztables.expressions.vector import ColumnTypeError, Kind

Value = TypeVar("Value")

_KIND_NAMES: Final[dict[Kind, str]] = {
    "bool": "true or false", "int": "a number", "float": "a number",
    "text": "text", "null": "nothing",
}  # fmt: skip

_METHODS: Final[dict[type[Node], str]] = {
    Literal: "literal", Name: "column", Sign: "signed", Arithmetic: "arithmetic",
    Comparison: "comparison", Membership: "membership", IsMissing: "is_missing",
    Logic: "logic", Not: "logic", Call: "called", Item: "called",
    Contains: "called", Cone: "region", Box: "region",
}  # fmt: skip


class BackEnd(ABC, Generic[Value]):
    """Makes of every node of one expression a value; of equal nodes once.

    Parameters
    ----------
    text
        The expression, for refusals.
    known
        Values of nodes that are known already; grows.
    """

    def __init__(self, text: str, known: dict[Node, Value]) -> None:
        self.text = text
        self._known = known

    def refuse(self, node: Node, reason: str) -> ExpressionTypeError:
        """Return the refusal of a node, with its place in the text."""
        return ExpressionTypeError(self.text, node.position, reason)

    def value(self, node: Node) -> Value:
        """Return the value of a node, computed when it is first asked for."""
        found = self._known.get(node)
        if found is None:
            found = self._known[node] = self.computed(node)
        return found

    def computed(self, node: Node) -> Value:
        """Compute the value of a node by the method for its kind."""
        computed: Value = getattr(self, _METHODS[type(node)])(node)
        return computed

    # -- what only the back end knows

    @abstractmethod
    def kind_of(self, value: Value) -> Kind:
        """Return what the values are."""

    @abstractmethod
    def literal(self, node: Literal) -> Value:
        """Return the value of a number, text, bool or ``None``."""

    @abstractmethod
    def read_column(self, name: str) -> Value:
        """Return a column; its type may be one that no expression can use."""

    @abstractmethod
    def signed(self, node: Sign) -> Value:
        """Return a number with its sign."""

    @abstractmethod
    def arithmetic(self, node: Arithmetic) -> Value:
        """Return the result of an operator."""

    @abstractmethod
    def comparison(self, node: Comparison) -> Value:
        """Return where every neighbouring pair compares so."""

    @abstractmethod
    def membership(self, node: Membership) -> Value:
        """Return what is, or is not, in a list."""

    @abstractmethod
    def is_missing(self, node: IsMissing) -> Value:
        """Return what is, or is not, there."""

    @abstractmethod
    def logic(self, node: Logic | Not) -> Value:
        """Return what conditions give together."""

    @abstractmethod
    def called(self, node: Call | Item | Contains) -> Value:
        """Return the result of a function."""

    @abstractmethod
    def region(self, node: Region) -> Value:
        """Return what lies in a region of the sky."""

    @abstractmethod
    def as_number(self, value: Value) -> Value:
        """Return what is a number, a bool or nothing as a number; never a bool."""

    @abstractmethod
    def as_truth(self, value: Value) -> Value:
        """Return what is a bool or nothing as a bool."""

    # -- what fits where

    def column(self, node: Name) -> Value:
        """Return the column that a node names."""
        try:
            return self.read_column(node.name)
        except ColumnTypeError as error:
            reason = f"column {node.name} holds {error}; only numbers, bools and text can be used"
            raise self.refuse(node, reason) from None

    def condition(self, root: Node) -> Value:
        """Return the value of a whole condition."""
        found = self.value(root)
        kind = self.kind_of(found)
        if kind not in ("bool", "null"):
            reason = f"a condition must be true or false, this is {_KIND_NAMES[kind]}"
            raise self.refuse(root, reason)
        return found

    def number(self, node: Node, use: str) -> Value:
        """Return an operand that a use needs to be a number."""
        found = self.value(node)
        kind = self.kind_of(found)
        if kind == "text":
            raise self.refuse(node, f"{use} needs a number, this is {_KIND_NAMES[kind]}")
        return self.as_number(found)

    def truth(self, node: Node) -> Value:
        """Return an operand of logic."""
        found = self.value(node)
        kind = self.kind_of(found)
        if kind not in ("bool", "null"):
            reason = (
                f"'and', 'or' and 'not' need conditions, this is {_KIND_NAMES[kind]}; "
                "compare it with something"
            )
            raise self.refuse(node, reason)
        return self.as_truth(found)

    def neighbours(self, node: Comparison) -> Iterator[tuple[ComparisonOperator, Value, Value]]:
        """Yield the pairs of a comparison, each with its operator."""
        left_node = node.first
        for operator, right_node in node.rest:
            left, right = self.value(left_node), self.value(right_node)
            kinds = (self.kind_of(left), self.kind_of(right))
            if operator not in ("==", "!=") and not _have_order(*kinds):
                told = " with ".join(_KIND_NAMES[kind] for kind in kinds)
                raise self.refuse(right_node, f"{operator} cannot order {told}")
            yield operator, left, right
            left_node = right_node


def _have_order(left: Kind, right: Kind) -> bool:
    kinds = {left, right}
    return "null" in kinds or "text" not in kinds or kinds == {"text"}
