"""The reconciler: brings every run from submitted to ended, whoever watches and whatever dies.

Each pass looks at all runs that have not ended and moves each by at most a few
compare-and-set steps. A pass may be killed anywhere; the next one goes on.
"""

from pzhub.processes.reconciler.loop import Reconciler, reconcile_once
from pzhub.processes.reconciler.policy import ReconcilePolicy

__all__ = ["ReconcilePolicy", "Reconciler", "reconcile_once"]
