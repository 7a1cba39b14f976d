"""What the reconciler asks of whatever executes programs: five verbs, each idempotent.

A runner knows attempts, never rows of the database, so the same verbs serve this
machine and a cluster's scheduler. No Django here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from pzhub.processes.records import ExitRecord


class JobState(StrEnum):
    """What a runner can say about an attempt."""

    QUEUED = "queued"
    RUNNING = "running"
    #: There is an exit record: the only evidence that an attempt is over.
    ENDED = "ended"
    #: The runner answered, and knows of no such attempt.
    ABSENT = "absent"
    #: Nothing can be said now. Never evidence about the attempt.
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class JobRef:
    """One attempt of one run.

    Parameters
    ----------
    key
        Idempotency key of the run.
    attempt
        Counts from 1.
    folder
        The attempt's own folder, absolute.
    job
        The runner's name for it; empty before it is submitted.
    """

    key: str
    attempt: int
    folder: Path
    job: str = ""


@dataclass(frozen=True)
class JobRequest:
    """What to run, and within which limits.

    Parameters
    ----------
    ref
        The attempt.
    command
        The program and its arguments; it runs in the folder ``work`` of the attempt.
    walltime_seconds, memory_bytes
        Limits; beyond them the program is ended.
    """

    ref: JobRef
    command: Sequence[str]
    walltime_seconds: float
    memory_bytes: int


@dataclass(frozen=True)
class JobReport:
    """What a runner found about one attempt; ``exit`` comes with ENDED."""

    state: JobState
    started_at: str | None = None
    exit: ExitRecord | None = None
    note: str = ""


@dataclass(frozen=True)
class LogChunk:
    """Part of a log: text from one byte offset to the next."""

    text: str
    next_offset: int
    size: int


class RunnerError(Exception):
    """The runner cannot answer now; says nothing about any attempt."""


class Runner(Protocol):
    """Executes attempts."""

    name: str

    def submit(self, request: JobRequest) -> str:
        """Start an attempt unless it was started before; return the runner's name for it."""

    def poll(self, refs: Sequence[JobRef]) -> Mapping[JobRef, JobReport]:
        """Tell how attempts stand, all with one question; RunnerError when it cannot."""

    def cancel(self, ref: JobRef) -> None:
        """Ask an attempt to end, and end what is left of one whose wrapper is gone."""

    def read_logs(self, ref: JobRef, offset: int, limit: int) -> LogChunk:
        """Return at most ``limit`` bytes of an attempt's log from a byte offset."""

    def collect(self, ref: JobRef) -> Path:
        """Return the folder on this machine that holds what an ended attempt wrote."""
