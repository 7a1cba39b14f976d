"""Options of a pipeline: read leniently, refused in words of their users."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from pydantic import BeforeValidator, ValidationError
from pydantic_core import ErrorDetails

from pztables.errors import OptionError
from pztables.expressions.errors import near_names

_TRUE: Final = frozenset({"1", "true", "yes", "y", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "n", "off", ""})

#: What pydantic finds, in the words of a page's users.
_PLAIN: Final = {
    "dict_type": "must be a mapping of names to values",
    "model_type": "must be a mapping of names to values",
    "model_attributes_type": "must be a mapping of names to values",
    "list_type": "must be a list",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_pattern_mismatch": "must be threads, processes, serial or dask://HOST:PORT",
    "too_short": "must have at least {min_length} entry",
    "too_long": "must have at most {max_length} entries",
    "string_too_short": "must have at least {min_length} character",
    "string_too_long": "must have at most {max_length} characters",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be greater than or equal to {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be less than or equal to {le}",
}


class UnknownOptionError(OptionError):
    """There is no option of that name."""

    code = "unknown_option"


def word(value: object) -> object:
    """Return a word without the spaces around it and in lower case; anything else as it is."""
    return value.strip().lower() if isinstance(value, str) else value


def switch(default: bool) -> BeforeValidator:
    """Return what reads yes and no in the ways people write them; null is the default."""

    def read(value: object) -> bool:
        if value is None:
            return default
        if isinstance(value, bool | int):
            return bool(value)
        text = value.strip().lower() if isinstance(value, str) else None
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        raise ValueError("must be true or false (or yes/no, on/off, 1/0)")

    return BeforeValidator(read)


def refuse_unknown(given: Collection[str], known: Collection[str], inside: str = "") -> None:
    """Refuse names that are no options.

    Parameters
    ----------
    given, known
        Names.
    inside
        What precedes them where they are nested (``"crossmatch."``).

    Raises
    ------
    UnknownOptionError
        With the options there are, and the one that resembles each.
    """
    unknown = [f"{inside}{key}" for key in given if key not in known]
    if not unknown:
        return
    options = [f"{inside}{key}" for key in known]
    near = {key: near_names(key, options) for key in unknown}
    hints = "".join(f" Did you mean {found[0]}?" for found in near.values() if found)
    raise UnknownOptionError(
        f"unknown option {', '.join(unknown)}.{hints} The options are {', '.join(options)}.",
        options=unknown,
        near=near,
        known=options,
    )


def refusal_of(
    wrong: ValidationError, given: Mapping[str, Any], nested: Collection[str] = ()
) -> OptionError:
    """Return the refusal that says what pydantic found, about the first of the problems.

    Parameters
    ----------
    wrong
        What pydantic found.
    given
        The options.
    nested
        Options that hold options, named with a dot (``crossmatch.radius_arcsec``).
    """
    problems = wrong.errors(include_url=False)
    first = problems[0]
    option, inside = _place(first, nested)
    value: Any = given
    for part in option.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    allowed = first.get("ctx", {}).get("expected")
    expected = f"must be {allowed}" if allowed else _in_plain_words(first)
    near = _near_words(value, str(allowed)) if isinstance(value, str) and allowed else []
    hint = f" Did you mean {near[0]}?" if near else ""
    return OptionError(
        f"{option}{inside}: {expected}, not {str(value)[:60]!r}.{hint}",
        option=option,
        value=value if isinstance(value, str | int | float | bool | None) else str(value)[:200],
        expected=expected,
        near=near,
        fields={_place(each, nested)[0]: each["msg"] for each in problems},
    )


def _place(problem: ErrorDetails, nested: Collection[str]) -> tuple[str, str]:
    """Return the option, and where inside of its value the problem is."""
    option, *inside = problem["loc"]
    if option in nested and inside:
        option = f"{option}.{inside.pop(0)}"
    return str(option), "".join(f"[{part}]" for part in inside if part != "[key]")


def _in_plain_words(problem: ErrorDetails) -> str:
    if problem["type"] in _PLAIN:
        context = problem.get("ctx", {})
        shown = {key: f"{v:g}" if isinstance(v, float) else v for key, v in context.items()}
        return _PLAIN[problem["type"]].format(**shown)
    return problem["msg"].removeprefix("Value error, ")


def _near_words(value: str, expected: str) -> list[str]:
    words = [each.strip(" '\"") for each in expected.replace(" or ", ",").split(",")]
    return near_names(value, [each for each in words if each])
