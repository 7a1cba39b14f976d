"""Why a job failed, in plain words, with the way out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from pzhub.core.evidence import Evidence, evidence_of
from pzhub.processes.models import Process
from pzhub.processes.pages.catalog import clone_url_of
from pzhub.processes.pages.training_failures import TRAINING_TITLES, Fix, training_fixes
from pzhub.processes.selectors import inputs_of

#: Refusals that are about one catalog's columns or values.
_COLUMN_CODES = {
    "coordinates_out_of_range",
    "no_match",
    "no_overlap",
    "no_quality_flag",
    "missing_column_roles",
    "missing_mapped_columns",
    "not_a_number",
    "unusable_column",
}
_RULE_CODES = {
    "unsupported_survey",
    "invalid_rule",
    "invalid_rule_file",
    "rule_not_applicable",
    "all_homogenized_null",
}
_OURS_CODES = {"internal_error", "broken_result", "crashed", "lost", "not_started"}
_LIMIT_CODES = {"walltime", "memory", "time_limit", "memory_limit", "out_of_memory"}


@dataclass(frozen=True, slots=True)
class Failure:
    """The failure card."""

    title: str
    message: str
    consequence: str
    fixes: list[Fix]
    evidence: Evidence | None
    technical: str
    is_ours: bool


def failure_of(process: Process) -> Failure:
    """Explain the error of a run."""
    error = process.error or {}
    code, data = str(error.get("code", "")), error.get("data") or {}
    is_ours = code in _OURS_CODES or not code
    return Failure(
        title=_title(code),
        message=_message(code, error, data),
        consequence=_("Nothing was published, and your catalogs are as they were."),
        fixes=list(_fixes(process, code, data)),
        evidence=evidence_of(data),
        technical=json.dumps(error, indent=2, ensure_ascii=False, default=str),
        is_ours=is_ours,
    )


def _message(code: str, error: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    if code != "unsupported_survey" or "catalog" not in data:
        return str(error.get("message", ""))
    return _(
        "Without a rule for its survey, a good redshift cannot be told from a bad one, so the "
        "job stopped at %(catalog)s before mixing anything."
    ) % {"catalog": data["catalog"]}


def _title(code: str) -> str:
    titles = {
        "unsupported_survey": _("A survey has no rule for its quality flags"),
        "missing_column_roles": _("A catalog lacks a column that is needed"),
        "missing_mapped_columns": _("A column that a rule needs is not there"),
        "invalid_positions": _("Some positions are not on the sky"),
        "all_homogenized_null": _("No row has a quality flag that can be read"),
        "invalid_homogenized_values": _("Unified flags or types have values that do not exist"),
        "not_a_number": _("A column that must hold numbers holds something else"),
        "empty_result": _("No row is left"),
        "invalid_rule": _("A rule of the rule file cannot be used"),
        "invalid_rule_file": _("The rule file cannot be used"),
        "input_not_ready": _("A catalog cannot be read now"),
    }
    if code in titles:
        return titles[code]
    if code in TRAINING_TITLES:
        return str(TRAINING_TITLES[code])
    if code in _LIMIT_CODES:
        return _("The job needed more than it may use")
    if code in _OURS_CODES or not code:
        return _("The job failed, and it is our fault")
    return _("The job stopped at something in the catalogs or settings")


def _fixes(process: Process, code: str, data: Mapping[str, Any]) -> list[Fix]:
    clone = clone_url_of(process)
    fixes = training_fixes(code, data, clone) if process.release_id else []
    if code in _RULE_CODES:
        fixes.append(
            Fix(
                _("Send a rule file"),
                _("YAML; checked before the job starts."),
                f"{clone}#advanced",
            )
        )
    if ("position" in code or code == "invalid_rows") and not process.release_id:
        fixes.append(
            Fix(
                _("Leave invalid rows out"),
                _("They are counted in the summary."),
                f"{clone}&invalid_rows=drop",
            )
        )
    if code == "empty_result":
        fixes.append(
            Fix(
                _("Run without the flag cut"),
                _("All rows stay."),
                f"{clone}&z_flag_homogenized_value_to_cut=0",
            )
        )
    fixes += _catalog_fixes(process, code, data, clone)
    return [*fixes, Fix(_("Change the settings"), _("Everything is filled in as it was."), clone)]


def _catalog_fixes(process: Process, code: str, data: Mapping[str, Any], clone: str) -> list[Fix]:
    """Return the ways out that concern the catalog at fault."""
    name = data.get("catalog") or data.get("internal_name") or data.get("product")
    inputs = {product.internal_name: product for product in inputs_of(process)}
    if name not in inputs:
        return []
    fixes = []
    if code in _COLUMN_CODES:
        url = reverse("catalog:edit", args=[name])
        fixes.append(Fix(_("Associate its columns"), str(name), url))
    if len(inputs) > 2:  # two are needed
        url = f"{clone}&{urlencode({'without': str(name)})}"
        fixes.append(Fix(_("Run without this catalog"), str(name), url))
    return fixes
