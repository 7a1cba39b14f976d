"""A command line behind a network that can be held, and a server to kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub import Hub, end, serving
from network import Network
from pzserver import PzServer

PZ = str(Path(sys.executable).with_name("pz"))


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

    def wait_until_held(self, program: subprocess.Popen[str]) -> None:
        """Wait until the network holds a program that runs."""

        def check() -> None:
            assert program.poll() is None, program.communicate()

        self.network.wait_until_held(check)

    def kill_held(self, program: subprocess.Popen[str], number: int) -> tuple[str, str]:
        """Send a signal to a program that the network holds; return what it wrote."""
        self.wait_until_held(program)
        program.send_signal(number)
        self.network.cut()
        try:
            written = program.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            program.kill()
            program.communicate()
            raise
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
