"""Children of the supervisor: forked, so that they share what it has loaded."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NoReturn

#: A child that lived this long starts without delay when it dies.
STEADY_SECONDS: Final = 10.0
LONGEST_DELAY_SECONDS: Final = 30.0
_PR_SET_PDEATHSIG: Final = 1

_LOG = logging.getLogger(__name__)


@dataclass
class Child:
    """One part of the server: what it runs, and how it fares.

    Parameters
    ----------
    name
        For the log.
    run
        Called in the forked process, which ends when it returns.
    """

    name: str
    run: Callable[[], None]
    pid: int | None = None
    started_at: float = 0.0
    failures: int = 0
    start_at: float = field(default=0.0)

    def start(self, *, close: Callable[[], None]) -> None:
        """Fork and run; ``close`` is called in the child, to let go of what is the parent's."""
        self.started_at = time.monotonic()
        supervisor = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            _become(self.run, supervisor, close)
        self.pid = pid

    def check(self) -> None:
        """Notice when the process has ended, and decide when to start it again."""
        if self.pid is None:
            return
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return
        lived = time.monotonic() - self.started_at
        self.failures = 1 if lived > STEADY_SECONDS else self.failures + 1
        delay = (
            0.0 if self.failures == 1 else min(2.0 ** (self.failures - 2), LONGEST_DELAY_SECONDS)
        )
        self.pid, self.start_at = None, time.monotonic() + delay
        _LOG.warning(
            "%s (process %d) ended with %s; starting it again in %.0f s",
            self.name,
            pid,
            _ending(status),
            delay,
        )

    def is_due(self) -> bool:
        """Tell whether it should be running and is not."""
        return self.pid is None and time.monotonic() >= self.start_at

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process; KILL goes to everything that it started, too."""
        if self.pid is None:
            return
        try:
            if number is signal.SIGKILL:
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)
        except ProcessLookupError:
            pass  # it has just ended

    def has_ended(self) -> bool:
        """Reap the process if it has ended; tell whether nothing is left of it."""
        if self.pid is not None and os.waitpid(self.pid, os.WNOHANG)[0]:
            self.pid = None
        return self.pid is None


def _ending(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"exit code {code}" if code >= 0 else f"signal {-code}"


def _become(run: Callable[[], None], supervisor: int, close: Callable[[], None]) -> NoReturn:
    """Be the child: its own process group, default signals, and no life after the supervisor."""
    status = 1
    try:
        # Ctrl-C in the terminal reaches the supervisor only, which ends its children in order.
        os.setpgid(0, 0)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        end_with(supervisor)
        close()
        run()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except KeyboardInterrupt:
        status = 130
    finally:
        _leave(status)


def _leave(status: int) -> NoReturn:
    """End without running what the supervisor registered for its own exit."""
    error = sys.exc_info()[1]
    if error is not None and not isinstance(error, SystemExit | KeyboardInterrupt):
        _LOG.error("a part of the server failed", exc_info=error)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def end_with(supervisor: int) -> None:
    """Ask the kernel to end this process when the supervisor is gone, even by ``kill -9``."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != supervisor:  # it died before we asked
        os._exit(1)
