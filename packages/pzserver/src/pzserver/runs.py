"""Runs that were submitted: how far they are, their log, their end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from pzserver._http import Connection
from pzserver.errors import NotFound
from pzserver.notebook import in_notebook

ACTIVE_STATUSES: Final = frozenset({"Pending", "Queued", "Running", "Stopping"})
#: First pause between two questions; it grows up to the one that is asked for, seconds.
_FIRST_PAUSE_SECONDS: Final = 0.1
#: A stage tells again when it is so much further.
_TOLD_STEP: Final = 0.1


def current(connection: Connection, process_id: int) -> dict[str, Any]:
    """Return id, status and comment of a run, and its stages where the server tells them."""
    try:
        return dict(connection.get(f"processes/{process_id}/progress/"))
    except NotFound:
        return dict(connection.get(f"processes/{process_id}/"))


def wait_for(
    connection: Connection,
    process_id: int,
    *,
    timeout_seconds: float | None,
    poll_seconds: float,
    on_change: Callable[[dict[str, Any]], None] | None,
) -> str:
    """Wait until a run has ended and return its status word; see `Process.wait`."""
    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    pause = min(_FIRST_PAUSE_SECONDS, poll_seconds)
    while True:
        state = current(connection, process_id)
        if on_change:
            on_change(state)
        if state["status"] not in ACTIVE_STATUSES:
            return str(state["status"])
        if deadline is not None and time.monotonic() > deadline:
            raise TimeoutError(
                f"process {process_id} is still {state['status']}; it goes on without us"
            )
        time.sleep(pause)
        pause = min(pause * 1.5, poll_seconds)


def log_pieces(
    connection: Connection, process_id: int, *, follow: bool = False, poll_seconds: float = 1.0
) -> Iterator[str]:
    """Yield the log of a run from its beginning, to its end, or until the run ends.

    Parameters
    ----------
    connection, process_id
        Of which run.
    follow
        Whether to wait for what is still to come.
    poll_seconds
        Pause between two questions while nothing comes.
    """
    offset = 0
    while True:
        active = follow and current(connection, process_id)["status"] in ACTIVE_STATUSES
        answer = connection.get(f"processes/{process_id}/logs/", offset=offset)
        text = str(answer["pipeline"]["content"])
        if text:
            yield text
        following = answer.get("next_offset")
        if following is None or (not text and not active):
            return
        if not text:
            time.sleep(poll_seconds)
        offset = following


def progress_teller() -> Callable[[dict[str, Any]], None]:
    """Return a listener that tells each new stage to people: in terminals and notebooks."""
    told: dict[str, Any] = {"line": "", "fraction": 0.0}

    def tell(state: dict[str, Any]) -> None:
        line = _line(state)
        fraction = float(state.get("fraction") or 0.0)
        moved = fraction - told["fraction"] >= _TOLD_STEP
        if line != told["line"] or moved:
            told.update(line=line, fraction=fraction)
            if sys.stderr.isatty() or in_notebook():
                share = f" {fraction:.0%}" if fraction else ""
                sys.stderr.write(f"process {state['id']}: {line}{share}\n")

    return tell


def stage_of(state: dict[str, Any]) -> str:
    """Return the stage of a run in words, as far as the server tells it."""
    stages = state.get("stages") or []
    if not stages:
        return ""
    return f"{stages[-1]['name']} ({state['stage_index']} of {state['stage_count']})"


def _line(state: dict[str, Any]) -> str:
    stage = stage_of(state) if state["status"] == "Running" else ""
    return f"{state['status']}, {stage}" if stage else str(state["status"])
