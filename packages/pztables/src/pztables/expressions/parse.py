"""Text to tree: everything that is not known is refused.

Python's ``ast`` only splits the text; each of its nodes is translated to ours
or refused, and none of them is kept, compiled or run.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate
from typing import ClassVar, Final

from pztables.expressions.errors import ExpressionError, near_names
from pztables.expressions.tree import (
    Arithmetic,
    ArithmeticOperator,
    Box,
    Call,
    Comparison,
    ComparisonOperator,
    Cone,
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
    Sign,
)

MAX_BYTES: Final = 10_000
MAX_DEPTH: Final = 32
MAX_NODES: Final = 1000
_MAX_INDEX: Final = 1_000_000
_REMEMBERED_CHARACTERS: Final = 500
_INT64: Final = (-(2**63), 2**63 - 1)

#: Known functions and what each takes; every one has a single argument.
FUNCTIONS: Final = {
    "np.trunc": "the number without its fraction",
    "np.abs": "the absolute value of a number",
    "np.isfinite": "whether a number is neither infinite nor NaN",
    "abs": "the absolute value of a number",
    "float": "a number, or a text that shows one, as a floating number",
    "int": "a whole number, or a text that shows one, as an integer",
    "str": "the text of a value",
    "len": "the number of characters of a text",
}

#: Regions of the sky, and the numbers (degrees) that each takes with their lowest and highest.
REGIONS: Final = {
    "cone": {"ra": (-360.0, 360.0), "dec": (-90.0, 90.0), "radius": (0.0, 180.0)},
    "box": {
        "ra_min": (-360.0, 360.0), "ra_max": (-360.0, 360.0),
        "dec_min": (-90.0, 90.0), "dec_max": (-90.0, 90.0),
    },
}  # fmt: skip

_ARITHMETIC: Final[dict[type[ast.operator], ArithmeticOperator]] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/",
}  # fmt: skip
_COMPARISONS: Final[dict[type[ast.cmpop], ComparisonOperator]] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_REASONS: Final[dict[type[ast.AST], str]] = {
    ast.Attribute: "attributes (a dot after a name) are not part of the language",
    ast.Lambda: "lambda is not part of the language",
    ast.ListComp: "comprehensions are not part of the language",
    ast.SetComp: "comprehensions are not part of the language",
    ast.DictComp: "comprehensions are not part of the language",
    ast.GeneratorExp: "comprehensions are not part of the language",
    ast.JoinedStr: "f-strings are not part of the language",
    ast.NamedExpr: "assignment (:=) is not part of the language",
    ast.IfExp: "'a if b else c' is not part of the language; write two rules",
    ast.Tuple: "a list of values may only stand after 'in'",
    ast.List: "a list of values may only stand after 'in'",
    ast.Set: "a list of values may only stand after 'in', in ( ) or [ ]",
}


def parse(text: str) -> Expression:
    """Parse an expression.

    Parameters
    ----------
    text
        At most 10,000 bytes; at most 1000 terms, nested at most 32 deep.

    Returns
    -------
    the expression, ready for `evaluate` or another back end

    Raises
    ------
    ExpressionError
        If the text is not of the language; says at which column and why.
    """
    return _parse_again(text) if len(text) <= _REMEMBERED_CHARACTERS else _parse(text)


def _parse(text: str) -> Expression:
    lines = re.sub("\r(?!\n)", "\n", text).replace("\r\n", " \n")  # as long as before
    body = _split(lines)
    return Expression(text=text, root=_Translator(lines).node(body, depth=1))


#: Rule files repeat themselves; only short texts are remembered, so that memory stays small.
_parse_again = lru_cache(maxsize=512)(_parse)


def _split(text: str) -> ast.expr:
    if not text.strip():
        raise ExpressionError(text, 1, "the expression is empty; write a condition such as z > 0")
    if (found := text.find("\0")) >= 0:
        raise ExpressionError(text, found + 1, "NUL characters are not allowed")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise ExpressionError(text, error.start + 1, "not a valid Unicode character") from None
    if size > MAX_BYTES:
        raise ExpressionError(
            text, MAX_BYTES, f"{size} bytes long; at most {MAX_BYTES} are allowed"
        )
    try:
        # In parentheses a line may end anywhere; the newline ends a comment.
        body = ast.parse(f"({text}\n)", mode="eval").body
    except SyntaxError as error:
        raise _syntax_error(text, error) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionError(text, 1, "too deeply nested; split it into several rules") from None
    if body.col_offset == 0 and not isinstance(body, ast.Tuple | ast.GeneratorExp):
        # Our own parentheses became part of the expression: "a) or (b".
        raise ExpressionError(text, 1, "the parentheses do not match")
    return body


def _syntax_error(text: str, error: SyntaxError) -> ExpressionError:
    message = error.msg
    if message.startswith("Exceeds the limit"):
        message = "the number has too many digits"
    position = _Places(text).position(error.lineno or 1, max((error.offset or 1) - 1, 0))
    return ExpressionError(text, position, f"not an expression ({message})")


class _Places:
    """Finds positions in ``text`` from lines (from 1) and columns (from 0) of ``(text``."""

    def __init__(self, text: str) -> None:
        self.lines = f"({text}".split("\n")
        self.starts = [0, *accumulate(len(line) + 1 for line in self.lines)]
        self.length = len(text)

    def position(self, line: int, column: int) -> int:
        # Our parenthesis in front and counting from 1 cancel out.
        start = self.starts[line - 1] if line <= len(self.lines) else self.length
        return min(max(start + column, 1), max(self.length, 1))

    def position_of(self, at: ast.AST) -> int:
        line: int = getattr(at, "lineno", 1)
        in_bytes: int = getattr(at, "col_offset", 0)
        source = self.lines[line - 1]
        if not source.isascii():
            in_bytes = len(source.encode()[:in_bytes].decode(errors="ignore"))
        return self.position(line, in_bytes)


class _Translator:
    """Translates the nodes of one text and counts them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.places = _Places(text)
        self.count = 0

    def refusal(self, at: ast.AST, reason: str) -> ExpressionError:
        return ExpressionError(self.text, self.position(at), reason)

    def position(self, at: ast.AST) -> int:
        return self.places.position_of(at)

    def node(self, at: ast.expr, depth: int) -> Node:
        self.count += 1
        if depth > MAX_DEPTH:
            raise self.refusal(
                at, f"nested more than {MAX_DEPTH} deep; split it into several rules"
            )
        if self.count > MAX_NODES:
            raise self.refusal(at, f"more than {MAX_NODES} terms; split it into several rules")
        translate = self._TRANSLATE.get(type(at))
        if translate is None:
            raise self.refusal(at, _REASONS.get(type(at), "this is not part of the language"))
        return translate(self, at, depth)

    def name(self, at: ast.Name, depth: int) -> Name:
        return Name(at.id, self.position(at))

    def logic(self, at: ast.BoolOp, depth: int) -> Logic:
        operands = tuple(self.node(value, depth + 1) for value in at.values)
        return Logic("and" if isinstance(at.op, ast.And) else "or", operands, self.position(at))

    def literal(self, at: ast.Constant, depth: int) -> Literal:
        value = at.value
        if isinstance(value, int) and not _INT64[0] <= value <= _INT64[1]:
            raise self.refusal(at, "the number is too large for 64 bits")
        if isinstance(value, float) and not math.isfinite(value):
            raise self.refusal(at, "the number is too large")
        if value is not None and not isinstance(value, bool | int | float | str):
            raise self.refusal(
                at, "only numbers, texts, True, False and None can be written as values"
            )
        return Literal(value, self.position(at))

    def unary(self, at: ast.UnaryOp, depth: int) -> Node:
        if isinstance(at.op, ast.Invert):
            raise self.refusal(at, "write 'not' in place of ~")
        operand = self.node(at.operand, depth + 1)
        if isinstance(at.op, ast.Not):
            return Not(operand, self.position(at))
        return Sign("-" if isinstance(at.op, ast.USub) else "+", operand, self.position(at))

    def arithmetic(self, at: ast.BinOp, depth: int) -> Node:
        operator = _ARITHMETIC.get(type(at.op))
        if isinstance(at.op, ast.BitAnd | ast.BitOr):
            raise self.refusal(at, "write 'and' and 'or' in place of & and |")
        if operator is None:
            raise self.refusal(at, "the operators are + - * / (no powers, no remainders, no bits)")
        left, right = self.node(at.left, depth + 1), self.node(at.right, depth + 1)
        return Arithmetic(operator, left, right, self.position(at))

    def comparison(self, at: ast.Compare, depth: int) -> Node:
        first_operator = at.ops[0]
        if isinstance(first_operator, ast.In | ast.NotIn):
            return self.membership(at, depth)
        if isinstance(first_operator, ast.Is | ast.IsNot):
            return self.is_missing(at, depth)
        rest: list[tuple[ComparisonOperator, Node]] = []
        first = self.compared(at.left, depth)
        for operator, right in zip(at.ops, at.comparators, strict=True):
            known = _COMPARISONS.get(type(operator))
            if known is None:
                raise self.refusal(right, "'in' and 'is' cannot be chained with other comparisons")
            rest.append((known, self.compared(right, depth)))
        return Comparison(first, tuple(rest), self.position(at))

    def compared(self, at: ast.expr, depth: int) -> Node:
        if isinstance(at, ast.Constant) and at.value is None:
            raise self.refusal(at, "nothing ever equals None; write 'is None' or 'is not None'")
        return self.node(at, depth + 1)

    def membership(self, at: ast.Compare, depth: int) -> Node:
        options = at.comparators[0]
        if len(at.ops) > 1:
            raise self.refusal(at, "'in' cannot be chained with other comparisons")
        if isinstance(at.left, ast.Constant) and isinstance(options, ast.Name | ast.Call):
            return self.contains(at, options, depth)
        if not isinstance(options, ast.Tuple | ast.List):
            raise self.refusal(
                options, "after 'in' write a list of values such as (1, 2) or ['A', 'B']"
            )
        if not options.elts:
            raise self.refusal(options, "after 'in' the list is empty")
        literals = tuple(self.option(element, depth) for element in options.elts)
        negated = isinstance(at.ops[0], ast.NotIn)
        return Membership(self.node(at.left, depth + 1), literals, negated, self.position(at))

    def contains(self, at: ast.Compare, held: ast.expr, depth: int) -> Node:
        """Translate ``"text" in column``."""
        text = self.node(at.left, depth + 1)
        if not isinstance(text, Literal) or not isinstance(text.value, str):
            raise self.refusal(at.left, "before 'in' and a column write a text: \"DESI\" in survey")
        found = Contains(self.node(held, depth + 1), text.value, self.position(at))
        return Not(found, found.position) if isinstance(at.ops[0], ast.NotIn) else found

    def option(self, at: ast.expr, depth: int) -> Literal:
        node = self.node(at, depth + 1)
        if isinstance(node, Sign) and isinstance(node.operand, Literal):
            value = node.operand.value
            if isinstance(value, int | float):
                return Literal(-value if node.operator == "-" else value, node.position)
        if not isinstance(node, Literal) or node.value is None:
            raise self.refusal(at, "after 'in' only numbers, texts, True and False can be listed")
        return node

    def is_missing(self, at: ast.Compare, depth: int) -> Node:
        right = at.comparators[0]
        if len(at.ops) > 1 or not (isinstance(right, ast.Constant) and right.value is None):
            raise self.refusal(
                at, "'is' can only be followed by None or not None; write == to compare"
            )
        negated = isinstance(at.ops[0], ast.IsNot)
        return IsMissing(self.node(at.left, depth + 1), negated, self.position(at))

    def call(self, at: ast.Call, depth: int) -> Node:
        function = self.function_name(at)
        if function in REGIONS:
            return self.region(at, function, depth)
        if at.keywords or len(at.args) != 1 or isinstance(at.args[0], ast.Starred):
            raise self.refusal(at, f"{function} takes exactly one value")
        argument = at.args[0]
        if function == "col":
            if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
                raise self.refusal(at, "col takes the name of a column as text: col('ID-IAU')")
            return Name(argument.value, self.position(at))
        return Call(function, (self.node(argument, depth + 1),), self.position(at))

    def region(self, at: ast.Call, name: str, depth: int) -> Node:
        allowed = REGIONS[name]
        if at.keywords or len(at.args) != len(allowed):
            raise self.refusal(at, f"write {name}({', '.join(allowed)}) with numbers in degrees")
        values = [
            self.degrees(argument, called, *ends, depth)
            for argument, (called, ends) in zip(at.args, allowed.items(), strict=True)
        ]
        first, second, third, *last = values
        if name == "cone":
            return Cone(first, second, third, self.position(at))
        if third > last[0]:
            raise self.refusal(at.args[2], "dec_min is larger than dec_max; swap them")
        return Box(first, second, third, last[0], self.position(at))

    def degrees(
        self, at: ast.expr, called: str, lowest: float, highest: float, depth: int
    ) -> float:
        node = self.node(at, depth + 1)
        sign = 1.0
        while isinstance(node, Sign):
            sign, node = (-sign if node.operator == "-" else sign), node.operand
        value = node.value if isinstance(node, Literal) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refusal(at, f"{called} must be a number in degrees")
        if not lowest <= sign * value <= highest:
            raise self.refusal(at, f"{called} must lie between {lowest:g} and {highest:g} degrees")
        return sign * value

    def function_name(self, at: ast.Call) -> str:
        match at.func:
            case ast.Name(id=name):
                pass
            case ast.Attribute(value=ast.Name(id=module), attr=attribute):
                name = f"{module}.{attribute}"
            case _:
                raise self.refusal(at, "only functions can be called")
        known = [*FUNCTIONS, *REGIONS, "col"]
        if name not in known:
            near = near_names(name, known)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise self.refusal(at, f"no function {name}{hint}; known are {', '.join(known)}")
        return name

    def item(self, at: ast.Subscript, depth: int) -> Node:
        index = at.slice
        sign = 1
        if isinstance(index, ast.UnaryOp) and isinstance(index.op, ast.USub):
            sign, index = -1, index.operand
        if not (isinstance(index, ast.Constant) and type(index.value) is int):
            raise self.refusal(at, "in [ ] only a whole number may stand, such as [0] or [-2]")
        if index.value > _MAX_INDEX:
            raise self.refusal(at, f"the number in [ ] is larger than {_MAX_INDEX}")
        operand = self.node(at.value, depth + 1)
        return Item(operand, sign * index.value, self.position(at))

    _TRANSLATE: ClassVar[dict[type[ast.expr], Callable[..., Node]]] = {
        ast.Constant: literal,
        ast.Name: name,
        ast.UnaryOp: unary,
        ast.BinOp: arithmetic,
        ast.BoolOp: logic,
        ast.Compare: comparison,
        ast.Call: call,
        ast.Subscript: item,
    }
