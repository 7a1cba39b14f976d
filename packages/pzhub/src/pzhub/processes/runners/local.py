"""The local runner: programs of this machine, detached under the wrapper. No Django here."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import psutil

from pzhub.processes.identity import ProcessIdentity
from pzhub.processes.records import (
    EXIT_FILE,
    START_FILE,
    STOP_FILE,
    WORK_FOLDER,
    ExitRecord,
    StartRecord,
    read_program,
)
from pzhub.processes.runners.base import JobRef, JobReport, JobRequest, JobState, LogChunk
from pzhub.processes.runners.logs import log_path, read_chunk

#: What of the server's environment programs get; never its keys and addresses.
_ENVIRONMENT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH")


class LocalRunner:
    """Starts wrappers, and judges attempts by their files and by the process table."""

    name = "local"

    def __init__(self) -> None:
        # Wrappers started by this process: they must be reaped, or stay as zombies.
        self._wrappers: list[tuple[Path, subprocess.Popen[bytes]]] = []

    def submit(self, request: JobRequest) -> str:
        """Start the attempt's wrapper unless there was one; two at once settle it among them."""
        folder = request.ref.folder
        (folder / WORK_FOLDER).mkdir(parents=True, exist_ok=True)
        if (folder / EXIT_FILE).exists() or (folder / START_FILE).exists():
            return request.ref.job or self._pid_of(folder)
        with (folder / "wrapper.log").open("ab") as log:
            wrapper = subprocess.Popen(
                _wrapper_command(request),
                cwd=folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # survives the server, Ctrl-C and the terminal
            )
        self._wrappers.append((folder, wrapper))
        return str(wrapper.pid)

    def poll(self, refs: Sequence[JobRef]) -> Mapping[JobRef, JobReport]:
        """Tell how attempts stand."""
        self._reap()
        return {ref: self._report(ref) for ref in refs}

    def cancel(self, ref: JobRef) -> None:
        """Ask the wrapper to stop its program; without wrapper, kill the program's session."""
        if not ref.folder.is_dir():
            return
        (ref.folder / STOP_FILE).touch()  # also for a wrapper that is just starting
        start = StartRecord.read(ref.folder)
        if start is None:
            return
        if start.wrapper.is_alive():
            _signal(start.wrapper.pid, signal.SIGTERM)
            return
        program = read_program(ref.folder)
        if program is not None and program.is_here():
            _kill_session(program)

    def read_logs(self, ref: JobRef, offset: int, limit: int) -> LogChunk:
        """Return part of the attempt's log."""
        return read_chunk(log_path(ref.folder), offset, limit)

    def collect(self, ref: JobRef) -> Path:
        """Return the program's working folder: it is on this machine already."""
        return ref.folder / WORK_FOLDER

    def _report(self, ref: JobRef) -> JobReport:
        start = StartRecord.read(ref.folder)
        if start is not None and start.wrapper.is_alive():
            if (ended := ExitRecord.read(ref.folder)) is not None:
                return JobReport(JobState.ENDED, start.started_at, ended)
            return JobReport(JobState.RUNNING, start.started_at)
        # Looked for after the wrapper: one that has just ended has written it by now.
        if (ended := ExitRecord.read(ref.folder)) is not None:
            return JobReport(JobState.ENDED, ended.started_at, ended)
        if start is None and any(folder == ref.folder for folder, _ in self._wrappers):
            return JobReport(JobState.QUEUED, note="its wrapper is starting")
        if start is not None and not start.wrapper.is_here():
            return JobReport(JobState.ABSENT, note=f"it ran on {start.wrapper.host}")
        return JobReport(JobState.ABSENT, note="no wrapper runs and none left an exit record")

    def _reap(self) -> None:
        self._wrappers = [pair for pair in self._wrappers if pair[1].poll() is None]

    def _pid_of(self, folder: Path) -> str:
        start = StartRecord.read(folder)
        return "" if start is None else str(start.wrapper.pid)


def _wrapper_command(request: JobRequest) -> list[str]:
    return [
        sys.executable,
        "-P",  # nothing in a run's folder may be imported
        "-m",
        "pzhub.processes.wrapper",
        f"--directory={request.ref.folder}",
        f"--key={request.ref.key}",
        f"--attempt={request.ref.attempt}",
        f"--walltime={request.walltime_seconds}",
        f"--memory={request.memory_bytes}",
        "--",
        *request.command,
    ]


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # Parallel work is the pipeline's to arrange; libraries' own thread pools add to it.
    return {**kept, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _kill_session(program: ProcessIdentity) -> None:
    """Kill every process of the session that a program led, if it is still that session."""
    if not program.is_alive() and _is_used_again(program):
        return
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == program.pid:
                process.kill()
        except (ProcessLookupError, psutil.NoSuchProcess, PermissionError):
            continue


def _is_used_again(program: ProcessIdentity) -> bool:
    """Tell whether another process has the pid: its session is then not the program's."""
    return psutil.pid_exists(program.pid) and not program.is_alive()
