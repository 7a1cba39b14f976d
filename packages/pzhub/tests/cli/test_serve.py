"""`pzhub serve`: starts quickly, ends cleanly, survives the death of each of its parts."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from hub import PZHUB, Hub, serving

pytestmark = pytest.mark.xdist_group("serve")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with serving(tmp_path_factory.mktemp("serve") / "data", "--no-demo") as hub:
        yield hub


def wait_for(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answers(hub: Hub) -> bool:
    try:
        with urllib.request.urlopen(f"{hub.address}/which_environment/", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_it_prints_the_address(server: Hub) -> None:
    assert f"Photo-z Server at {server.address}/" in server.log


def test_the_folder_is_private_to_one_server(server: Hub) -> None:
    done = subprocess.run(
        [PZHUB, "serve", "--data-dir", str(server.data_dir), "--port", "1"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 2
    assert f"at {server.address} serves this data folder already" in done.stderr


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [PZHUB, "serve", "--data-dir", str(tmp_path), "--port", str(port)],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert done.returncode == 2
    assert done.stderr == (
        f"Port {port} of 127.0.0.1 is in use by another program; choose another with --port,"
        " or stop that program\n"
    )


def test_whatever_part_is_killed_is_started_again(server: Hub) -> None:
    parts = server.process.children()
    assert len(parts) == 4
    for part in parts:
        part.kill()
    old = {part.pid for part in parts}
    wait_for(lambda: len({part.pid for part in server.process.children()} - old) == 4)
    wait_for(lambda: answers(server))
    assert old.isdisjoint(part.pid for part in server.process.children())


def test_a_killed_web_worker_is_replaced(server: Hub) -> None:

    def fathers() -> list[psutil.Process]:
        return [part for part in server.process.children() if len(part.children()) == 2]

    wait_for(fathers)
    (web,) = fathers()
    old = {worker.pid for worker in web.children()}
    for worker in web.children():
        worker.kill()
    wait_for(lambda: len({worker.pid for worker in web.children()} - old) == 2)
    wait_for(lambda: answers(server))


def test_it_ends_with_all_its_parts_and_starts_again(server: Hub) -> None:
    family = server.process.children(recursive=True)
    # How fast it is is measured by benchmarks; here it must not wait for something to time out.
    assert server.stop(signal.SIGINT) < 20
    assert [part for part in family if part.is_running()] == []
    assert server.start() < 20
    assert answers(server)


def test_a_killed_supervisor_leaves_nothing_in_the_way(server: Hub) -> None:
    family = server.process.children(recursive=True)
    server.stop(signal.SIGKILL)
    server.start()
    psutil.wait_procs(family, timeout=15)
    assert [part for part in family if part.is_running()] == []
    assert answers(server)
