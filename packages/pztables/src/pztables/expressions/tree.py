"""The typed tree of an expression: what a back end walks.

Nodes are frozen and compare by meaning: two equal subtrees are one computation,
wherever they stand. ``position`` (the column in the text, from 1) does not
take part in the comparison.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal as Choice
from typing import TypeAlias

Scalar: TypeAlias = bool | int | float | str | None
ArithmeticOperator: TypeAlias = Choice["+", "-", "*", "/"]
ComparisonOperator: TypeAlias = Choice["==", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True)
class Literal:
    """A number, text, ``True``, ``False`` or ``None``."""

    value: Scalar
    position: int = field(default=1, compare=False)
    kind: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # 1, 1.0 and True are equal in Python but not the same literal.
        object.__setattr__(self, "kind", type(self.value).__name__)


@dataclass(frozen=True)
class Name:
    """A column."""

    name: str
    position: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Sign:
    """Unary ``-`` or ``+``."""

    operator: Choice["-", "+"]
    operand: Node
    position: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Arithmetic:
    """``left operator right`` of two numbers."""

    operator: ArithmeticOperator
    left: Node
    right: Node
    position: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Comparison:
    """``first op1 operand1 op2 operand2 …``: true where every neighbouring pair is."""

    first: Node
    rest: tuple[tuple[ComparisonOperator, Node], ...]
    position: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Membership:
    """``operand in (literals)``, or ``not in``."""

    operand: Node
    options: tuple[Literal, ...]
    negated: bool
    position: int = field(default=1, compare=False)


@dataclass(frozen=True)
class IsMissing:
    """``operand is None``, or ``is not None``."""

    operand: Node
    negated: bool
    position: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Logic:
    """``and`` or ``or`` of two or more operands."""

    operator: Choice["and", "or"]
    operands: tuple[Node, ...]
    position: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Not:
    """``not operand``."""

    operand: Node
    position: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Call:
    """One of the known functions, by the name it is documented under."""

    function: str
    arguments: tuple[Node, ...]
    position: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Item:
    """The character of a text at a position; negative counts from the end."""

    operand: Node
    index: int
    position: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Contains:
    """``"text" in operand``: whether a text stands somewhere in another; case matters."""

    operand: Node
    text: str
    position: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Cone:
    """Whether a row lies within ``radius`` of a place on the sky; ICRS degrees."""

    ra: float
    dec: float
    radius: float
    position: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Box:
    """Whether a row lies between two meridians and two parallels, borders included; degrees.

    ``ra_min`` greater than ``ra_max`` is a box across RA 0.
    """

    ra_min: float
    ra_max: float
    dec_min: float
    dec_max: float
    position: int = field(default=1, compare=False)


Region: TypeAlias = Cone | Box
Node: TypeAlias = (
    Literal
    | Name
    | Sign
    | Arithmetic
    | Comparison
    | Membership
    | IsMissing
    | Logic
    | Not
    | Call
    | Item
    | Contains
    | Cone
    | Box
)


def children(node: Node) -> tuple[Node, ...]:
    """Return the operands of a node, from left to right."""
    match node:
        case Literal() | Name() | Cone() | Box():
            return ()
        case Sign() | Membership() | IsMissing() | Not() | Item() | Contains():
            return (node.operand,)
        case Arithmetic():
            return (node.left, node.right)
        case Comparison():
            return (node.first, *(operand for _, operand in node.rest))
        case Logic():
            return node.operands
        case Call():
            return node.arguments


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything under it, from left to right."""
    yield node
    for child in children(node):
        yield from walk(child)


@dataclass(frozen=True)
class Expression:
    """A parsed expression.

    Attributes
    ----------
    text
        What the user wrote.
    root
        The tree.
    """

    text: str
    root: Node

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """The regions of the sky that are named: they need to know the columns of the positions."""
        return tuple(node for node in walk(self.root) if isinstance(node, Cone | Box))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns that are used, each once, in order of appearance."""
        found = (node.name for node in walk(self.root) if isinstance(node, Name))
        return tuple(dict.fromkeys(found))

    def position_of(self, name: str) -> int:
        """Return the first column (from 1) where a name stands, or 1."""
        for node in walk(self.root):
            if isinstance(node, Name) and node.name == name:
                return node.position
        return 1
