"""The directory of one run: every file appears whole under its name, or not at all."""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROGRESS_FILE = "progress.jsonl"
LOG_FILE = "pipeline.log"
OUTCOME_FILE = "outcome.json"
_SCRATCH = ".scratch"


class StoppedRun(BaseException):
    """The run was asked to stop; like KeyboardInterrupt no handler of errors may catch it."""


class Workspace:
    """The directory of one run.

    Used as a context manager it writes the log while open and removes the
    scratch folder at the end, however the run ends.

    Parameters
    ----------
    folder
        Made if absent.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.log = logging.getLogger(f"pzpipelines.run.{id(self)}")
        self._stages: tuple[str, ...] = ()
        self._log_handler: logging.Handler | None = None
        self._publishing = threading.Lock()
        self._only_thread: int | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / OUTCOME_FILE).unlink(missing_ok=True)  # of an earlier try
        self._log_handler = logging.FileHandler(self.folder / LOG_FILE, encoding="utf-8")
        formatter = logging.Formatter(
            "%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S"
        )
        formatter.converter = lambda seconds: datetime.fromtimestamp(seconds or 0, UTC).timetuple()
        self._log_handler.setFormatter(formatter)
        self.log.addHandler(self._log_handler)
        self.log.setLevel(logging.INFO)
        self.log.propagate = False
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.folder / _SCRATCH, ignore_errors=True)
        if self._log_handler is not None:
            self.log.removeHandler(self._log_handler)
            self._log_handler.close()

    @property
    def log_path(self) -> Path:
        """Where the log is."""
        return self.folder / LOG_FILE

    @property
    def scratch(self) -> Path:
        """A folder for intermediate files, gone when the run ends."""
        folder = self.folder / _SCRATCH
        with self._publishing:
            self._require_permission()
            folder.mkdir(exist_ok=True)
        return folder

    @contextmanager
    def publishing(self, name: str) -> Iterator[Path]:
        """Give a path to write to; its file or folder takes ``name`` only when all went well.

        Parameters
        ----------
        name
            File or folder name in the workspace.
        """
        # The suffix stays at the end: writers choose the format by it.
        partial = self.scratch / name
        yield partial
        with self._publishing:
            self._require_permission()
            self._give_name(partial, name)

    def _give_name(self, partial: Path, name: str) -> None:
        final = self.folder / name
        if final.is_dir():
            shutil.rmtree(final)
        os.replace(partial, final)

    def forbid_publishing(self) -> None:
        """Let nothing appear any more but what the calling thread writes: the run was stopped."""
        with self._publishing:
            self._only_thread = threading.get_ident()

    def _require_permission(self) -> None:
        if self._only_thread not in (None, threading.get_ident()):
            raise StoppedRun

    def write_text(self, name: str, text: str) -> Path:
        """Write a text file at once."""
        with self.publishing(name) as partial:
            partial.write_text(text, encoding="utf-8")
        return self.folder / name

    def write_json(self, name: str, content: Any) -> Path:
        """Write a JSON file at once; NaN is refused, so that every reader understands it."""
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False, default=str)
        return self.write_text(name, text + "\n")

    def plan(self, *stages: str) -> None:
        """Say which stages the run will go through, in order."""
        self._stages = stages

    def progress(self, stage: str, fraction: float, message: str) -> None:
        """Add a line to ``progress.jsonl``; the beginning and end of stages go to the log too.

        Parameters
        ----------
        stage
            One of the planned stages.
        fraction
            Done of this stage, 0 to 1.
        message
            A sentence for people.
        """
        event = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "stage": stage,
            "stage_index": self._stages.index(stage) + 1,
            "stage_count": len(self._stages),
            "fraction": round(fraction, 4),
            "message": message,
        }
        line = json.dumps(event, ensure_ascii=False) + "\n"
        # One append of one line: a reader never sees half of it.
        descriptor = os.open(
            self.folder / PROGRESS_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644
        )
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)
        self.log.info("%s %3.0f%% %s", stage, 100 * fraction, message)
