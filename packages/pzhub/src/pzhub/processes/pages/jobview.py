"""A job as its page shows it: stages, parameters, summary."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pzhub.processes.models import Phase, Process
from pzhub.processes.pages import training_job
from pzhub.processes.pages.forms import PIPELINE, CombineForm
from pzhub.processes.pages.training_form import PIPELINE as TRAINING
from pzhub.processes.pages.training_form import TrainingForm
from pzhub.processes.pipelines import default_parameters
from pzhub.processes.selectors import progress_of

#: What each stage is called, and what it does.
_STAGES = {
    "queue": (gettext_lazy("Queue"), gettext_lazy("waiting for its turn")),
    "prepare": (gettext_lazy("Prepare"), gettext_lazy("reading catalogs, unifying flags")),
    "match": (gettext_lazy("Match"), gettext_lazy("looking for repeated measurements")),
    "resolve": (gettext_lazy("Resolve"), gettext_lazy("choosing the best measurement")),
    "write": (gettext_lazy("Write"), gettext_lazy("writing the combined catalog")),
    "publish": (gettext_lazy("Publish"), gettext_lazy("registering the result")),
}
_WITHOUT_MATCHING = ("prepare", "write")
_WITH_MATCHING = ("prepare", "match", "resolve", "write")
#: Parameters that are shown even at their defaults.
_ALWAYS_SHOWN = {"combine_type", "z_flag_homogenized_value_to_cut"}
#: Fields whose words parameters are told in.
_FORMS = {PIPELINE: CombineForm.base_fields, TRAINING: TrainingForm.base_fields}
_WAITING = {Phase.PENDING, Phase.SUBMITTING, Phase.QUEUED}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: ``state`` is done, now, fail, stop or todo."""

    name: str
    label: str
    state: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """All stages, and what the present one does."""

    stages: list[Stage]
    current: Stage | None
    what: str
    message: str
    percent: int | None


def stages_of(process: Process) -> Progress:
    """Return the stages of a run as a bar: those of the program, between queue and publication."""
    told = progress_of(process)
    reported = {stage["name"]: stage for stage in told["stages"]}
    names = ["queue", *_planned(process, reported), "publish"]
    now = _current(process, names, list(reported))
    stages = [
        _stage(process, name, index, names, now, reported) for index, name in enumerate(names)
    ]
    current = next((stage for stage in stages if stage.state == "now"), None)
    part = reported.get(now, {})
    words = _words_of(process)
    return Progress(
        stages,
        current,
        str(words[now][1]) if current and now in words else "",
        str(part.get("message", "")) if current else "",
        round(100 * part["fraction"]) if current and "fraction" in part else None,
    )


def _words_of(process: Process) -> Mapping[str, tuple[Any, Any]]:
    """Return what each stage is called and does, of the pipeline."""
    return {**_STAGES, **training_job.STAGES} if process.pipeline.name == TRAINING else _STAGES


def _planned(process: Process, reported: Mapping[str, Any]) -> list[str]:
    kind = process.used_config.get("param", {}).get("combine_type", "concatenate")
    planned = list(_WITHOUT_MATCHING if kind == "concatenate" else _WITH_MATCHING)
    if process.pipeline.name == TRAINING:
        planned = list(training_job.STAGES)
    return planned if set(reported) <= set(planned) else list(reported)


def _current(process: Process, names: list[str], reported: list[str]) -> str:
    phase = Phase(process.phase)
    if phase in _WAITING:
        return "queue"
    if phase in {Phase.COLLECTING, Phase.COMPLETED}:
        return "publish"
    if phase in {Phase.ERROR, Phase.ABORTED} and process.started_at is None:
        return "queue"
    return reported[-1] if reported else names[1]


