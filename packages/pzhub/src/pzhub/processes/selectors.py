"""Reads of processes: who sees which, and how a run stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from django.db.models import Prefetch, Q, QuerySet

from pzhub.accounts.models import User
from pzhub.accounts.policies import Actor, is_administrator
from pzhub.catalog.models import Product
from pzhub.core.errors import NotFoundError
from pzhub.core.storage import data_path
from pzhub.processes.models import Phase, Pipeline, Process, ProcessInput
from pzhub.processes.records import ERR_FILE, WORK_FOLDER
from pzhub.processes.runners import runner_named
from pzhub.processes.runners.base import JobRef
from pzhub.processes.runners.logs import read_chunk
from pzhub.processes.transitions import ACTIVE_PHASES, FINAL_PHASES

LOG_BYTES: Final = 65_536
TAIL_BYTES: Final = 8_192
PROGRESS_BYTES: Final = 262_144
# contract: what waits is Pending: the published client stops waiting at "Queued".
#: The words of the wire.
WIRE_STATUS: Final[Mapping[Phase, str]] = {
    Phase.PENDING: "Pending",
    Phase.SUBMITTING: "Pending",
    Phase.QUEUED: "Pending",
    Phase.EXECUTING: "Running",
    Phase.COLLECTING: "Running",
    Phase.COMPLETED: "Successful",
    Phase.ERROR: "Failed",
    Phase.ABORTED: "Stopped",
}


#: Inputs in the order given, with all that a product's description needs.
_INPUT_LINKS: Final = ProcessInput.objects.order_by("position").select_related(
    "product__product_type",
    "product__release",
    "product__user",
    "product__process__pipeline",
    "product__saved_view",
)


def pipelines_list() -> QuerySet[Pipeline]:
    """Return the pipelines that users may run."""
    return Pipeline.objects.filter(is_enabled=True)


def pipeline_named(name: str) -> Pipeline:
    """Return a pipeline that users may run, by its name on the wire.

    Raises
    ------
    NotFoundError
        If there is none, or an administrator switched it off.
    """
    pipeline = pipelines_list().filter(name=name).first()
    if pipeline is None:
        raise NotFoundError(f"There is no pipeline {name}, or it is switched off.")
    return pipeline


def processes_visible_to(user: Actor) -> QuerySet[Process]:
    """Return the runs that a user may see: the own ones; all for administrators."""
    processes = Process.objects.select_related(
        "pipeline", "user", "release", "upload__product_type"
    ).prefetch_related(Prefetch("input_links", _INPUT_LINKS))
    if not isinstance(user, User):
        return processes.none()
    return processes if is_administrator(user) else processes.filter(user=user)


def process_for(user: Actor, key: int) -> Process:
    """Return one run.

    Raises
    ------
    NotFoundError
        If there is none, or the user may not know of it.
    """
    process = processes_visible_to(user).filter(pk=key).first()
    if process is None:
        raise NotFoundError(f"There is no process {key}, or you may not see it.")
    return process


def inputs_of(process: Process) -> list[Product]:
    """Return the input products in the order given."""
    return [link.product for link in process.input_links.all()]


def wire_status(process: Process) -> str:
    """Return the word that clients know for the state of a run."""
    phase = Phase(process.phase)
    if process.stop_requested_at is not None and phase not in FINAL_PHASES:
        return "Stopping"
    return WIRE_STATUS[phase]


def with_wire_status(word: str) -> Q:
    """Return the condition that a run's word is this one."""
    stopping = Q(stop_requested_at__isnull=False) & ~Q(phase__in=FINAL_PHASES)
    if word == "Stopping":
        return stopping
    phases = [phase for phase, phase_word in WIRE_STATUS.items() if phase_word == word]
    return Q(phase__in=phases) & ~stopping


def attempt_folder(process: Process) -> Path:
    """Return the folder of the present attempt, absolute."""
    return data_path(process.path) / f"attempt-{process.attempt}"


def job_ref(process: Process) -> JobRef:
    """Return what a runner knows the present attempt by."""
    return JobRef(
        key=str(process.key),
        attempt=process.attempt,
        folder=attempt_folder(process),
        job=process.runner_job,
    )


def log_of(process: Process, offset: int = 0, limit: int = LOG_BYTES) -> tuple[str, int]:
    """Return part of a run's log.

    Parameters
    ----------
    process
        The run.
    offset
        First byte; negative counts from the end.
    limit
        Most bytes.

    Returns
    -------
    text, and the offset of what follows
    """
    if not process.path or process.attempt == 0:
        return "", 0
    chunk = runner_named(process.runner).read_logs(job_ref(process), offset, limit)
    return chunk.text, chunk.next_offset


def progress_of(process: Process) -> dict[str, Any]:
    """Return how far a run is.

    Returns
    -------
    ``stages`` (list of ``name``, ``fraction``, ``message``, ``state`` "done" or "current",
    ``started_at`` and ``seen_at`` as ISO times of the first and the latest event),
    ``stage_index``, ``stage_count``, ``fraction`` of the whole (0 to 1), ``message``,
    ``log_tail``
    """
    events = _progress_events(process)
    stages: dict[str, dict[str, Any]] = {}
    for event in events:
        earlier = stages.get(event["stage"], {})
        stages[event["stage"]] = {
            "started_at": earlier.get("started_at", event.get("time")),
            "seen_at": event.get("time"),
            "name": event["stage"],
            "fraction": event["fraction"],
            "message": event["message"],
            "state": "done",
        }
    last = events[-1] if events else {"stage_index": 0, "stage_count": 0, "message": ""}
    is_done = process.phase == Phase.COMPLETED
    if events and not is_done and events[-1]["fraction"] < 1:
        stages[events[-1]["stage"]]["state"] = "current"
    return {
        "stages": list(stages.values()),
        "stage_index": last["stage_index"],
        "stage_count": last["stage_count"],
        "fraction": 1.0 if is_done else _whole_fraction(last),
        "message": last["message"],
        "log_tail": log_of(process, -TAIL_BYTES)[0],
    }


def _whole_fraction(event: Mapping[str, Any]) -> float:
    if not event["stage_count"]:
        return 0.0
    done = float(event["stage_index"]) - 1 + float(event["fraction"])
    return round(min(max(done / int(event["stage_count"]), 0.0), 1.0), 4)


def _progress_events(process: Process) -> list[dict[str, Any]]:
    """Return the progress lines of the present attempt; half a line is not one yet."""
    if not process.path or process.attempt == 0:
        return []
    try:
        with (attempt_folder(process) / WORK_FOLDER / "progress.jsonl").open("rb") as file:
            content = file.read(PROGRESS_BYTES)
    except FileNotFoundError:
        return []
    events = []
    for line in content.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and {"stage", "fraction", "message"} <= event.keys():
            events.append({"stage_index": 0, "stage_count": 0, **event})
    return events


def error_output_of(process: Process, limit: int = LOG_BYTES) -> str:
    """Return the end of what the program of a run wrote to standard error."""
    if not process.path or process.attempt == 0:
        return ""
    return read_chunk(attempt_folder(process) / ERR_FILE, -limit, limit).text


def queue_counts() -> tuple[int, int]:
    """Return how many runs wait, and how many hold a slot."""
    waiting = Process.objects.filter(phase=Phase.PENDING).count()
    return waiting, Process.objects.filter(phase__in=ACTIVE_PHASES).count()
