"""`pzhub serve`: one command that starts everything and ends everything."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final

from pzhub.cli.environment import start_django
from pzhub.supervisor.child import Child
from pzhub.supervisor.lock import FolderLock, listening_socket
from pzhub.supervisor.prepare import prepare_database, say
from pztables.errors import UserError
from pztables.spare import DISPENSABLE, spare

#: How long parts may take to finish what they are doing after Ctrl-C, seconds.
STOP_SECONDS: Final = 6.0


def serve(*, data_dir: Path, host: str, port: int, with_demo: bool) -> None:
    """Serve a data folder until TERM or INT.

    Raises
    ------
    DataFolderInUseError, PortInUseError
        If another server is in the way.
    """
    spare(*DISPENSABLE)
    data_dir = data_dir.resolve()
    lock = FolderLock(data_dir)
    listener = listening_socket(host, port, patient=lock.was_killed)
    address = address_of(host, listener.getsockname()[1])
    lock.describe(address)
    _allow_host(host)
    start_django(data_dir)
    prepare_database()
    sign_in = _demo_sign_in() if with_demo else ""
    supervisor = Supervisor(_parts(listener), inherited=_Inherited(lock, listener))
    _load_application()
    say(f"Photo-z Server at {address}/  (data in {data_dir}; Ctrl-C ends it)\n{sign_in}".rstrip())
    supervisor.run()
    lock.release()


def address_of(host: str, port: int) -> str:
    """Return the address that a browser on this machine uses."""
    if host in {"0.0.0.0", "::", ""}:
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _allow_host(host: str) -> None:
    """Answer to this machine's names when asked to listen to more than itself."""
    if host in {"127.0.0.1", "localhost", "::1"} or "PZHUB_ALLOWED_HOSTS" in os.environ:
        return
    names = ["localhost", "127.0.0.1", "[::1]", host, socket.gethostname(), socket.getfqdn()]
    os.environ["PZHUB_ALLOWED_HOSTS"] = json.dumps(sorted(set(names)))


def _demo_sign_in() -> str:
    """Load the demo content, once; without it the server serves all the same."""
    from pzhub.demo.content import load_demo

    try:
        return load_demo().sentence()
    except UserError as error:
        return f"The demo content could not be loaded, the next start tries again: {error.message}"


def _parts(listener: socket.socket) -> list[Child]:
    from pzhub.config import hub_config
    from pzhub.supervisor import parts

    chores = [Child(f"chores {n + 1}", parts.do_chores) for n in range(hub_config().chore_workers)]
    return [
        Child("web", partial(parts.serve_web, listener)),
        Child("processes", parts.run_processes),
        *chores,
        Child("sweep", parts.sweep_often),
    ]


def _load_application() -> None:
    """Load the whole application once, before children are forked from it."""
    from django.db import connections
    from django.urls import get_resolver

    from pzhub.wsgi import application

    assert application
    get_resolver().url_patterns  # noqa: B018  # importing the views is the purpose
    connections.close_all()
    gc.collect()
    gc.freeze()


@dataclass
class _Inherited:
    """What the supervisor holds and a child must let go of."""

    lock: FolderLock
    listener: socket.socket

    def close_for(self, child: Child) -> None:
        self.lock.forget()
        if child.name != "web":
            self.listener.close()


@dataclass
class Supervisor:
    """Keeps children running until told to stop, then ends them in a few seconds."""

    children: Sequence[Child]
    inherited: _Inherited
    stopping: bool = field(default=False, init=False)

    def run(self) -> None:
        """Start every child and start again what dies."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        while not self.stopping:
            for child in self.children:
                child.check()
                if child.is_due():
                    child.start(close=partial(self.inherited.close_for, child))
            time.sleep(0.1)
        say("Stopping; running pipelines go on and are taken up at the next start.")
        self._end_children()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _end_children(self) -> None:
        for child in self.children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while not all(child.has_ended() for child in self.children):
            if time.monotonic() > deadline:
                for child in self.children:
                    child.signal(signal.SIGKILL)
            time.sleep(0.05)
