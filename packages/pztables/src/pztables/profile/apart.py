"""Build a profile in a process of its own: its memory goes back, and it may be ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pztables import errors
from pztables.spare import DISPENSABLE, spare

if TYPE_CHECKING:
    from pztables.limits import Limits
    from pztables.profile.build import Meaning

_EXIT_REFUSED = 2
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>
_COSTLY_WORDS = ("MemoryError", "std::bad_alloc", "malloc of size")


class ProfileProcessError(RuntimeError):
    """The process ended early, through no fault of the table."""


def write_profile(
    parquet_path: Path,
    target: Path,
    *,
    roles: Mapping[str, str],
    meanings: Mapping[str, Meaning],
    limits: Limits,
) -> None:
    """Write the profile of a table as JSON, from a process of its own.

    Parameters
    ----------
    parquet_path
        Our own canonical copy.
    target
        Where the profile goes; the caller removes what a failure leaves there.
    roles, meanings
        As in `build_profile`.
    limits
        What it may cost: ``memory_bytes`` and ``wall_seconds``.

    Raises
    ------
    TableError
        If the table cannot be read.
    TooCostlyError
        If it takes more memory or time.
    ProfileProcessError
        If the process broke.
    """
    request = {
        "path": str(parquet_path),
        "target": str(target),
        "roles": dict(roles),
        "meanings": {name: [each.alias, each.ucd, each.unit] for name, each in meanings.items()},
        "memory_bytes": limits.memory_bytes,
    }
    try:
        ended = subprocess.run(
            [sys.executable, "-I", "-m", "pztables.profile"],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=limits.wall_seconds,
            env={**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2"},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise errors.TooCostlyError(
            f"The statistics of the table take longer than {limits.wall_seconds} seconds.",
            wall_seconds=limits.wall_seconds,
        ) from error
    _require_success(ended)


def _require_success(ended: subprocess.CompletedProcess[bytes]) -> None:
    complaint = ended.stderr.decode("utf-8", "replace")[-4000:]
    if ended.returncode == _EXIT_REFUSED:
        raise errors.TableError(json.loads(ended.stdout)["message"])
    if ended.returncode and any(word in complaint for word in _COSTLY_WORDS):
        raise errors.TooCostlyError("The statistics of the table take more memory than is allowed.")
    if ended.returncode:
        raise ProfileProcessError(f"ended with {ended.returncode}: {complaint}")


def _end_with_parent() -> None:
    """Have the kernel end this process when the worker that waits for it is killed (Linux)."""
    import ctypes
    import signal

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def main() -> int:
    """Do what a request on standard input asks for; return the exit code."""
    import resource

    _end_with_parent()
    request: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    ceiling = (request["memory_bytes"], request["memory_bytes"])
    resource.setrlimit(resource.RLIMIT_DATA, ceiling)
    spare(*DISPENSABLE)
    from pztables.profile.build import Meaning, build_profile

    meanings = {name: Meaning(*each) for name, each in request["meanings"].items()}
    try:
        profile = build_profile(request["path"], roles=request["roles"], meanings=meanings)
    except errors.UserError as error:
        sys.stdout.write(json.dumps({"message": error.message}))
        return _EXIT_REFUSED
    text = json.dumps(profile, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    Path(request["target"]).write_text(text, "utf-8")
    return 0
