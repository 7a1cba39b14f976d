"""Stopping is a request: the reconciler carries it out."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.core.audit import record
from pzhub.processes.models import Process
from pzhub.processes.policies import require_stop
from pzhub.processes.transitions import STOPPABLE_PHASES


@transaction.atomic
def request_stop(*, actor: User, process: Process) -> Process:
    """Ask for a run to be stopped; nothing changes when its program has ended.

    Raises
    ------
    ForbiddenError
        If the actor is neither its owner nor an administrator.
    """
    require_stop(process, actor)
    running = Process.objects.filter(
        pk=process.pk, phase__in=STOPPABLE_PHASES, stop_requested_at__isnull=True
    )
    if running.update(stop_requested_at=timezone.now(), stop_requested_by=actor.username):
        record(actor=actor, action="process-stop-requested", target=process)
    process.refresh_from_db()
    return process
