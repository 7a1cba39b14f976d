"""Refusals of an expression: where it is wrong, why, and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from pztables.errors import UserError

#: How many columns an error lists before it says how many more there are.
_LISTED_COLUMNS = 30


class ExpressionError(UserError):
    """The expression is not one of the language.

    Parameters
    ----------
    text
        The whole expression.
    position
        Column of the offending piece, counted in characters from 1.
    reason
        What is wrong and what to do.
    """

    code = "invalid_expression"

    def __init__(self, text: str, position: int, reason: str, **data: object) -> None:
        self.text = text
        self.position = position
        self.reason = reason
        shown = text if len(text) <= 200 else f"{text[:197]}..."
        super().__init__(
            f"expression {shown!r}, column {position}: {reason}",
            expression=shown,
            position=position,
            reason=reason,
            **data,
        )


class ExpressionTypeError(ExpressionError):
    """An operation meets a column of a kind that it cannot use."""

    code = "expression_type"


class FractionalIntError(ExpressionError):
    """``int()`` meets a value with a fraction; cutting it off would change its meaning."""

    code = "expression_fractional_int"


class UnknownNameError(ExpressionError):
    """The expression names columns that do not exist."""

    code = "expression_unknown_name"

    def __init__(self, text: str, position: int, names: Sequence[str], known: Iterable[str]):
        known = sorted(known)
        near = {name: near_names(name, known) for name in names}
        hints = [f"did you mean {', '.join(found)}?" for found in near.values() if found]
        listed = ", ".join(known[:_LISTED_COLUMNS]) or "none"
        more = f" and {len(known) - _LISTED_COLUMNS} more" if len(known) > _LISTED_COLUMNS else ""
        plural = "columns" if len(names) > 1 else "column"
        super().__init__(
            text,
            position,
            f"no {plural} {', '.join(names)}; {' '.join(hints)}{' ' if hints else ''}"
            f"the columns are {listed}{more}",
            names=list(names),
            near=near,
            available=known[:_LISTED_COLUMNS],
        )


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """Return up to three known names that resemble ``name``, the most similar first."""
    by_folded: dict[str, str] = {}
    for candidate in known:
        by_folded.setdefault(candidate.casefold(), candidate)
    found = difflib.get_close_matches(name.casefold(), by_folded, n=3, cutoff=0.6)
    return [by_folded[folded] for folded in found]
