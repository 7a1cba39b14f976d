"""The functions of the language as SQL of DuckDB; the twin of `pztables.expressions.functions`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from pztables.expressions.functions import NUMBER_PATTERN, WHOLE_PATTERN
from pztables.expressions.sql_terms import (
    BIG,
    BOOLEAN,
    DOUBLE,
    FLOAT,
    NULL,
    TEXT,
    Parameters,
    Term,
    as_type,
)

_WHOLE: Final = r"^[+-]?[0-9]{1,18}$"
_NUMBER: Final = (
    r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,6})?$|^(?i:[+-]?(inf|infinity|nan))$"
)
#: What the other back end (Arrow) takes off the ends of a text.
_BLANKS: Final = "".join(
    map(
        chr,
        (
            *range(0x09, 0x0E), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680,
            *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
        ),
    )
)  # fmt: skip
_SMALLEST: Final = "(-9223372036854775807 - 1)::BIGINT"


class TermRefusedError(Exception):
    """A function met a term that it cannot use; the message says why."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A term, and SQL that is not NULL where a row has a value that may not be."""

    term: Term
    doubtful: str


def _number(term: Term, function: str, parameters: Parameters) -> Term:
    if term.type == NULL:
        return Term("NULL::DOUBLE", DOUBLE)
    if not term.is_number:
        raise TermRefusedError(f"{function} needs numbers, this is text")
    return term.as_int(parameters)


def _text(term: Term, function: str) -> Term:
    if term.type == NULL:
        return Term("NULL::VARCHAR", TEXT)
    if term.type != TEXT:
        raise TermRefusedError(f"{function} needs text; write str(...) around it")
    return term


def negative(term: Term) -> Term:
    """Return a number with the other sign; the smallest integer stays what it is."""
    text = f"(- {term.text})"
    if term.type == BIG and term.magnitude >= 2.0**63:
        text = f"(CASE WHEN {term.text} = {_SMALLEST} THEN {_SMALLEST} ELSE {text} END)"
    return replace(term, text=text, column=None, scalar=None)


def absolute(term: Term, parameters: Parameters) -> Term:
    """Drop the sign; the smallest integer stays what it is."""
    number = _number(term, "abs", parameters)
    text = f"abs({number.text})"
    if number.type == BIG and number.magnitude >= 2.0**63:
        text = f"(CASE WHEN {number.text} = {_SMALLEST} THEN {_SMALLEST} ELSE {text} END)"
    return replace(number, text=text, column=None, scalar=None)


def trunc(term: Term, parameters: Parameters) -> Term:
    """Cut the fraction off, towards zero; the result is a float."""
    number = to_float(_number(term, "np.trunc", parameters), parameters)
    return replace(number, text=f"trunc({number.text})", column=None, scalar=None)


def is_finite(term: Term, parameters: Parameters) -> Term:
    """Tell numbers from infinities and NaN."""
    number = _number(term, "np.isfinite", parameters)
    if number.type == BIG:
        return Term(f"(CASE WHEN {number.text} IS NULL THEN NULL ELSE TRUE END)", BOOLEAN)
    return Term(f"isfinite({number.text})", BOOLEAN)


def to_float(term: Term, parameters: Parameters) -> Term:
    """Turn numbers and the texts that show one into floats; other texts have no value."""
    if term.type == TEXT:
        return Term(_shown_number(term, parameters), DOUBLE)
    number = _number(term, "float", parameters)
    return number if number.type == FLOAT else as_type(number, DOUBLE, parameters)


def to_int(term: Term, parameters: Parameters) -> Term | Checked:
    """Turn whole numbers and the texts that show one into integers; refuse fractions."""
    if term.type == TEXT:
        shown = _shown_number(term, parameters)
        whole = _trimmed(term, parameters)
        pattern = parameters.bind(WHOLE_PATTERN, TEXT)
        text = (
            f"(CASE WHEN regexp_matches({whole}, {pattern}) THEN TRY_CAST({whole} AS BIGINT) "
            f"ELSE {_whole(shown)} END)"
        )
        return Checked(Term(text, BIG), _fraction(shown))
    number = _number(term, "int", parameters)
    if number.type == BIG:
        return number
    value = as_type(number, DOUBLE, parameters).text
    return Checked(Term(_whole(value), BIG), _fraction(value))


def _is_whole(value: str) -> str:
    return f"{value} = trunc({value}) AND abs({value}) < 9223372036854775808.0::DOUBLE"


def _whole(value: str) -> str:
    return f"(CASE WHEN {_is_whole(value)} THEN TRY_CAST({value} AS BIGINT) END)"


def _fraction(value: str) -> str:
    return (
        f"(CASE WHEN {value} IS NULL OR isnan({value}) OR ({_is_whole(value)}) THEN NULL "
        f"ELSE {value} END)"
    )


def to_text(term: Term, parameters: Parameters) -> Term:
    """Write values as Python does: ``3``, ``3.0``, ``True``."""
    if term.type in (TEXT, NULL):
        return term
    if term.type == BOOLEAN:
        return Term(f"(CASE {term.text} WHEN TRUE THEN 'True' WHEN FALSE THEN 'False' END)", TEXT)
    value = term.text
    if term.may_be_nan:
        value = f"nullif({value}, 'nan'::{term.type})"
    return Term(f"CAST({value} AS VARCHAR)", TEXT)


def length(term: Term, parameters: Parameters) -> Term:
    """Count the characters of a text."""
    text = _text(term, "len")
    return Term(f"CAST(length({text.text}) AS BIGINT)", BIG, magnitude=2.0**32)


def character(term: Term, index: int) -> Term:
    """Take one character of a text; no value where the text is too short."""
    text = _text(term, "[ ]").text
    if index >= 0:
        return Term(f"nullif(substr({text}, {index + 1}, 1), '')", TEXT)
    start = f"length({text}) - {-index - 1}"
    return Term(f"(CASE WHEN length({text}) >= {-index} THEN substr({text}, {start}, 1) END)", TEXT)


def contains(term: Term, text: str, parameters: Parameters) -> Term:
    """Tell which texts hold another one somewhere."""
    held = _text(term, "in").text
    return Term(f"contains({held}, {parameters.bind(text, TEXT)})", BOOLEAN)


def _trimmed(term: Term, parameters: Parameters) -> str:
    text = _text(term, "float").text
    return f"trim({text}, {parameters.bind(_BLANKS, TEXT)})"


def _shown_number(term: Term, parameters: Parameters) -> str:
    trimmed = _trimmed(term, parameters)
    pattern = parameters.bind(NUMBER_PATTERN, TEXT)
    return (
        f"(CASE WHEN regexp_matches({trimmed}, {pattern}) "
        f"THEN nullif(TRY_CAST({trimmed} AS DOUBLE), 'nan'::DOUBLE) END)"
    )


CALLS: Final[dict[str, Callable[[Term, Parameters], Term | Checked]]] = {
    "np.trunc": trunc,
    "np.abs": absolute,
    "np.isfinite": is_finite,
    "abs": absolute,
    "float": to_float,
    "int": to_int,
    "str": to_text,
    "len": length,
}
