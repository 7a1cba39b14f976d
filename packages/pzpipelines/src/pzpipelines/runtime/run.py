"""Runs a pipeline and answers for how it ends: outcome file, exit code, one sentence."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import NoReturn

from pzpipelines.runtime.outcome import ExitCode, Outcome, Status
from pzpipelines.runtime.workspace import OUTCOME_FILE, Workspace
from pztables.errors import UserError

_EXIT_CODES = {
    Status.COMPLETED: ExitCode.DONE,
    Status.REFUSED: ExitCode.REFUSED,
    Status.FAILED: ExitCode.FAILED,
    Status.STOPPED: ExitCode.STOPPED,
}


class StoppedRun(BaseException):
    """The run was asked to stop; like KeyboardInterrupt no handler of errors may catch it."""


def run_in_workspace(workspace: Workspace, work: Callable[[], Outcome]) -> tuple[Outcome, ExitCode]:
    """Run a pipeline in its workspace and write ``outcome.json`` as its last file.

    Nothing is raised: the user's fault, ours and a stop become outcomes, with one
    sentence on the standard error stream.

    Parameters
    ----------
    workspace
        Opened here.
    work
        The run itself.
    """
    started_at = _now()
    with workspace:
        try:
            with _stop_on_signals():
                outcome = work()
        except UserError as refusal:
            workspace.log.error("refused: %s", refusal.message)
            outcome = Outcome(Status.REFUSED, error=refusal.as_dict())
        except StoppedRun:
            workspace.log.warning("stopped on request")
            outcome = _told(Status.STOPPED, "stopped", "The run was stopped before it finished.")
        except Exception:
            workspace.log.exception("unexpected error")
            outcome = _told(
                Status.FAILED,
                "internal_error",
                f"Sorry, the pipeline failed through no fault of yours; see {workspace.log_path}",
            )
        if outcome.error is not None:
            print(outcome.error["message"], file=sys.stderr)  # noqa: T201 (for the user)
        workspace.write_json(
            OUTCOME_FILE, {**outcome.as_dict(), "started_at": started_at, "ended_at": _now()}
        )
    return outcome, _EXIT_CODES[outcome.status]


def _told(status: Status, code: str, sentence: str) -> Outcome:
    return Outcome(status, error={"code": code, "message": sentence, "data": {}})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@contextmanager
def _stop_on_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGINT into `StoppedRun` while the run works."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise StoppedRun

    earlier = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
