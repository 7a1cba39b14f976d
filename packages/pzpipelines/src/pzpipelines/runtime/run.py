"""Runs a pipeline and answers for how it ends: outcome file, exit code, one sentence."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import active_children
from types import FrameType
from typing import NoReturn

from pzpipelines.runtime.outcome import ExitCode, Outcome, Status
from pzpipelines.runtime.workspace import OUTCOME_FILE, StoppedRun, Workspace
from pztables.errors import UserError

_EXIT_CODES = {
    Status.COMPLETED: ExitCode.DONE,
    Status.REFUSED: ExitCode.REFUSED,
    Status.FAILED: ExitCode.FAILED,
    Status.STOPPED: ExitCode.STOPPED,
}


def run_in_workspace(workspace: Workspace, work: Callable[[], Outcome]) -> tuple[Outcome, ExitCode]:
    """Run a pipeline in its workspace and write ``outcome.json`` as its last file.

    Nothing is raised: the user's fault, ours and a stop become outcomes, with one
    sentence on the standard error stream. After a stop the work may still occupy
    a thread, which can publish nothing any more: leave with `leave_process`.

    Parameters
    ----------
    workspace
        Opened here.
    work
        The run itself.
    """
    started_at = _now()
    with workspace:
        outcome = _outcome_of(workspace, work)
        if outcome.error is not None:
            print(outcome.error["message"], file=sys.stderr)  # noqa: T201 (for the user)
        workspace.write_json(
            OUTCOME_FILE, {**outcome.as_dict(), "started_at": started_at, "ended_at": _now()}
        )
    return outcome, _EXIT_CODES[outcome.status]


def leave_process(exit_code: int) -> NoReturn:
    """End the process with an exit code, after a stop without waiting for what still works."""
    if exit_code != ExitCode.STOPPED:
        sys.exit(int(exit_code))
    for child in active_children():
        child.terminate()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(int(exit_code))


def _outcome_of(workspace: Workspace, work: Callable[[], Outcome]) -> Outcome:
    # The work has a thread of its own. This one only waits, so that it can answer a
    # signal at once, and never in the middle of somebody else's import or lock.
    worker = ThreadPoolExecutor(1)
    try:
        with _stop_on_signals():
            return worker.submit(work).result()
    except UserError as refusal:
        workspace.log.error("refused: %s", refusal.message)
        return Outcome(Status.REFUSED, error=refusal.as_dict())
    except StoppedRun:
        workspace.forbid_publishing()
        workspace.log.warning("stopped on request")
        return _told(Status.STOPPED, "stopped", "The run was stopped before it finished.")
    except Exception:  # the one boundary: our own mistakes end here, in the log
        workspace.log.exception("unexpected error")
        return _told(
            Status.FAILED,
            "internal_error",
            f"Sorry, the pipeline failed through no fault of yours; see {workspace.log_path}",
        )
    finally:
        worker.shutdown(wait=False, cancel_futures=True)


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
