"""Watching: what runners report about attempts, and what follows from it.

Only positive evidence ends an attempt: its exit record, or repeated absence over a
grace period. A runner that cannot answer says nothing about anything.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils import timezone

from pzhub.processes.models import Phase, Process
from pzhub.processes.reconciler.containment import contained
from pzhub.processes.reconciler.policy import ReconcilePolicy
from pzhub.processes.runners import Runner, runner_named
from pzhub.processes.runners.base import JobReport, JobState, RunnerError
from pzhub.processes.selectors import job_ref
from pzhub.processes.services.finish import abort_process, fail_process
from pzhub.processes.transitions import move

_LOG = logging.getLogger(__name__)


def watch_running(policy: ReconcilePolicy) -> None:
    """Ask every runner once about all its attempts, and move the runs accordingly."""
    by_runner: dict[str, list[Process]] = defaultdict(list)
    watched = Process.objects.filter(phase__in=(Phase.QUEUED, Phase.EXECUTING))
    for process in watched.select_related("upload", "pipeline"):
        by_runner[process.runner].append(process)
    for name, processes in by_runner.items():
        _watch(runner_named(name), processes, policy)


def _watch(runner: Runner, processes: Sequence[Process], policy: ReconcilePolicy) -> None:
    refs = {process.pk: job_ref(process) for process in processes}
    try:
        reports = runner.poll(list(refs.values()))
    except RunnerError:
        _LOG.warning("runner %s does not answer", runner.name, exc_info=True)
        unanswered = Process.objects.filter(pk__in=refs)
        unanswered.update(poll_errors=F("poll_errors") + 1)
        return
    for process in processes:
        with contained(process, policy, code="not_watched"):
            _follow(runner, process, reports[refs[process.pk]], policy)


def _follow(runner: Runner, process: Process, report: JobReport, policy: ReconcilePolicy) -> None:
    """Do what one report asks for."""
    match report.state:
        case JobState.ENDED:
            _end(process, report)
        case JobState.RUNNING | JobState.QUEUED:
            _see(runner, process, report)
        case JobState.ABSENT:
            _miss(runner, process, policy)
        case JobState.UNKNOWN:
            Process.objects.filter(pk=process.pk).update(poll_errors=F("poll_errors") + 1)


def _end(process: Process, report: JobReport) -> None:
    """The program has ended: collect, unless its owner wanted no result."""
    source = Phase(process.phase)
    goes_on = Q(stop_requested_at__isnull=True)
    if not move(
        process.pk,
        source,
        Phase.COLLECTING,
        only_if=goes_on,
        # A brief program may have ended before anybody saw it run.
        started_at=process.started_at or _time_of(report.started_at),
        poll_errors=0,
    ):
        process.refresh_from_db()
        if process.stop_requested_at is not None and process.phase == source:
            abort_process(process, source)


def _see(runner: Runner, process: Process, report: JobReport) -> None:
    """The attempt is alive."""
    now = timezone.now()
    if process.stop_requested_at is not None:
        runner.cancel(job_ref(process))
    if report.state is JobState.RUNNING and process.phase == Phase.QUEUED:
        # An attempt after the first does not change when the run began.
        started = process.started_at or _time_of(report.started_at) or now
        move(
            process.pk,
            Phase.QUEUED,
            Phase.EXECUTING,
            started_at=started,
            last_seen_at=now,
            poll_errors=0,
        )
    else:
        seen = Process.objects.filter(pk=process.pk, phase=process.phase)
        seen.update(last_seen_at=now, poll_errors=0)


def _time_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _miss(runner: Runner, process: Process, policy: ReconcilePolicy) -> None:
    """Nobody knows of the attempt: after the grace it is lost, and another is made."""
    seen = process.last_seen_at or process.created_at
    if process.stop_requested_at is not None:
        runner.cancel(job_ref(process))
    if timezone.now() - seen < timedelta(seconds=policy.grace_seconds):
        return
    runner.cancel(job_ref(process))  # what is left of it must not run beside the next attempt
    source = Phase(process.phase)
    if process.stop_requested_at is not None:
        abort_process(process, source)
    else:
        retry_or_fail(process, source, policy, "was interrupted: its program disappeared")


def retry_or_fail(process: Process, source: Phase, policy: ReconcilePolicy, what: str) -> None:
    """Make another attempt of a run that was interrupted from outside, or give it up."""
    if process.attempt < policy.max_attempts:
        _LOG.warning("process %d, attempt %d %s", process.pk, process.attempt, what)
        note = f"Attempt {process.attempt} {what}; it is started again."
        move(process.pk, source, Phase.PENDING, comment=note, runner_job="")
        return
    error = {
        "code": "interrupted",
        "message": (
            f"The run {what}, {process.attempt} times in a row. This is no fault of your data;"
            " tell the administrators, then run it again."
        ),
        "data": {"attempts": process.attempt},
    }
    fail_process(process, source, error)
