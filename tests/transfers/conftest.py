"""A network that can be held or cut in the middle of a transfer, and a server to kill."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hub import Hub, end, serving
from pzserver import PzServer

PZ = str(Path(sys.executable).with_name("pz"))


class Network:
    """Stands between a client and a server, and counts the bytes of each direction.

    ``hold_up`` and ``hold_down`` are how many bytes may pass; what comes later waits until
    `release`. `cut` breaks every connection there is.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.up = self.down = 0
        self.hold_up: int | None = None
        self.hold_down: int | None = None
        self._may_pass = threading.Condition()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open = True
        threading.Thread(target=self._accept, daemon=True).start()

    def release(self) -> None:
        """Let everything pass, and count anew."""
        with self._may_pass:
            self.hold_up = self.hold_down = None
            self.up = self.down = 0
            self._may_pass.notify_all()

    def cut(self) -> None:
        """Break every connection."""
        for pair in self._pairs:
            for end_point in pair:
                with suppress(OSError):
                    end_point.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def close(self) -> None:
        """Stop."""
        self._open = False
        self.release()
        self.cut()
        self._listener.close()

    def wait_until_held(self, program: subprocess.Popen[str]) -> None:
        """Wait until as much of what a program sends or gets has passed as may."""
        deadline = time.monotonic() + 30
        while not self._is_held():
            assert program.poll() is None, program.communicate()
            assert time.monotonic() < deadline, (self.up, self.down)
            time.sleep(0.01)

    def _is_held(self) -> bool:
        up, down = self.hold_up, self.hold_down
        return (up is not None and self.up >= up) or (down is not None and self.down >= down)

    def _accept(self) -> None:
        while self._open:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                near.close()
                continue
            self._pairs.append((near, far))
            for source, target, way in ((near, far, "up"), (far, near, "down")):
                threading.Thread(target=self._pump, args=(source, target, way), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, way: str) -> None:
        try:
            while block := source.recv(1 << 15):
                self._wait_for_turn(way)
                target.sendall(block)
                setattr(self, way, getattr(self, way) + len(block))
        except OSError:
            pass
        for end_point in (source, target):
            with suppress(OSError):
                end_point.shutdown(socket.SHUT_RDWR)
            end_point.close()

    def _wait_for_turn(self, way: str) -> None:
        def may_pass() -> bool:
            limit = getattr(self, f"hold_{way}")
            return limit is None or getattr(self, way) < limit

        with self._may_pass:
            self._may_pass.wait_for(may_pass)


class Shell:
    """Runs ``pz`` as a user of a server behind the network does."""

    def __init__(self, network: Network, folder: Path, token: str) -> None:
        self.network, self.folder, self.token = network, folder, token
        self.state = folder / "state"
        self.environment = {
            **os.environ,
            "PZSERVER_TOKEN": self.token,
            "PZSERVER_HOST": f"{network.address}/api/",
            "XDG_STATE_HOME": str(self.state),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start ``pz`` and return at once."""
        return subprocess.Popen(
            [PZ, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``pz`` to its end."""
        return subprocess.run(
            [PZ, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def kill_held(self, program: subprocess.Popen[str], number: int) -> tuple[str, str]:
        """Send a signal to a program that the network holds; return what it wrote."""
        self.network.wait_until_held(program)
        program.send_signal(number)
        self.network.cut()
        written = program.communicate(timeout=30)
        self.network.release()
        return written


@pytest.fixture(scope="module")
def own_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Serve a server that may be killed."""
    with serving(tmp_path_factory.mktemp("transfer-hub") / "data", "--no-demo") as running:
        yield running


@pytest.fixture
def network(own_hub: Hub) -> Iterator[Network]:
    """Return a network between clients and the server."""
    between = Network(own_hub.port)
    yield between
    between.close()


@pytest.fixture(scope="module")
def token(own_hub: Hub) -> str:
    """Return the token of a user of the server."""
    return own_hub.create_token(own_hub.create_user("ana"))


@pytest.fixture
def shell(network: Network, tmp_path: Path, token: str) -> Shell:
    """Return the user's command line, in a folder of this test alone."""
    return Shell(network, tmp_path, token)


@pytest.fixture
def pz(own_hub: Hub, token: str) -> Iterator[PzServer]:
    """Return the user's client, beside the network."""
    with PzServer(token, f"{own_hub.address}/api/") as client:
        yield client


@pytest.fixture
def kill_server(own_hub: Hub) -> Callable[[], None]:
    """Return what kills every process of the server at once."""

    def kill() -> None:
        family = [own_hub.process, *own_hub.process.children(recursive=True)]
        for member in family:
            end(member)
        own_hub.stop(signal.SIGKILL)

    return kill
