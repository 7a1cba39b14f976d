"""Numbers that the reconciler goes by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pzhub.config import hub_config
from pzhub.processes.models import Process
from pzhub.processes.pipelines import command_of

Command = Callable[[Process, Path, Path], Sequence[str]]


@dataclass(frozen=True)
class ReconcilePolicy:
    """Limits of runs, and patience with them.

    Attributes
    ----------
    slots, slots_per_user
        Runs at the same time.
    walltime_seconds, memory_bytes
        Limits of one run.
    grace_seconds
        How long a run may be out of sight before it counts as lost.
    max_attempts
        How often a run that was lost through no fault of its own is started.
    max_errors
        How often a step that the machine refused (disk full) is tried.
    command
        Returns a run's program, given the process, its ``job.json`` and its work folder.
    """

    slots: int = 2
    slots_per_user: int = 2
    walltime_seconds: float = 7200.0
    memory_bytes: int = 4_000_000_000
    grace_seconds: float = 5.0
    max_attempts: int = 3
    max_errors: int = 20
    command: Command = command_of

    @classmethod
    def configured(cls) -> Self:
        """Return what the server's configuration says."""
        config = hub_config()
        return cls(
            slots=config.pipeline_slots,
            slots_per_user=config.pipeline_slots_per_user,
            walltime_seconds=config.pipeline_seconds,
            memory_bytes=config.pipeline_memory_bytes,
        )
