"""The rules of a rule file on a catalog: every rule on the rows of its survey, whole columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pzpipelines.arrays import IntArray
from pzpipelines.combine.catalog_columns import RuleColumns
from pzpipelines.combine.rules import Translation
from pztables.errors import UserError
from pztables.expressions import Evaluator, ExpressionError
from pztables.expressions.errors import near_names

V = TypeVar("V", float, str)

#: How a row was decided: by nothing, by the default, by its value, by condition 1, 2, …
UNDECIDED: Final = -2
BY_DEFAULT: Final = -1
BY_VALUE: Final = 0


class UnsupportedSurveyError(UserError):
    """The catalog has surveys for which there are no rules."""

    code = "unsupported_survey"


class RuleEvaluationError(UserError):
    """A rule cannot be computed on the catalog: a column is missing or of another kind."""

    code = "rule_not_applicable"


@dataclass(frozen=True, slots=True)
class SurveyRows:
    """Which rows belong to which survey.

    Attributes
    ----------
    names
        Distinct surveys, upper case, in order of appearance.
    codes
        Index into ``names`` for each row, -1 where there is none; shape ``(n,)``.
    """

    names: tuple[str, ...]
    codes: IntArray

    @classmethod
    def of(cls, survey: pa.Array) -> SurveyRows:
        """Number the surveys of a column of upper-case text."""
        encoded = pc.dictionary_encode(survey)
        codes = pc.fill_null(encoded.indices, -1).to_numpy().astype(np.int64)
        return cls(tuple(encoded.dictionary.to_pylist()), codes)

    def rows(self, index: int) -> IntArray:
        """Return the row numbers of a survey."""
        return np.flatnonzero(self.codes == index)

    @property
    def counts(self) -> dict[str, int]:
        """Rows of each survey."""
        counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))
        return dict(zip(self.names, counts.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Translated(Generic[V]):
    """Results of a translation.

    Attributes
    ----------
    results
        Index into ``words`` for each row, -1 where there is no result.
    words
        Distinct results.
    decided_by
        `UNDECIDED`, `BY_DEFAULT`, `BY_VALUE` or the number of a condition.
    """

    results: NDArray[np.int32]
    words: list[V]
    decided_by: NDArray[np.int16]


def refuse_unsupported(
    surveys: SurveyRows, needed: Mapping[str, frozenset[str]], *, catalog: str
) -> None:
    """Refuse surveys without rules, all of them named with their counts.

    Parameters
    ----------
    needed
        Block that is needed to surveys that have it.

    Raises
    ------
    UnsupportedSurveyError
    """
    if not (missing := unsupported(surveys, needed)):
        return
    known = sorted(_complete(needed))
    listed = ", ".join(
        f"{each['survey']} ({each['count']} rows{_hint(each, needed)})" for each in missing
    )
    raise UnsupportedSurveyError(
        f"{catalog}: no rules for survey {listed}. Correct the survey names, add rules in a rule "
        "file, or associate homogenized columns. There are rules for "
        f"{', '.join(known) or 'no survey'}",
        catalog=catalog,
        surveys=missing,
        available=known,
    )


def _complete(needed: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the surveys that have every needed block."""
    return frozenset.intersection(*needed.values()) if needed else frozenset()


def _hint(missing: Mapping[str, Any], needed: Mapping[str, frozenset[str]]) -> str:
    if len(missing["blocks"]) < len(needed):
        return f"; its rules lack {missing['blocks'][0]}"
    return f"; did you mean {missing['nearest'][0]}?" if missing["nearest"] else ""


def unsupported(surveys: SurveyRows, needed: Mapping[str, frozenset[str]]) -> list[dict[str, Any]]:
    """Return surveys that lack a needed block: name, count, blocks, nearest names."""
    found = []
    for survey, count in surveys.counts.items():
        blocks = [block for block, having in needed.items() if survey not in having]
        if blocks:
            near = near_names(survey, sorted(_complete(needed)))
            found.append({"survey": survey, "count": count, "blocks": blocks, "nearest": near})
    return found


def translate(
    surveys: SurveyRows,
    translation_of: Callable[[str], Translation[V] | None],
    columns: RuleColumns,
    matches_value: Callable[[IntArray, V], NDArray[np.bool_]],
    *,
    catalog: str,
    block: str,
) -> Translated[V]:
    """Apply rules by survey.

    Parameters
    ----------
    surveys
        Which rows belong to which survey; rows without one have no result.
    translation_of
        Rules of a survey.
    columns
        What the names in rules stand for.
    matches_value
        Tells which of some rows have a value of a rule's value map.
    catalog, block
        For messages.

    Raises
    ------
    RuleEvaluationError
        If a rule names a column that does not exist or does not fit.
    """
    n_rows = len(surveys.codes)
    results = np.full(n_rows, -1, np.int32)
    decided_by = np.full(n_rows, UNDECIDED, np.int16)
    words: list[V] = []
    for index, survey in enumerate(surveys.names):
        translation = translation_of(survey)
        if translation is None:
            continue
        rows = surveys.rows(index)
        part = _TranslatedSurvey(translation, len(rows), words)
        part.by_value(partial(matches_value, rows))
        here = columns if len(rows) == n_rows else columns.on(rows)
        place = f"{catalog}: survey {survey}, {block}"
        part.by_conditions(Evaluator(here, len(rows)), place)
        results[rows], decided_by[rows] = part.results, part.decided_by
    return Translated(results, words, decided_by)


class _TranslatedSurvey(Generic[V]):
    """The rows of one survey on their way."""

    def __init__(self, translation: Translation[V], n_rows: int, words: list[V]) -> None:
        self.translation: Translation[V] = translation
        self.words: list[V] = words
        has_default = translation.default is not None
        self.results = np.full(n_rows, self.code(translation.default), np.int32)
        self.decided_by = np.full(n_rows, BY_DEFAULT if has_default else UNDECIDED, np.int16)

    def code(self, word: V | None) -> int:
        if word is None:
            return -1
        if word not in self.words:
            self.words.append(word)
        return self.words.index(word)

    def write(self, where: NDArray[np.bool_], word: V | None, decided_by: int) -> None:
        self.results[where] = self.code(word)
        self.decided_by[where] = decided_by

    def by_value(self, matches: Callable[[V], NDArray[np.bool_]]) -> None:
        for value, result in self.translation.values.items():
            self.write(matches(value), result, BY_VALUE)

    def by_conditions(self, evaluator: Evaluator, place: str) -> None:
        for condition in self.translation.conditions:
            try:
                where = evaluator.matches(condition.expression)
            except ExpressionError as error:
                raise RuleEvaluationError(
                    f"{place}, condition {condition.number}: {error.message}",
                    place=place,
                    condition=condition.number,
                    **{**error.data, "cause": error.code},
                ) from None
            self.write(where, condition.value, condition.number)


def words_for(
    translated: Translated[V], surveys: SurveyRows
) -> tuple[list[str], NDArray[np.int64]]:
    """Return what decided each row in words (``DESI: condition 4``), as words and codes."""
    combined = surveys.codes * 4096 + translated.decided_by
    distinct, codes = np.unique(combined, return_inverse=True)
    return [_word(int(each), surveys.names) for each in distinct], codes


def _word(combined: int, names: tuple[str, ...]) -> str:
    index, decided_by = divmod(combined + 2048, 4096)
    if index < 0:
        return "no survey"
    decided_by -= 2048
    how = {UNDECIDED: "no rule", BY_DEFAULT: "default", BY_VALUE: "value"}.get(decided_by)
    return f"{names[index]}: {how or f'condition {decided_by}'}"
