"""Files by which the wrapper tells what became of a program. No Django here.

Each is written beside and renamed, so that whoever reads it reads all of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

from pzhub.processes.identity import ProcessIdentity

START_FILE: Final = "wrapper.json"
PROGRAM_FILE: Final = "program.json"
HEARTBEAT_FILE: Final = "heartbeat.json"
EXIT_FILE: Final = "exit.json"
STOP_FILE: Final = "stop"
OUT_FILE: Final = "run.out"
ERR_FILE: Final = "run.err"
WORK_FOLDER: Final = "work"


class EndReason(StrEnum):
    """Why a program ended."""

    EXITED = "exited"
    STOPPED = "stopped"
    WALLTIME = "walltime"
    MEMORY = "memory"
    NOT_STARTED = "not_started"


@dataclass(frozen=True)
class ExitRecord:
    """The end of one attempt: the only evidence that it is over.

    Parameters
    ----------
    key, attempt
        Which attempt of which run.
    wrapper
        Who wrote it.
    started_at, ended_at
        ISO 8601, UTC.
    reason
        Why it ended.
    exit_code, signal
        One of them, when the program ran.
    peak_memory_bytes
        Largest memory of the program with all its children, as sampled.
    message
        What the operating system said when the program could not be started.
    """

    key: str
    attempt: int
    wrapper: ProcessIdentity
    started_at: str
    ended_at: str
    reason: EndReason
    exit_code: int | None = None
    signal: int | None = None
    peak_memory_bytes: int = 0
    message: str = ""

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Return the record of an attempt's folder; None when there is no valid one."""
        content = read_json(folder / EXIT_FILE)
        if content is None:
            return None
        try:
            content["wrapper"] = ProcessIdentity(**content["wrapper"])
            content["reason"] = EndReason(content["reason"])
            return cls(**content)
        except (KeyError, TypeError, ValueError):
            return None

    def write(self, folder: Path) -> None:
        """Write the record so that it survives a crash of the machine."""
        write_json(folder / EXIT_FILE, asdict(self))


@dataclass(frozen=True)
class StartRecord:
    """The beginning of one attempt; whoever writes it first has the attempt."""

    key: str
    attempt: int
    wrapper: ProcessIdentity
    started_at: str

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Return the record of an attempt's folder; None when there is no valid one."""
        content = read_json(folder / START_FILE)
        if content is None:
            return None
        try:
            content["wrapper"] = ProcessIdentity(**content["wrapper"])
            return cls(**content)
        except (KeyError, TypeError):
            return None

    def claim(self, folder: Path) -> bool:
        """Write the record unless there is one; tell whether it was written."""
        draft = folder / f".{START_FILE}.{self.wrapper.pid}"
        write_json(draft, asdict(self))
        try:
            os.link(draft, folder / START_FILE)  # refuses to replace: one wrapper wins
        except FileExistsError:
            return False
        finally:
            draft.unlink()
        return True


def read_program(folder: Path) -> ProcessIdentity | None:
    """Return the program that the wrapper of a folder started, if it did."""
    content = read_json(folder / PROGRAM_FILE)
    try:
        return None if content is None else ProcessIdentity(**content)
    except TypeError:
        return None


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in a file; None when the file is missing or damaged."""
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError, json.JSONDecodeError):
        return None
    return content if isinstance(content, dict) else None


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write an object beside its place, flush it to the disk, and rename."""
    draft = path.with_name(f"{path.name}.partial")
    with draft.open("w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
