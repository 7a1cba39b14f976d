"""How long folders of runs keep their bulk: the record of a run stays, its scratch goes.

Apart from the services: it is loaded with the app, and must load little.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

from django.utils import timezone

from pzhub.core.chores import holder_name
from pzhub.core.leases import acquire_lease
from pzhub.core.storage import data_path, remove_tree
from pzhub.processes.models import Phase, Process
from pzhub.processes.records import WORK_FOLDER
from pzhub.processes.transitions import FINAL_PHASES

#: Days after its end; a failed run is kept longer, for whoever looks into it.
COMPLETED_DAYS: Final = 7
FAILED_DAYS: Final = 30
#: What tells how a run went is kept for good.
_KEPT: Final = frozenset(
    {
        "effective_parameters.json",
        "flags_translation.yaml",
        "outcome.json",
        "pipeline.log",
        "progress.jsonl",
    }
)
_EVERY_SECONDS: Final = 3600


def sweep_run_folders() -> None:
    """Remove the scratch of old runs, once an hour whoever asks."""
    if acquire_lease("sweep-run-folders", holder_name(), _EVERY_SECONDS):
        remove_old_scratch()


def remove_old_scratch() -> list[str]:
    """Remove outputs and scratch of runs that ended long ago; products have their own copies.

    Returns
    -------
    names of what was removed
    """
    now = timezone.now()
    removed = []
    ended = Process.objects.filter(phase__in=FINAL_PHASES, ended_at__isnull=False)
    for phase, ended_at, path in ended.values_list("phase", "ended_at", "path"):
        days = COMPLETED_DAYS if phase == Phase.COMPLETED else FAILED_DAYS
        if path and ended_at is not None and ended_at < now - timedelta(days=days):
            removed += _scratch_removed(data_path(path))
    return removed


def _scratch_removed(folder: Path) -> list[str]:
    scratch = [path for path in folder.glob(f"attempt-*/{WORK_FOLDER}/*") if path.name not in _KEPT]
    for path in scratch:
        remove_tree(path)
    return [path.name for path in scratch]
