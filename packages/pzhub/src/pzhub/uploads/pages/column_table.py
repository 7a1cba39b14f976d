"""The table of columns of step 3: what each row shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext_lazy

from pzhub.catalog.models import Column
from pzhub.catalog.services.columns import Association
from pzhub.core import storage
from pzhub.uploads.pages.draft import Draft, role_of
from pztables.roles import Role

_CONFIDENCE_WORDS = (
    (0.85, gettext_lazy("high")),
    (0.6, gettext_lazy("good")),
    (0.35, gettext_lazy("fair")),
    (0.0, gettext_lazy("low")),
)
#: Size of a mini histogram, CSS pixels, and its most bars.
_WIDTH: Final = 88
_HEIGHT: Final = 22
_MOST_BARS: Final = 22
_FEW: Final = 8


class MiniHistogram(NamedTuple):
    """Bars of a column: an SVG path; values that all differ have none."""

    path: str
    is_redshift: bool
    is_unique: bool


class Row(NamedTuple):
    """A line of the table of columns."""

    column: Column
    samples: list[str]
    role: str
    is_own: bool
    alias: str
    ucd: str
    unit: str
    suggestion: dict[str, Any] | None
    chart: MiniHistogram | None
    is_doubted: bool
    error: str

    @property
    def key(self) -> str:
        """The column's id as text, for names of fields."""
        return str(self.column.pk)

    @property
    def state(self) -> str:
        """What the row's filter goes by: suggested, open or said."""
        if self.suggestion:
            return "suggested"
        return "said" if self.role or self.alias else "open"


def rows_of(
    draft: Draft,
    *,
    own: frozenset[int] = frozenset(),
    errors: Mapping[int, str] | None = None,
    typed: Mapping[int, Association] | None = None,
    doubted: frozenset[str] = frozenset(),
) -> list[Row]:
    """Return the table of columns.

    Parameters
    ----------
    draft
        Whose columns.
    own
        Columns whose own label is being written.
    errors, typed
        What was refused, and what was typed there: it is shown again.
    doubted
        Names of the columns that something is wrong with.
    """
    charts = _charts(draft)
    return [
        _row(column, draft, column.pk in own, (errors or {}).get(column.pk, ""), typed or {},
             charts.get(column.column_name), column.column_name in doubted)
        for column in draft.columns
    ]  # fmt: skip


def _row(
    column: Column, draft: Draft, is_open: bool, error: str, typed: Mapping[int, Association],
    chart: MiniHistogram | None, is_doubted: bool,
) -> Row:  # fmt: skip
    said = typed.get(column.pk) if error else None
    stored = Association(column.alias, column.ucd, column.unit)
    shown = said or stored
    role = role_of(column) if said is None else None
    is_own = is_open or bool(shown.alias and not role)
    samples = [_short(sample) for sample in column.facts.get("samples", [])]
    return Row(
        column, samples, role.name if role else "", is_own, shown.alias or "", shown.ucd or "",
        stored.unit or "" if shown.unit is None else shown.unit,
        None if is_own else _suggestion(column, draft),
        chart._replace(is_redshift=_is_redshift(column, role)) if chart else None,
        is_doubted, error,
    )  # fmt: skip


def _is_redshift(column: Column, role: Role | None) -> bool:
    suggestion = column.facts.get("suggestion") or {}
    return role.name == "z" if role else not column.alias and suggestion.get("role") == "z"


def _short(sample: Any) -> str:
    """Write a sample value so that it can be recognised; the file keeps all its digits."""
    return f"{sample:.8g}" if isinstance(sample, float) else "" if sample is None else str(sample)


def _suggestion(column: Column, draft: Draft) -> dict[str, Any] | None:
    """Return the open suggestion of a column with the words for its confidence."""
    suggestion = draft.suggestions.get(column.pk)
    return with_words(suggestion) if suggestion else None


def with_words(suggestion: Mapping[str, Any]) -> dict[str, Any]:
    """Return a suggestion with its confidence as a word and as one to four bars."""
    confidence = suggestion["confidence"]
    word = next(word for least, word in _CONFIDENCE_WORDS if confidence >= least)
    return {**suggestion, "word": word, "bars": max(1, round(confidence * 4))}


def _charts(draft: Draft) -> dict[str, MiniHistogram]:
    """Return the mini histograms by column, from the profile made when the file was read."""
    if draft.inspection is None or not draft.inspection.profile_path or not draft.is_inspected:
        return {}
    return _drawn(draft.inspection.profile_path)


@lru_cache(maxsize=64)
def _drawn(profile_path: str) -> dict[str, MiniHistogram]:
    try:
        profile = json.loads(storage.data_path(profile_path).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    charts = {}
    for report in profile["columns"]:
        if chart := _chart(report, profile["n_rows"]):
            charts[report["name"]] = chart
    return charts


def _chart(report: Mapping[str, Any], n_rows: int) -> MiniHistogram | None:
    top, histogram = report.get("top"), report.get("histogram")
    distinct = report.get("n_distinct")
    is_measured = report["type"] in ("float", "double", "halffloat")
    if n_rows > _FEW and distinct == n_rows and not is_measured:
        return MiniHistogram("", is_redshift=False, is_unique=True)
    if top and (histogram is None or len(top) <= _FEW):
        shown = top[:_FEW] if histogram is None else sorted(top, key=_value_of)
        return MiniHistogram(bars([entry["count"] for entry in shown], gap=2), False, False)
    if histogram:
        return MiniHistogram(bars(merged(histogram["counts"])), False, False)
    return None


def _value_of(entry: Mapping[str, Any]) -> float:
    return float(entry["value"])


def merged(counts: list[int]) -> list[int]:
    """Add neighbouring bins until there are few enough to be drawn small.

    >>> merged([1] * 44)
    [2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]
    """
    step = -(-len(counts) // _MOST_BARS)
    return [sum(counts[start : start + step]) for start in range(0, len(counts), step)]


def bars(counts: list[int], gap: float = 0.8) -> str:
    """Return an SVG path of bars; what is not nothing is at least a line."""
    most, step = max(counts, default=0), _WIDTH / max(len(counts), 1)
    return "".join(
        f"M{place * step + gap / 2:.4g} {_HEIGHT}v-{max(0.8, _HEIGHT * count / most):.3g}"
        f"h{step - gap:.4g}V{_HEIGHT}z"
        for place, count in enumerate(counts)
        if count
    )
