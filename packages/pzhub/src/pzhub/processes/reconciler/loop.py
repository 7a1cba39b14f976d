"""One pass over all runs, and the loop that holds the lease."""

from __future__ import annotations

import logging
from typing import Final

from django.db import DatabaseError

from pzhub.core.chores import holder_name
from pzhub.core.leases import release_lease
from pzhub.processes.models import Process
from pzhub.processes.reconciler.collect import collect_ended
from pzhub.processes.reconciler.holding import take_lease
from pzhub.processes.reconciler.policy import ReconcilePolicy
from pzhub.processes.reconciler.start import (
    abort_stopped_pending,
    claim_pending,
    submit_claimed,
)
from pzhub.processes.reconciler.watch import watch_running
from pzhub.processes.transitions import FINAL_PHASES

LEASE: Final = "reconciler"
LEASE_SECONDS: Final = 30.0
BUSY_SECONDS: Final = 0.3
IDLE_SECONDS: Final = 1.0

_LOG = logging.getLogger(__name__)


def reconcile_once(policy: ReconcilePolicy | None = None) -> None:
    """Look at every run that has not ended, once; safe beside another that does the same."""
    policy = policy or ReconcilePolicy.configured()
    abort_stopped_pending()
    claim_pending(policy)
    submit_claimed(policy)
    watch_running(policy)
    collect_ended(policy)


class Reconciler:
    """Passes again and again while it holds the lease; others wait for it to expire."""

    def __init__(self, policy: ReconcilePolicy | None = None) -> None:
        self._policy = policy or ReconcilePolicy.configured()
        self._holder = holder_name()

    def tick(self) -> bool:
        """Do one pass if the lease is ours; tell whether it was."""
        try:
            if not take_lease(LEASE, self._holder, LEASE_SECONDS):
                return False
            reconcile_once(self._policy)
        except DatabaseError:
            # Another writer had the database for too long, or it is away: says nothing of runs.
            _LOG.exception("a pass over the runs was broken off; the next one goes on")
        return True

    def pause_seconds(self) -> float:
        """Return how long to wait: short while somebody waits for a run."""
        try:
            is_busy = Process.objects.exclude(phase__in=FINAL_PHASES).exists()
        except DatabaseError:
            return IDLE_SECONDS
        return BUSY_SECONDS if is_busy else IDLE_SECONDS

    def release(self) -> None:
        """Give the lease back at an orderly end, so that the next reconciler starts at once."""
        release_lease(LEASE, self._holder)
