"""Starting: who is next, and the attempt's folder and program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.db.models import F, Q
from django.utils import timezone

from pzhub.processes.models import Phase, Process
from pzhub.processes.pipelines import job_for
from pzhub.processes.reconciler.containment import contained
from pzhub.processes.reconciler.policy import ReconcilePolicy
from pzhub.processes.records import WORK_FOLDER, write_json
from pzhub.processes.runners import runner_named
from pzhub.processes.runners.base import JobRequest
from pzhub.processes.selectors import job_ref
from pzhub.processes.services.finish import abort_process, fail_process
from pzhub.processes.transitions import ACTIVE_PHASES, move
from pztables.errors import UserError


def abort_stopped_pending() -> None:
    """End runs that were stopped before they began."""
    waiting = Process.objects.filter(phase=Phase.PENDING, stop_requested_at__isnull=False)
    for process in waiting.select_related("upload"):
        abort_process(process, Phase.PENDING)


def claim_pending(policy: ReconcilePolicy) -> None:
    """Give free slots to waiting runs, first to users who hold the fewest."""
    active = Process.objects.filter(phase__in=ACTIVE_PHASES).values_list("user_id", flat=True)
    held = Counter(active)
    waiting = list(
        Process.objects.filter(phase=Phase.PENDING, stop_requested_at__isnull=True).order_by("pk")
    )
    while held.total() < policy.slots:
        process = next_in_turn(waiting, held, policy.slots_per_user)
        if process is None:
            return
        waiting.remove(process)
        if move(
            process.pk,
            Phase.PENDING,
            Phase.SUBMITTING,
            only_if=Q(stop_requested_at__isnull=True),
            attempt=F("attempt") + 1,
            runner_job="",
            last_seen_at=timezone.now(),
            poll_errors=0,
        ):
            held[process.user_id] += 1


def next_in_turn(
    waiting: Sequence[Process], held: Counter[int], slots_per_user: int
) -> Process | None:
    """Return the run to start next: its owner holds the fewest slots, then it came first."""
    fit = [process for process in waiting if held[process.user_id] < slots_per_user]
    return min(fit, key=lambda process: (held[process.user_id], process.pk), default=None)


def submit_claimed(policy: ReconcilePolicy) -> None:
    """Hand runs to their runner, also those that an earlier pass left in the middle of it."""
    claimed = Process.objects.filter(phase=Phase.SUBMITTING)
    for process in claimed.select_related("pipeline", "upload"):
        with contained(process, policy, code="not_started"):
            try:
                _submit(process, policy)
            except UserError as error:
                fail_process(process, Phase.SUBMITTING, error.as_dict())


def _submit(process: Process, policy: ReconcilePolicy) -> None:
    ref = job_ref(process)
    (ref.folder / WORK_FOLDER).mkdir(parents=True, exist_ok=True)
    job_path = ref.folder / "job.json"
    write_json(job_path, job_for(process))
    request = JobRequest(
        ref=ref,
        command=policy.command(process, job_path, ref.folder / WORK_FOLDER),
        walltime_seconds=policy.walltime_seconds,
        memory_bytes=policy.memory_bytes,
    )
    job = runner_named(process.runner).submit(request)
    now = timezone.now()
    move(process.pk, Phase.SUBMITTING, Phase.QUEUED, runner_job=job, last_seen_at=now)
