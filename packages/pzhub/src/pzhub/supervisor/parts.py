"""The parts of the server: what each child process runs."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from importlib import import_module
from types import FrameType
from typing import Any, Final

from gunicorn.app.base import BaseApplication

from pzhub.config import hub_config

SWEEP_SECONDS: Final = 15.0

_LOG = logging.getLogger(__name__)


#: What single pages need of slow libraries: the first of their requests would import it.
_SLOW_TO_IMPORT: Final = ("duckdb", "astropy.coordinates", "astropy_healpix", "mocpy")
#: After the start of a worker, seconds: its first pages are not kept waiting either.
_IMPORT_AFTER: Final = 5.0


def _import_in_background(worker: Any) -> None:
    """Import what some pages need while the worker answers already; a start stays quick."""

    def import_all() -> None:
        for name in _SLOW_TO_IMPORT:
            import_module(name)

    later = threading.Timer(_IMPORT_AFTER, import_all)
    later.daemon = True
    later.start()


class WebServer(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """Gunicorn over a socket that is open already, with the application loaded once."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        config = hub_config()
        options: dict[str, object] = {
            "bind": [f"fd://{self._listener.fileno()}"],
            "workers": config.web_workers,
            "worker_class": "gthread",
            "threads": config.web_threads,
            "preload_app": True,
            "keepalive": 15,
            # Addresses of lists with many filters are long; gunicorn takes no longer ones.
            "limit_request_line": 8190,
            # A worker that is silent this long is replaced; requests run in threads and
            # may take longer (an upload over a slow line).
            "timeout": 120,
            "graceful_timeout": 3,
            "control_socket_disable": True,
            "loglevel": "warning",
            "proc_name": "pzhub-web",
            "post_worker_init": _import_in_background,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Return the WSGI application, which the supervisor has loaded."""
        from pzhub.wsgi import application

        return application


def serve_web(listener: socket.socket) -> None:
    """Answer requests."""
    WebServer(listener).run()


def do_chores() -> None:
    """Run tasks of the queue, one at a time."""
    from django.core.management import call_command

    call_command("db_worker", interval=0.2, startup_delay=False, queue_name="*", verbosity=0)


def sweep_often() -> None:
    """Repair what killed workers left, again and again."""
    from pzhub.core.sweeps import sweep_once

    repeat(sweep_once, lambda: SWEEP_SECONDS)


def run_processes() -> None:
    """Start, watch and collect pipeline runs."""
    from pzhub.processes.reconciler import Reconciler

    reconciler = Reconciler()
    repeat(reconciler.tick, reconciler.pause_seconds)
    reconciler.release()


def repeat(act: Callable[[], object], pause_seconds: Callable[[], float]) -> None:
    """Call ``act`` with pauses until TERM or INT; what is being done is finished first."""
    from django.db import close_old_connections

    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    parent = os.getppid()
    while not stopping and os.getppid() == parent:
        close_old_connections()
        act()
        _wait(pause_seconds(), lambda: stopping)


def _wait(seconds: float, is_over: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while not is_over() and (left := deadline - time.monotonic()) > 0:
        time.sleep(min(left, 0.2))
