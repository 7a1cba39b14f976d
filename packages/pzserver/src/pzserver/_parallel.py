"""Several transfers at once: bounded, in order, all stopped by the first that fails."""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from tqdm import tqdm

from pzserver.errors import Invalid, PzServerError

Result = TypeVar("Result")
#: Failures in a row, without a byte of progress between them, after which a transfer gives up.
MAX_FAILURES: Final = 8
FIRST_PAUSE_SECONDS = 0.25
MAX_PAUSE_SECONDS: Final = 30.0


class Stopped(PzServerError):  # noqa: N818 - reads as a state, like its siblings
    """The transfer was given up because another failed or the user interrupted it."""

    default_code = "stopped"


class Turn:
    """One transfer among several: its line on the terminal, and whether it is to stop.

    Parameters
    ----------
    line
        On which line below the cursor its bar stands.
    """

    def __init__(self, line: int = 0, stop: threading.Event | None = None) -> None:
        self.line = line
        self.stop = stop or threading.Event()

    def check(self) -> None:
        """Raise `Stopped` when this transfer is to stop."""
        if self.stop.is_set():
            raise Stopped("the transfer was stopped")

    @contextmanager
    def bar(self, name: str, total: int | None, initial: int = 0) -> Iterator[Any]:
        """Show progress on a terminal; stay silent in scripts and logs."""
        with tqdm(
            desc=name,
            total=total,
            initial=initial,
            unit="B",
            unit_scale=True,
            position=self.line,
            leave=self.line == 0,
            disable=not sys.stderr.isatty(),
        ) as bar:
            yield bar


class Patience:
    """How long a transfer goes on after failures: pauses grow until there is progress again."""

    def __init__(self, turn: Turn) -> None:
        self._turn, self._failures, self._furthest = turn, 0, -1

    def reached(self, position: int) -> None:
        """Note how many bytes are there: more than ever before is progress."""
        if position > self._furthest:
            self._furthest, self._failures = position, 0

    def after(self, error: PzServerError) -> None:
        """Wait before the next attempt, or raise the error when there were too many in a row."""
        self._failures += 1
        if self._failures >= MAX_FAILURES:
            raise error
        pause = min(FIRST_PAUSE_SECONDS * 2.0**self._failures, MAX_PAUSE_SECONDS)
        self._turn.stop.wait(pause * random.uniform(0.8, 1.2))
        self._turn.check()


def in_parallel(acts: Sequence[Callable[[Turn], Result]], at_once: int) -> list[Result]:
    """Do several things at once and return their results in the order of the acts.

    Parameters
    ----------
    acts
        Each is called with its `Turn`.
    at_once
        How many run at the same time, > 0.

    Raises
    ------
    Invalid
        If ``at_once`` is not positive.
    PzServerError
        Of the first act that failed; the others are stopped, and what they have moved is kept.
    """
    if at_once < 1:
        raise Invalid(f"{at_once} transfers at once: 1 or more is expected")
    if len(acts) == 1:
        return [acts[0](Turn())]
    stop = threading.Event()
    with ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(act, Turn(line, stop)) for line, act in enumerate(acts)]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:  # also when the user interrupts: the threads must end before the program does
            if not all(future.done() for future in futures) or _failure(futures):
                stop.set()
                pool.shutdown(cancel_futures=True)
    if failure := _failure(futures):
        raise failure
    return [future.result() for future in futures]


def _failure(futures: Sequence[Future[Result]]) -> BaseException | None:
    """Return what failed first in the order of the acts; being stopped is no failure itself."""
    ended = [future for future in futures if future.done() and not future.cancelled()]
    errors = [error for future in ended if (error := future.exception())]
    real = [error for error in errors if not isinstance(error, Stopped)]
    return next(iter(real or errors), None)
