"""The unified quality flag and instrument type of every row, by one of three ways.

Each column goes its own way, decided for the whole catalog: the user's own
homogenized column; a flag that is a probability or a ``type`` of s, g, p; or
the rules of each row's survey.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pzpipelines import values
from pzpipelines.arrays import BoolArray, FloatArray, IntArray
from pzpipelines.combine.association import HOMOGENIZED_FLAG, HOMOGENIZED_TYPE
from pzpipelines.combine.catalog_columns import RawCatalog, RuleColumns
from pzpipelines.combine.rules import RuleSet
from pzpipelines.combine.translation import (
    UNDECIDED,
    SurveyRows,
    Translated,
    translate,
    words_for,
)
from pztables.errors import UserError, ready_for_json
from pztables.numbers import is_text

FLAGS: Final = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0)
TYPES: Final = ("s", "g", "p")
#: Lower bounds of the flags 1, 2, 3, 4 of a quality between 0 and 1 (above 0 for 1).
_QUALITY_BOUNDS: Final = (0.7, 0.9, 0.99)
_EXAMPLES: Final = 5

#: Flags that these surveys write as text; upper or lower case does not matter.
LETTER_SURVEYS: Final = ("JADES", "VIMOS")
_LETTERS: Final = {
    "A": 4, "B": 3, "C": 2, "D": 1, "E": 0,
    "LRB_X": 0, "MR_X": 0, "LRB_B": 1, "LRB_C": 1, "MR_C": 1, "MR_B": 3, "LRB_A": 4, "MR_A": 4,
}  # fmt: skip


class Path(StrEnum):
    """Where a homogenized column comes from."""

    USER = "user"
    QUALITY = "quality"
    TYPE = "type"
    TRANSLATION = "translation"
    NONE = "none"


class InvalidHomogenizedError(UserError):
    """A user's homogenized column has values that are not of the scale."""

    code = "invalid_homogenized_values"


@dataclass(frozen=True, slots=True)
class FlagColumn:
    """The associated quality flag as numbers.

    Attributes
    ----------
    numbers
        Letters translated; NaN where there is no value; shape ``(n,)``.
    unknown_letters
        Texts of surveys with letters that stand for nothing, by row number.
    """

    numbers: FloatArray
    unknown_letters: tuple[IntArray, pa.Array] | None = None


@dataclass(frozen=True, slots=True)
class Homogenized:
    """A homogenized column.

    Attributes
    ----------
    path
        Where it comes from.
    values
        Doubles (NaN for null) for flags, text for types; shape ``(n,)``.
    unmapped
        Flag values without a rule: survey, value, count.
    rule_words, rule_codes
        What decided each row, when asked for.
    """

    path: Path
    values: Any
    unmapped: tuple[dict[str, Any], ...] = ()
    rule_words: list[str] | None = None
    rule_codes: NDArray[np.int64] | None = None


def read_flags(catalog: RawCatalog, survey: pa.Array) -> FlagColumn:
    """Return the associated quality flag as numbers.

    Text that is not a number is refused, except in surveys that use letters.

    Raises
    ------
    NotANumberError
        With the count and the first rows.
    """
    raw_name = catalog.association.columns.get("z_flag")
    if raw_name is None:
        return FlagColumn(np.full(catalog.n_rows, np.nan))
    column = catalog.raw(raw_name)
    numbers, wrong = values.numbers_where_possible(column, catalog=catalog.name, name=raw_name)
    if not wrong.any():
        return FlagColumn(numbers)
    has_letters = pc.fill_null(pc.is_in(survey, pa.array(LETTER_SURVEYS)), False)
    rows = np.flatnonzero(wrong & has_letters.to_numpy(zero_copy_only=False))
    wrong[rows] = False
    if wrong.any():
        values.refuse_non_numbers(column, wrong, catalog=catalog.name, name=raw_name)
    letters = pc.utf8_trim_whitespace(column.take(rows).cast(pa.string()))
    place = pc.index_in(pc.utf8_upper(letters), pa.array(list(_LETTERS)))
    numbers = numbers.copy()
    known = place.is_valid().to_numpy(zero_copy_only=False)
    scores = np.array(list(_LETTERS.values()), np.float64)
    numbers[rows[known]] = scores[place.drop_null().to_numpy()]
    return FlagColumn(numbers, (rows[~known], letters.filter(pa.array(~known))))


def flag_path(catalog: RawCatalog, flag: FlagColumn) -> Path:
    """Return where the unified flag of a catalog comes from."""
    if catalog.has(HOMOGENIZED_FLAG):
        return Path.USER
    given = flag.numbers[~np.isnan(flag.numbers)]
    if given.size and given.min() >= 0 and given.max() <= 1 and ((given > 0) & (given < 1)).any():
        return Path.QUALITY
    return Path.TRANSLATION


def type_path(catalog: RawCatalog) -> Path:
    """Return where the unified instrument type of a catalog comes from."""
    if catalog.has(HOMOGENIZED_TYPE):
        return Path.USER
    if catalog.has("type") and is_text(catalog.raw(catalog.association.columns["type"]).type):
        present = pc.unique(pc.utf8_lower(catalog.text("type"))).drop_null().to_pylist()
        if present and set(present) <= set(TYPES):
            return Path.TYPE
    return Path.TRANSLATION


