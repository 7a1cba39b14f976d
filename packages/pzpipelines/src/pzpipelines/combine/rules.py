"""Rule files: how each survey's flags and instrument types become the common ones.

Everything that can be wrong in a rule file is found when it is loaded, before
any data is read: its form, and every expression in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

from pzpipelines.combine.rule_file import RuleFileError, load_yaml, read_rule_text
from pztables.expressions import Expression, ExpressionError, parse
from pztables.expressions.errors import near_names

DEFAULT_RULES: Final = "flags_translation.yaml"

SchemaWord: TypeAlias = Literal["int", "float", "str", "bool"]
V = TypeVar("V", float, str)

_SCHEMA_WORDS: Final[dict[str, SchemaWord]] = {
    "int": "int", "int64": "int", "float": "float", "float64": "float", "double": "float",
    "str": "str", "string": "str", "bool": "bool", "boolean": "bool",
}  # fmt: skip
_FLAG_BLOCK: Final = "z_flag_translation"
_TYPE_BLOCK: Final = "instrument_type_translation"
_MAX_CONDITIONS: Final = 1000
_SHOWN_KEYS: Final = 10
_KEYS: Final = (
    "tiebreaking_priority", "instrument_type_priority", "delta_z_threshold",
    "crossmatch_radius_arcsec", "crossmatch_n_neighbors", "save_expr_columns",
    "expr_column_schema", "translation_rules",
)  # fmt: skip
#: Keys that steer the engine of the earlier service; files that carry them stay usable.
_WITHOUT_EFFECT: Final = (
    "margin_threshold_arcsec", "margin_warning_fraction", "validate_global_graph_edges",
    "validate_global_tie_invariants", "validate_crd_id_uniqueness",
    "repartition_prepared_catalogs", "prepared_partition_size", "crossmatch_saturation_enabled",
    "crossmatch_saturation_warn_fraction", "crossmatch_saturation_fail_fraction",
)  # fmt: skip


class RuleError(RuleFileError):
    """One rule of the file is wrong.

    Parameters
    ----------
    survey, rule
        Which one: ``"DESI"``, ``"z_flag_translation, condition 2"``.
    position
        Column in its expression, from 1, or ``None``.
    reason
        What is wrong and what to do.
    """

    code = "invalid_rule"

    def __init__(
        self, file: str, survey: str, rule: str, reason: str, position: int | None = None
    ) -> None:
        where = f", column {position}" if position else ""
        super().__init__(
            f"{file}: survey {survey}, {rule}{where}: {reason}",
            file=file,
            survey=survey,
            rule=rule,
            position=position,
            reason=reason,
        )


@dataclass(frozen=True, slots=True)
class Condition(Generic[V]):
    """An expression and the result of the rows where it is true.

    Attributes
    ----------
    number
        From 1, in the order of the file.
    """

    number: int
    expression: Expression
    value: V | None


@dataclass(frozen=True, slots=True)
class Translation(Generic[V]):
    """What one column of a survey becomes.

    Attributes
    ----------
    values
        The survey's own value (a number, or lower-case text) to the result.
    conditions
        In the order of the file; the last true one decides.
    default
        For rows that nothing applies to; ``None`` leaves them without result.
    """

    values: Mapping[V, V | None]
    conditions: tuple[Condition[V], ...]
    default: V | None

    @property
    def names(self) -> tuple[str, ...]:
        """Columns that the conditions use."""
        return _unique(name for each in self.conditions for name in each.expression.names)


@dataclass(frozen=True, slots=True)
class SurveyRules:
    """The rules of one survey, under its name as the file writes it."""

    name: str
    z_flag: Translation[float] | None
    instrument_type: Translation[str] | None

    @property
    def names(self) -> tuple[str, ...]:
        """Columns that the conditions use."""
        blocks = (self.z_flag, self.instrument_type)
        return _unique(name for block in blocks if block for name in block.names)


@dataclass(frozen=True)
class RuleSet:
    """A rule file, checked.

    Attributes
    ----------
    file
        Its name.
    text
        Its content, to be kept with the result.
    surveys
        Upper-case survey name to rules.
    tiebreaking_priority, instrument_type_priority, delta_z_threshold
        How duplicates are decided.
    crossmatch_radius_arcsec, crossmatch_n_neighbors
        How they are found.
    save_expr_columns, expr_column_schema
        Whether, and with which types, columns named by conditions are kept.
    """

    file: str
    text: str = field(repr=False)
    surveys: Mapping[str, SurveyRules]
    tiebreaking_priority: tuple[str, ...]
    instrument_type_priority: Mapping[str, int]
    delta_z_threshold: float
    crossmatch_radius_arcsec: float
    crossmatch_n_neighbors: int
    save_expr_columns: bool
    expr_column_schema: Mapping[str, SchemaWord]

    @property
    def expression_names(self) -> tuple[str, ...]:
        """Every column that any rule uses, in the order of the file."""
        return _unique(name for survey in self.surveys.values() for name in survey.names)


def load_rules(path: Path | None = None) -> RuleSet:
    """Load a users' rule file, or the default one.

    Parameters
    ----------
    path
        The file; ``None`` for the default rules. Keys that it leaves out are
        taken from the default rules.

    Raises
    ------
    RuleFileError
        If the file is missing, too large or malformed, or (as `RuleError`) if
        a rule is wrong: names survey, rule, column and reason.
    """
    if path is None:
        return _default_rules()
    return parse_rules(read_rule_text(path), name=path.name)


def parse_rules(text: str, *, name: str) -> RuleSet:
    """Check the text of a rule file; parameters and errors as `load_rules`."""
    content = load_yaml(text, name=name)
    _refuse_unknown_keys(content, name)
    given: dict[str, Any] = {
        "surveys" if key == "translation_rules" else key: _READERS[key](value, name)
        for key, value in content.items()
        if key in _KEYS and value is not None
    }
    default = {} if len(given) == len(_KEYS) else _default_rules().__dict__
    return RuleSet(**{**default, **given, "file": name, "text": text})


@cache
def _default_rules() -> RuleSet:
    source = resources.files("pzpipelines.data").joinpath(DEFAULT_RULES)
    return parse_rules(source.read_text(encoding="utf-8"), name=DEFAULT_RULES)


def _refuse_unknown_keys(content: Mapping[Any, Any], file: str) -> None:
    known = (*_KEYS, *_WITHOUT_EFFECT)
    if unknown := [str(key)[:100] for key in content if key not in known][:_SHOWN_KEYS]:
        near = {key: near_names(key, known) for key in unknown}
        hints = "".join(f" Did you mean {found[0]}?" for found in near.values() if found)
        raise RuleFileError(
            f"{file}: unknown key {', '.join(unknown)}; known are {', '.join(_KEYS)}.{hints}",
            file=file,
            unknown=unknown,
            near=near,
        )


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


# --- the keys beside the rules ---------------------------------------------------------------


def _wrong(file: str, key: str, expected: str, value: object) -> RuleFileError:
    # Python refuses to write integers of thousands of digits.
    shown = "a huge number" if _is_huge(value) else repr(value)[:60]
    return RuleFileError(
        f"{file}: {key} must be {expected}, not {shown}", file=file, key=key, expected=expected
    )


def _is_huge(value: object) -> bool:
    return isinstance(value, int) and abs(value) > 10**100


def _number(value: object, file: str, key: str, least: float, expected: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(file, key, expected, value)
    number = _as_number(value)
    if number is None or number < least:
        raise _wrong(file, key, expected, value)
    return number


def _delta_z(value: object, file: str) -> float:
    return _number(value, file, "delta_z_threshold", 0, "a number, 0 or more")


def _radius(value: object, file: str) -> float:
    expected = "a number of arcseconds above 0"
    radius = _number(value, file, "crossmatch_radius_arcsec", 0, expected)
    if radius == 0:
        raise _wrong(file, "crossmatch_radius_arcsec", expected, value)
    return radius


def _n_neighbors(value: object, file: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10**9:
        raise _wrong(file, "crossmatch_n_neighbors", "a whole number, 1 or more", value)
    return value


def _save(value: object, file: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(file, "save_expr_columns", "true or false", value)
    return value


def _priority(value: object, file: str) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    expected = "a list of different column names"
    if not isinstance(names, list) or not names:
        raise _wrong(file, "tiebreaking_priority", expected, value)
    if not all(isinstance(name, str) and name.strip() for name in names):
        raise _wrong(file, "tiebreaking_priority", expected, value)
    stripped = tuple(name.strip() for name in names)
    if len(set(stripped)) < len(stripped):
        raise _wrong(file, "tiebreaking_priority", expected, value)
    return stripped


def _type_priority(value: object, file: str) -> dict[str, int]:
    expected = "instrument types with whole numbers, such as s: 3"
    if not isinstance(value, dict) or not value:
        raise _wrong(file, "instrument_type_priority", expected, value)
    for rank in value.values():
        if isinstance(rank, bool) or not isinstance(rank, int) or abs(rank) > 2**53:
            raise _wrong(file, "instrument_type_priority", expected, value)
    return {str(letter).strip().lower(): rank for letter, rank in value.items()}


def _schema(value: object, file: str) -> dict[str, SchemaWord]:
    expected = f"column names with one of {', '.join(_SCHEMA_WORDS)}"
    if not isinstance(value, dict):
        raise _wrong(file, "expr_column_schema", expected, value)
    found = {}
    for name, word in value.items():
        known = _SCHEMA_WORDS.get(str(word).strip().lower())
        if known is None:
            raise _wrong(file, f"expr_column_schema of {name}", expected, word)
        found[str(name)] = known
    return found


# --- the rules -------------------------------------------------------------------------------


def _surveys(value: object, file: str) -> dict[str, SurveyRules]:
    if not isinstance(value, dict):
        raise _wrong(file, "translation_rules", "survey names with their rules", value)
    found: dict[str, SurveyRules] = {}
    for name, blocks in value.items():
        survey = str(name).strip()
        if survey.upper() in found:
            raise RuleError(file, survey, "name", "given twice (upper and lower case are equal)")
        found[survey.upper()] = _survey(survey, blocks, file)
    return found


def _survey(name: str, blocks: object, file: str) -> SurveyRules:
    known = (_FLAG_BLOCK, _TYPE_BLOCK)
    if not isinstance(blocks, dict) or not blocks:
        raise RuleError(file, name, "rules", f"expected {' and '.join(known)}")
    for key in blocks:
        if key not in known:
            raise RuleError(file, name, str(key), f"unknown; expected {' or '.join(known)}")
    flag, type_ = blocks.get(_FLAG_BLOCK), blocks.get(_TYPE_BLOCK)
    return SurveyRules(
        name=name,
        z_flag=None if flag is None else _Block(file, name, _FLAG_BLOCK).flags(flag),
        instrument_type=None if type_ is None else _Block(file, name, _TYPE_BLOCK).types(type_),
    )


@dataclass(frozen=True, slots=True)
class _Block:
    """Reads one block and knows where it stands."""

    file: str
    survey: str
    block: str

    def refusal(self, rule: str, reason: str, position: int | None = None) -> RuleError:
        return RuleError(self.file, self.survey, f"{self.block}, {rule}", reason, position)

    def flags(self, content: object) -> Translation[float]:
        block = self.mapping(content)
        values = {
            self.flag_key(key): self.flag(value, f"value {key}")
            for key, value in block.items()
            if key not in ("conditions", "default")
        }
        conditions = tuple(
            Condition(number, expression, self.flag(value, f"condition {number}"))
            for number, expression, value in self.conditions(block)
        )
        return Translation(values, conditions, self.flag(block.get("default"), "default"))

    def types(self, content: object) -> Translation[str]:
        block = self.mapping(content)
        values = {
            str(key).strip().lower(): self.type(value, f"value {key}")
            for key, value in block.items()
            if key not in ("conditions", "default")
        }
        conditions = tuple(
            Condition(number, expression, self.type(value, f"condition {number}"))
            for number, expression, value in self.conditions(block)
        )
        return Translation(values, conditions, self.type(block.get("default"), "default"))

    def mapping(self, content: object) -> dict[Any, Any]:
        if not isinstance(content, dict):
            raise self.refusal("rules", "expected values, 'conditions:' or 'default:'")
        return content

    def flag_key(self, key: object) -> float:
        number = _as_number(key)
        if number is None:
            near = near_names(str(key), ("conditions", "default"))
            hint = f"; did you mean {near[0]}?" if near else ""
            reason = f"the survey's value must be a number, 'conditions' or 'default'{hint}"
            raise self.refusal(f"value {key}", reason)
        return number

    def flag(self, value: object, rule: str) -> float | None:
        if value is None:
            return None
        number = _as_number(value)
        if number is None:
            raise self.refusal(rule, f"the result must be a number, not {str(value)[:40]!r}")
        return number

    def type(self, value: object, rule: str) -> str | None:
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise self.refusal(rule, f"the result must be a letter, not {str(value)[:40]!r}")
        return value.strip()

    def conditions(self, block: Mapping[Any, Any]) -> Iterable[tuple[int, Expression, object]]:
        conditions = block.get("conditions") or []
        if not isinstance(conditions, list):
            raise self.refusal("conditions", "expected a list of '- expr:' and 'value:'")
        if len(conditions) > _MAX_CONDITIONS:
            raise self.refusal("conditions", f"more than {_MAX_CONDITIONS} of them")
        for number, condition in enumerate(conditions, start=1):
            rule = f"condition {number}"
            if not isinstance(condition, dict) or not set(condition) <= {"expr", "value"}:
                raise self.refusal(rule, "expected 'expr:' and 'value:', nothing else")
            expression = self.expression(condition.get("expr"), rule)
            # A condition without a value writes the default.
            yield number, expression, condition.get("value", block.get("default"))

    def expression(self, text: object, rule: str) -> Expression:
        if isinstance(text, bool):
            text = str(text)
        if not isinstance(text, str):
            raise self.refusal(rule, "'expr:' must be text in quotes")
        try:
            return parse(text)
        except ExpressionError as error:
            raise self.refusal(rule, error.reason, error.position) from None


def _as_number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


_READERS: Final[dict[str, Any]] = {
    "tiebreaking_priority": _priority,
    "instrument_type_priority": _type_priority,
    "delta_z_threshold": _delta_z,
    "crossmatch_radius_arcsec": _radius,
    "crossmatch_n_neighbors": _n_neighbors,
    "save_expr_columns": _save,
    "expr_column_schema": _schema,
    "translation_rules": _surveys,
}
