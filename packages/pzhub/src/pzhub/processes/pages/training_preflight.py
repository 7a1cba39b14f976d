"""What a training set would be, in the words of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pzhub.catalog.models import Release
from pzhub.processes.pages.training_form import PIPELINE, TrainingForm
from pzhub.processes.pipelines import preflight
from pztables.errors import UserError


@dataclass(frozen=True, slots=True)
class TrainingCheck:
    """The whole check.

    Attributes
    ----------
    problems, warnings
        Sentences; a run with problems cannot start.
    report
        Areas, partitions, bytes and matches, as the pipeline estimates them; empty:
        nothing was looked at.
    """

    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    report: Mapping[str, Any] | None = None

    @property
    def is_checked(self) -> bool:
        """Whether the data were looked at."""
        return self.report is not None


def training_check(form: TrainingForm) -> TrainingCheck:
    """Check a validated form against the data; refusals become problems, never errors."""
    product, release = form.product, form.chosen_release
    if product is None or release is None or not form.is_bound:
        return TrainingCheck()
    if any(name != "display_name" for name in form.errors):
        return TrainingCheck()
    try:
        report = preflight(PIPELINE, form.parameters, [product], release=release)
    except UserError as refusal:
        return TrainingCheck(problems=(refusal.message,))
    return TrainingCheck(_sentences(report, "problems"), _sentences(report, "warnings"), report)


def _sentences(report: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(str(entry["message"]) for entry in report.get(key) or ())


def estimates_of(check: TrainingCheck, release: Release | None) -> dict[str, Any]:
    """Return the numbers that the page shows, as far as they are known."""
    report = check.report or {}
    known = {key: report.get(key) for key in _NUMBERS}
    return {**known, "release": release}


_NUMBERS = (
    "overlap_area_deg2",
    "redshift_area_deg2",
    "objects_area_deg2",
    "partitions",
    "bytes_to_read",
    "expected_matches",
    "expected_matches_low",
    "expected_matches_high",
    "rows_in",
)