def user_flags(catalog: RawCatalog) -> Homogenized:
    """Take the user's own unified flags.

    Raises
    ------
    InvalidHomogenizedError
        If a value is not one of 0, 1, 2, 3, 4, 6.
    """
    flags = catalog.numbers(HOMOGENIZED_FLAG)
    wrong = ~np.isnan(flags) & ~np.isin(flags, FLAGS)
    if wrong.any():
        distinct, counts = np.unique(flags[wrong], return_counts=True)
        _refuse_values(catalog, HOMOGENIZED_FLAG, distinct.tolist(), counts, "0, 1, 2, 3, 4, 6")
    return Homogenized(Path.USER, flags)


def user_types(catalog: RawCatalog) -> Homogenized:
    """Take the user's own unified types.

    Raises
    ------
    InvalidHomogenizedError
        If a value is not one of s, g, p.
    """
    types = pc.utf8_lower(catalog.text(HOMOGENIZED_TYPE))
    counted = pc.value_counts(types.drop_null()).to_pylist()
    wrong = sorted(
        (each["values"], each["counts"]) for each in counted if each["values"] not in TYPES
    )
    if wrong:
        words, counts = zip(*wrong, strict=True)
        _refuse_values(catalog, HOMOGENIZED_TYPE, list(words), np.array(counts), "s, g, p")
    return Homogenized(Path.USER, types)


def _refuse_values(
    catalog: RawCatalog, column: str, wrong: list[Any], counts: NDArray[Any], allowed: str
) -> None:
    raw_name = catalog.association.columns[column]
    shown = ", ".join(str(value)[:40] for value in wrong[:_EXAMPLES])
    count = int(counts.sum())
    raise InvalidHomogenizedError(
        f"{catalog.name}: column {raw_name} is taken as {column} and may only hold {allowed} or "
        f"nothing; {count} rows have other values ({shown})",
        catalog=catalog.name,
        column=raw_name,
        allowed=allowed.split(", "),
        count=count,
        examples=wrong[:_EXAMPLES],
    )


def quality_flags(flag: FlagColumn) -> Homogenized:
    """Turn qualities between 0 and 1 into flags."""
    quality = flag.numbers
    flags = np.searchsorted(_QUALITY_BOUNDS, quality, side="right") + 1.0
    flags[quality == 0] = 0.0
    flags[np.isnan(quality)] = np.nan
    return Homogenized(Path.QUALITY, flags)


def translated_flags(
    catalog: RawCatalog,
    flag: FlagColumn,
    surveys: SurveyRows,
    columns: RuleColumns,
    rules: RuleSet,
    *,
    explain: bool,
) -> Homogenized:
    """Apply the flag rules of each row's survey.

    Raises
    ------
    RuleEvaluationError
        If a rule cannot be computed.
    """

    def has_flag(rows: IntArray, value: float) -> BoolArray:
        found: BoolArray = flag.numbers[rows] == value
        return found

    translated = translate(
        surveys,
        lambda survey: rules.surveys[survey].z_flag if survey in rules.surveys else None,
        columns,
        has_flag,
        catalog=catalog.name,
        block="z_flag_translation",
    )
    scale = np.array([*translated.words, np.nan], np.float64)
    unmapped = _unmapped(flag, surveys, translated)
    words, codes = words_for(translated, surveys) if explain else (None, None)
    return Homogenized(Path.TRANSLATION, scale[translated.results], unmapped, words, codes)


def translated_types(
    catalog: RawCatalog,
    instrument_type: pa.Array,
    surveys: SurveyRows,
    columns: RuleColumns,
    rules: RuleSet,
    *,
    explain: bool,
) -> Homogenized:
    """Apply the type rules of each row's survey.

    Raises
    ------
    RuleEvaluationError
        If a rule cannot be computed.
    """
    given: list[pa.Array] = []  # made when the first rule asks for it

    def has_type(rows: IntArray, value: str) -> BoolArray:
        if not given:
            given.append(pc.utf8_lower(instrument_type))
        found = pc.fill_null(pc.equal(given[0].take(rows), value), False)
        mask: BoolArray = found.to_numpy(zero_copy_only=False)
        return mask

    translated = translate(
        surveys,
        lambda survey: rules.surveys[survey].instrument_type if survey in rules.surveys else None,
        columns,
        has_type,
        catalog=catalog.name,
        block="instrument_type_translation",
    )
    types = values.take_texts(list(translated.words), translated.results)
    words, codes = words_for(translated, surveys) if explain else (None, None)
    return Homogenized(Path.TRANSLATION, types, (), words, codes)


def _unmapped(
    flag: FlagColumn, surveys: SurveyRows, translated: Translated[float]
) -> tuple[dict[str, Any], ...]:
    """Count flag values that no rule knows, by survey and value."""
    undecided = (translated.decided_by == UNDECIDED) & (surveys.codes >= 0)
    rows = np.flatnonzero(undecided & ~np.isnan(flag.numbers))
    found = _counted(surveys, rows, pa.array(flag.numbers[rows]))
    if flag.unknown_letters is not None:
        found += _counted(surveys, *flag.unknown_letters)
    return tuple(found)


def _counted(surveys: SurveyRows, rows: IntArray, given: pa.Array) -> list[dict[str, Any]]:
    """Count the values of some rows by survey and value, in order."""
    codes = surveys.codes[rows]
    present = np.flatnonzero(np.bincount(codes, minlength=len(surveys.names)))
    return [
        {"survey": surveys.names[code], "value": ready_for_json(value), "count": count}
        for code in present.tolist()
        for value, count in sorted(
            (each["values"], each["counts"])
            for each in pc.value_counts(given.filter(pa.array(codes == code))).to_pylist()
        )
    ]
