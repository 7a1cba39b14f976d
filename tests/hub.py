"""A real server for tests: `pzhub serve` on a free port, with a data folder of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

PZHUB = str(Path(sys.executable).with_name("pzhub"))
PASSWORD = "correct horse battery"


def own_database(address: str) -> str:
    """Make a database in the cluster that an address names, and return its address."""
    import psycopg

    base, _, _ = address.rpartition("/")
    name = f"hub_{uuid.uuid4().hex}"
    with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{base}/{name}"


class Administrator:
    """One program for many commands (see ``administrator.py``)."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._program = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("administrator.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Do what `pzhub` would do with arguments and standard input."""
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(json.dumps({"arguments": arguments, "given": given}) + "\n")
        self._program.stdin.flush()
        done = json.loads(self._program.stdout.readline())
        return subprocess.CompletedProcess(arguments, done["code"], done["out"], done["err"])

    def leave(self) -> None:
        """End the program."""
        self._program.communicate(timeout=30)


class Hub:
    """A server, and what its administrator can do from the command line."""

    def __init__(self, data_dir: Path, *arguments: str, **environment: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.password = PASSWORD
        self._arguments = arguments
        self._environment = {**os.environ, "PZHUB_LOG_LEVEL": "WARNING", **environment}
        self._environment.pop("DJANGO_SETTINGS_MODULE", None)
        if "PZHUB_DATABASE_URL" in self._environment:
            # Servers of parallel test workers must not share one database.
            self._environment["PZHUB_DATABASE_URL"] = own_database(
                self._environment["PZHUB_DATABASE_URL"]
            )
        self._process: subprocess.Popen[bytes] | None = None
        self._administrator: Administrator | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the server, for commands beside it."""
        return self._environment

    @property
    def process(self) -> psutil.Process:
        """The supervisor."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    @property
    def log(self) -> str:
        """What the server wrote."""
        return (self.data_dir / "server.log").read_text()

    def start(self) -> float:
        """Start the server and wait for its first answer; return how long it took, seconds."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        command = [PZHUB, "serve", "--port", str(self.port), "--data-dir", str(self.data_dir)]
        began = time.monotonic()
        with (self.data_dir / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *self._arguments], stdout=log, stderr=log, env=self._environment
            )
        self._wait_for_answer(began + 120)
        return time.monotonic() - began

    def _wait_for_answer(self, deadline: float) -> None:
        assert self._process is not None
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise AssertionError(f"the server ended: {self.log}")
            try:
                urllib.request.urlopen(f"{self.address}/which_environment/", timeout=5).close()
                return
            except urllib.error.HTTPError as error:
                error.close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"the server does not answer: {self.log}")

    def stop(self, number: signal.Signals = signal.SIGINT) -> float:
        """Send a signal to the supervisor and wait for its end; return seconds."""
        assert self._process is not None
        began = time.monotonic()
        self._process.send_signal(number)
        self._process.wait(timeout=30)
        self._process = None
        return time.monotonic() - began

    def cli(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a `pzhub` command on the server's data folder."""
        return subprocess.run(
            [PZHUB, *arguments, "--data-dir", str(self.data_dir)],
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
            env=self._environment,
            check=False,
        )

    def _administrate(self, *arguments: str, given: str = "") -> str:
        """Do what a `pzhub` command does, without a program for each; return what it wrote."""
        if self._administrator is None:
            self._administrator = Administrator(self._environment)
        done = self._administrator.run(*arguments, "--data-dir", str(self.data_dir), given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def dismiss(self) -> None:
        """End the administrator's program."""
        if self._administrator is not None:
            self._administrator.leave()
            self._administrator = None

    def create_user(self, name: str, *, admin: bool = False, groups: Sequence[str] = ()) -> str:
        """Create a user with the password of tests; return the name."""
        options = [*(["--admin"] if admin else []), *(f"--group={group}" for group in groups)]
        self._administrate(
            "create-user", name, "--password-stdin", *options, given=f"{self.password}\n"
        )
        return name

    def create_token(self, name: str) -> str:
        """Create a token of a user; return its clear text."""
        return self._administrate("create-token", name).strip()

    def create_release(self, name: str, *, groups: Sequence[str] = ()) -> str:
        """Create a release; return its name."""
        self._administrate("create-release", name, *(f"--group={group}" for group in groups))
        return name

    def register_release(self, name: str, objects: Path) -> str:
        """Register a release for everybody with its object catalog; return its name."""
        self._administrate("register-release", name, "--objects", str(objects), "--public")
        return name

    def get(self, path: str, token: str) -> Any:
        """Return the JSON answer of an address below ``/api/``."""
        return self.call("GET", path, token)

    def call(self, method: str, path: str, token: str, content: Any = None) -> Any:
        """Send a JSON request to an address below ``/api/`` and return the JSON answer."""
        request = urllib.request.Request(
            f"{self.address}/api/{path}",
            method=method,
            data=None if content is None else json.dumps(content).encode(),
            headers={"Authorization": f"Token {token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(data_dir: Path, *arguments: str, **environment: str) -> Iterator[Hub]:
    """Serve a data folder for the time of a block; nothing of it is left running."""
    hub = Hub(data_dir, *arguments, **environment)
    try:
        hub.start()
        yield hub
    finally:
        hub.dismiss()
        if hub._process is not None:
            family = hub.process.children(recursive=True)
            hub.stop()
            for member in family:
                end(member)


def end(process: psutil.Process) -> None:
    """Kill a process that may have ended."""
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