def _stage(
    process: Process,
    name: str,
    index: int,
    names: list[str],
    now: str,
    reported: Mapping[str, Any],
) -> Stage:
    at = names.index(now)
    ends = {Phase.COMPLETED: "done", Phase.ERROR: "fail", Phase.ABORTED: "stop"}
    state = "done" if index < at else "todo"
    if index == at:
        state = ends.get(Phase(process.phase), "now")
    seconds = _seconds_of(reported.get(name, {}), is_running=state == "now")
    if name == "queue" and (process.started_at or state == "now"):
        seconds = ((process.started_at or timezone.now()) - process.created_at).total_seconds()
    if name == "publish" and state in {"now", "done"}:
        seconds = _seconds_of_publication(process, reported)
    words = _words_of(process)
    label = str(words[name][0]) if name in words else name.capitalize()
    return Stage(name, label, state, seconds)


def _seconds_of(stage: Mapping[str, Any], *, is_running: bool) -> float | None:
    """Return how long a stage took, or takes already."""
    if not stage.get("started_at"):
        return None
    began = datetime.fromisoformat(stage["started_at"])
    until = timezone.now() if is_running else datetime.fromisoformat(stage["seen_at"])
    return max((until - began).total_seconds(), 0.0)


def _seconds_of_publication(process: Process, reported: Mapping[str, Any]) -> float | None:
    seen = [stage["seen_at"] for stage in reported.values() if stage.get("seen_at")]
    if not seen:
        return None
    until = process.ended_at or timezone.now()
    return max((until - datetime.fromisoformat(max(seen))).total_seconds(), 0.0)


def parameters_of(process: Process) -> list[tuple[str, str]]:
    """Return how a run was asked for, in the words of the form: what matters, what was changed."""
    fields = _FORMS.get(process.pipeline.name, {})
    shown = [
        (str(fields[name].label) if name in fields else name, _in_words(fields.get(name), value))
        for name, value in _shown_parameters(process).items()
    ]
    if process.release is not None:
        shown.insert(0, (_("Release"), process.release.display_name))
    shown.append((_("Output format"), str(process.used_config.get("output_format", ""))))
    if rules := process.used_config.get("flags_translation"):
        shown.append((_("Rule file"), rules["name"]))
    return [*shown, (_("Version"), process.pipeline_version)]


def _shown_parameters(process: Process) -> dict[str, Any]:
    if process.pipeline.name == TRAINING:
        return training_job.shown_parameters(process)
    given = process.used_config.get("param", {})
    defaults = default_parameters(process.pipeline.name)
    return {
        name: value
        for name, value in given.items()
        if name in _ALWAYS_SHOWN or (name in defaults and value != defaults[name])
    }


def _in_words(field: forms.Field | None, value: Any) -> str:
    if isinstance(field, forms.ChoiceField):
        pairs = cast("Iterable[tuple[Any, Any]]", field.choices)
        choices = {str(key): str(label) for key, label in pairs}
        key = str(int(value)) if isinstance(value, float) else str(value)
        if isinstance(value, list):
            return ", ".join(map(str, value))
        return choices.get(key, key) if isinstance(value, str) else key
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "–" if value is None else value if isinstance(value, str) else json.dumps(value)


def summary_of(process: Process) -> dict[str, Any] | None:
    """Return what a finished run did, as its page tells it; ``None`` where it said nothing."""
    summary = process.summary
    if summary and process.pipeline.name == TRAINING and {"matching", "split"} <= summary.keys():
        return training_job.training_summary(summary)
    if not summary or "catalogs" not in summary:
        return None
    verdicts = (summary.get("matching") or {}).get("verdicts", {})
    groups = (summary.get("matching") or {}).get("groups", {})
    counts = [
        (_("Rows in"), summary.get("rows_in")),
        (_("Rows in the result"), summary.get("rows_out")),
        (_("Groups of repeated measurements"), groups.get("count")),
        (_("Best measurements"), verdicts.get("winners")),
        (_("Discarded measurements"), verdicts.get("losers")),
        (_("Unresolved ties"), verdicts.get("hard_ties")),
        (_("Stars"), verdicts.get("stars")),
    ]
    return {
        "counts": [(label, number) for label, number in counts if number is not None],
        "catalogs": summary["catalogs"],
        "unmapped": [
            {**flag, "catalog": catalog["internal_name"]}
            for catalog in summary["catalogs"]
            for flag in catalog.get("unmapped_flags") or ()
        ],
    }
