"""The wrapper of a pipeline program: limits it, and records how it ended.

``python -m pzhub.processes.wrapper --directory D --key K --attempt N … -- COMMAND``

It is started in a session of its own and needs neither Django nor the database,
so the program's fate does not depend on who is watching: the server may stop,
crash and start again meanwhile. No Django here.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Final

import psutil

from pzhub.processes.identity import identity_of
from pzhub.processes.records import (
    ERR_FILE,
    HEARTBEAT_FILE,
    OUT_FILE,
    PROGRAM_FILE,
    STOP_FILE,
    WORK_FOLDER,
    EndReason,
    ExitRecord,
    StartRecord,
    write_json,
)

HEARTBEAT_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.5
_PR_SET_CHILD_SUBREAPER: Final = 36


@dataclass
class Attempt:
    """One attempt: what to run, within which limits, and what was seen of it."""

    folder: Path
    key: str
    attempt: int
    walltime_seconds: float
    memory_bytes: int
    grace_seconds: float
    command: Sequence[str]
    reason: EndReason = EndReason.EXITED
    peak_memory_bytes: int = 0
    started: float = field(default_factory=time.monotonic)
    last_heartbeat: float = 0.0

    def look(self) -> EndReason | None:
        """Measure, beat, and return a reason to end the program if there is one."""
        memory = memory_of_descendants()
        self.peak_memory_bytes = max(self.peak_memory_bytes, memory)
        now = time.monotonic()
        if now - self.last_heartbeat > HEARTBEAT_SECONDS:
            self.last_heartbeat = now
            beat = {"at": _now(), "memory_bytes": memory}
            write_json(self.folder / HEARTBEAT_FILE, beat)
        if _stop_signals or (self.folder / STOP_FILE).exists():
            return EndReason.STOPPED
        if now - self.started > self.walltime_seconds:
            return EndReason.WALLTIME
        if memory > self.memory_bytes:
            return EndReason.MEMORY
        return None


_stop_signals: list[int] = []


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one attempt; return 0 also when another wrapper has it."""
    attempt = _parsed(arguments)
    wrapper = identity_of(os.getpid())
    assert wrapper is not None
    start = StartRecord(attempt.key, attempt.attempt, wrapper, _now())
    if not start.claim(attempt.folder):
        return 0
    wakeup = _listen_to_signals()
    _adopt_orphans()
    _run(attempt, start, wakeup).write(attempt.folder)
    return 0


def _parsed(arguments: Sequence[str] | None) -> Attempt:
    parser = argparse.ArgumentParser(prog="pzhub.processes.wrapper")
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--attempt", type=int, required=True)
    parser.add_argument("--walltime", type=float, required=True, help="seconds")
    parser.add_argument("--memory", type=int, required=True, help="bytes")
    parser.add_argument("--grace", type=float, default=10.0, help="seconds from TERM to KILL")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args(arguments)
    return Attempt(
        folder=given.directory,
        key=given.key,
        attempt=given.attempt,
        walltime_seconds=given.walltime,
        memory_bytes=given.memory,
        grace_seconds=given.grace,
        command=given.command,
    )


def _run(attempt: Attempt, start: StartRecord, wakeup: int) -> ExitRecord:
    """Start the program unless it was stopped before, see it through, and tell how it ended."""
    code: int | None = None
    message = ""
    if (attempt.folder / STOP_FILE).exists() or _stop_signals:
        attempt.reason = EndReason.STOPPED
    else:
        try:
            program = _started(attempt)
        except OSError as error:
            attempt.reason, message = EndReason.NOT_STARTED, f"{attempt.command[0]}: {error}"
        else:
            code = _seen_through(attempt, program, wakeup)
    return ExitRecord(
        key=attempt.key,
        attempt=attempt.attempt,
        wrapper=start.wrapper,
        started_at=start.started_at,
        ended_at=_now(),
        reason=attempt.reason,
        exit_code=code if code is not None and code >= 0 else None,
        signal=-code if code is not None and code < 0 else None,
        peak_memory_bytes=attempt.peak_memory_bytes,
        message=message,
    )


def _started(attempt: Attempt) -> subprocess.Popen[bytes]:
    """Start the program in its own session, and record which process it is."""
    work = attempt.folder / WORK_FOLDER
    work.mkdir(exist_ok=True)
    with (
        (attempt.folder / OUT_FILE).open("wb") as out,
        (attempt.folder / ERR_FILE).open("wb") as err,
    ):
        program = subprocess.Popen(
            attempt.command,
            cwd=work,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    identity = identity_of(program.pid)
    if identity is not None:  # else it has ended already
        write_json(attempt.folder / PROGRAM_FILE, asdict(identity))
    return program


def _seen_through(attempt: Attempt, program: subprocess.Popen[bytes], wakeup: int) -> int:
    """Wait for the program, ending it when a limit says so; leave nothing of it behind."""
    while program.poll() is None:
        reason = attempt.look()
        if reason is not None:
            attempt.reason = reason
            _end(program, attempt.grace_seconds)
            break
        _sleep(wakeup)
    code = program.wait()
    _kill(psutil.Process().children(recursive=True))
    return code


def _end(program: subprocess.Popen[bytes], grace_seconds: float) -> None:
    """Ask the whole family to end; after the grace, end it."""
    family = psutil.Process().children(recursive=True)
    for member in family:
        _send(member, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while program.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    _kill([*family, *psutil.Process().children(recursive=True)])


def _kill(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        _send(process, signal.SIGKILL)


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)  # checks the start time: the pid may be another's by now


def memory_of_descendants() -> int:
    """Return the memory of all descendants of this process, bytes; shared pages count once."""
    total = 0
    for child in psutil.Process().children(recursive=True):
        try:
            total += _memory_of(child)
        except (psutil.NoSuchProcess, psutil.AccessDenied, ProcessLookupError, OSError):
            continue  # it has just ended
    return total


def _memory_of(process: psutil.Process) -> int:
    if sys.platform != "linux":
        return int(process.memory_info().rss)
    for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _listen_to_signals() -> int:
    """Take TERM as a request to stop; return a descriptor that wakes at any signal."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)

    def note(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGTERM:
            _stop_signals.append(number)

    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, note)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.set_wakeup_fd(writing)
    return reading


def _sleep(wakeup: int) -> None:
    if select.select([wakeup], [], [], LOOK_SECONDS)[0]:
        os.read(wakeup, 4096)


def _adopt_orphans() -> None:
    """Become the parent of processes that the program leaves behind, so that none escapes."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _now() -> str:
    return datetime.now(UTC).isoformat()


if __name__ == "__main__":
    sys.exit(main())
