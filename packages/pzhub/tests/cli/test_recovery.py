"""A whole server is killed in the middle of a combination: nothing is lost, nothing half-done."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest

from hub import PZHUB, Hub, serving
from pzhub.demo.generate import CONVENTIONS, generate_catalogs
from pzhub.demo.http import ApiClient
from pzhub.demo.story import submit_combination, upload_catalog, wait_for_end

pytestmark = pytest.mark.xdist_group("recovery")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    with serving(tmp_path_factory.mktemp("recovery") / "data", "--no-demo") as hub:
        yield hub


@pytest.fixture(scope="module")
def client(server: Hub) -> ApiClient:
    return ApiClient(f"{server.address}/api/", server.create_token(server.create_user("ana")))


@pytest.fixture(scope="module")
def inputs(client: ApiClient) -> list[dict[str, Any]]:
    return [upload_catalog(client, item) for item in generate_catalogs(CONVENTIONS[2:5:2])]


def wait_for(condition: Callable[[], Any], seconds: float = 30) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def begun(server: Hub, process: dict[str, Any]) -> list[psutil.Process]:
    """Wait until the program of a run works; return its wrapper and the program."""
    folder = server.data_dir / "processes" / process["path"]
    (note,) = wait_for(lambda: list(folder.glob("attempt-*/program.json")))
    # By its number: looking through all processes takes longer than a small run.
    program = psutil.Process(json.loads(note.read_text())["pid"])
    return [running for running in (program.parent(), program) if running is not None]


def product_of(client: ApiClient, process: dict[str, Any]) -> dict[str, Any]:
    product: dict[str, Any] = client.get(f"products/{process['upload']}/")
    return product


def test_the_story_of_the_demo_can_be_told(server: Hub) -> None:
    token = server.create_token(server.create_user("bruno"))
    done = server.cli("demo", "--port", str(server.port), "--token", token)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line[:2] for line in lines if line[:1].isdigit()] == [
        "1.",
        "2.",
        "3.",
        "3.",
        "4.",
        "5.",
        "6.",
        "7.",
        "8.",
    ]
    assert "Opened crd.parquet: " in done.stdout


def test_everything_killed_at_once_is_resumed(
    server: Hub, client: ApiClient, inputs: list[dict[str, Any]]
) -> None:
    process = submit_combination(client, inputs)
    victims = [*begun(server, process), *server.process.children(recursive=True)]
    server.stop(signal.SIGKILL)
    for victim in victims:
        if victim.is_running():
            victim.kill()
    server.start()
    assert product_of(client, process)["product_status"] in {"Processing", "Published"}
    ended = wait_for_end(client, client.get(f"processes/{process['id']}/"))
    assert (ended["status"], ended["error"]) == ("Successful", None)
    assert product_of(client, process)["product_status"] == "Published"
    files = client.get(f"product-files/?product_id={process['upload']}")["results"]
    assert [file["role_name"] for file in files].count("Main") == 1


def test_a_run_goes_on_while_the_server_is_away(
    server: Hub, client: ApiClient, inputs: list[dict[str, Any]]
) -> None:
    process = submit_combination(client, inputs)
    program = begun(server, process)
    server.stop(signal.SIGINT)
    assert program
    folder = server.data_dir / "processes" / process["path"] / "attempt-1"
    wait_for((folder / "exit.json").exists)
    server.start()
    ended = wait_for_end(client, client.get(f"processes/{process['id']}/"))
    assert (ended["status"], ended["attempt"]) == ("Successful", 1)


@pytest.mark.thorough  # test_reconciler tells in one process that nothing is started twice
def test_killed_and_many_reconcilers_start_and_register_each_run_once(
    server: Hub, client: ApiClient, inputs: list[dict[str, Any]]
) -> None:
    runs = [submit_combination(client, inputs) for _ in range(2)]
    begun(server, runs[0])
    for part in server.process.children():
        part.kill()
    command = [PZHUB, "manage", "run_processes", "--once", "--data-dir", str(server.data_dir)]
    for _ in range(3):
        # Beside the server's own: these do not ask for its lease.
        others = [subprocess.Popen(command, env=server.environment) for _ in range(2)]
        assert [other.wait(60) for other in others] == [0, 0]
    wait_for(lambda: all(client.get(f"processes/{run['id']}/")["ended_at"] for run in runs), 60)
    for run in runs:
        ended = client.get(f"processes/{run['id']}/")
        assert (ended["status"], ended["attempt"]) == ("Successful", 1)
        files = client.get(f"product-files/?product_id={run['upload']}")["results"]
        assert [file["name"] for file in files if file["role"] == 0] == ["crd.parquet"]
        folder = server.data_dir / "processes" / run["path"] / "attempt-1"
        assert (folder / "work" / "pipeline.log").read_text().count("reading") == 2


def test_a_running_combination_is_stopped(
    server: Hub, client: ApiClient, inputs: list[dict[str, Any]]
) -> None:
    process = submit_combination(client, inputs)
    program = begun(server, process)
    stopping = client.post(f"processes/{process['id']}/stop/")
    assert stopping["status"] == "Stopping"
    ended = wait_for_end(client, stopping)
    assert ended["status"] == "Stopped"
    assert ended["comment"] == "The run was stopped by ana."
    psutil.wait_procs(program, timeout=10)
    assert product_of(client, process)["product_status"] == "Failed"


def test_a_refused_combination_tells_why(
    server: Hub, client: ApiClient, inputs: list[dict[str, Any]]
) -> None:
    process = client.post(
        "processes/",
        {
            "display_name": "Wrong",
            "pipeline": 1,
            "inputs": [product["id"] for product in inputs],
            "used_config": {
                "param": {
                    "combine_type": "concatenate_and_mark_duplicates",
                    "tiebreaking_priority": ["no_such_column"],
                }
            },
        },
    )
    ended = wait_for_end(client, process)
    assert ended["status"] == "Failed"
    assert "no_such_column" in ended["comment"]
    assert "Sorry" not in ended["comment"]
