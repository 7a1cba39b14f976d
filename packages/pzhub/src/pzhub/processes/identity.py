"""Which operating-system process is meant: a pid alone is used again. No Django here."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class ProcessIdentity:
    """A process that can be told from any later one with the same pid.

    Parameters
    ----------
    host
        Name of the machine.
    boot_id
        Which start of that machine.
    pid
        Process id.
    started
        When it started, in the kernel's ticks since boot: a change of the clock
        does not move it.
    """

    host: str
    boot_id: str
    pid: int
    started: int

    def is_here(self) -> bool:
        """Tell whether it belongs to this machine."""
        return self.host == host_name()

    def is_alive(self) -> bool:
        """Tell whether it runs on this machine now; a zombie does not run."""
        return self.is_here() and identity_of(self.pid) == self


def host_name() -> str:
    """Return the name of this machine."""
    return socket.gethostname()


def boot_id() -> str:
    """Return what identifies the present start of this machine."""
    if sys.platform == "linux":
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return str(round(psutil.boot_time()))


def identity_of(pid: int) -> ProcessIdentity | None:
    """Return the identity of a running process, or None when there is none."""
    started = _started(pid)
    return None if started is None else ProcessIdentity(host_name(), boot_id(), pid, started)


def _started(pid: int) -> int | None:
    if sys.platform != "linux":
        return _started_portably(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name, in parentheses, may hold blanks: count the fields behind it.
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in "ZX" else int(fields[18])


def _started_portably(pid: int) -> int | None:
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return round(process.create_time() * 100)
    except psutil.NoSuchProcess:
        return None
