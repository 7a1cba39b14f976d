"""How runs end: outcome file, exit code, one sentence, nothing half-written."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from pzpipelines.runtime.outcome import Outcome, OutputFile, Status
from pzpipelines.runtime.run import run_in_workspace
from pzpipelines.runtime.workspace import Workspace
from pztables.errors import OptionError


def outcome_of(workspace: Workspace) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((workspace.folder / "outcome.json").read_text())
    return content


def visible_files(workspace: Workspace) -> list[str]:
    return sorted(path.name for path in workspace.folder.iterdir())


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "run")


def test_a_completed_run_writes_its_outcome_last_with_versions_and_times(
    workspace: Workspace,
) -> None:
    def work() -> Outcome:
        workspace.plan("only")
        workspace.progress("only", 0.5, "half of it")
        workspace.write_text("crd.csv", "a,b\n")
        assert not (workspace.folder / "outcome.json").exists()
        return Outcome(
            Status.COMPLETED, outputs=[OutputFile("crd.csv", "main", {"ra": "a"})], summary={"n": 1}
        )

    _, exit_code = run_in_workspace(workspace, work)
    assert exit_code == 0
    written = outcome_of(workspace)
    assert written["started_at"] <= written["ended_at"]
    assert {"python", "pzpipelines", "numpy", "pyarrow"} <= written["versions"].keys()
    chosen = ("status", "error", "outputs", "summary")
    assert {key: written[key] for key in chosen} == {
        "status": "completed",
        "error": None,
        "outputs": [{"path": "crd.csv", "role": "main", "columns_assoc": {"ra": "a"}}],
        "summary": {"n": 1},
    }
    assert visible_files(workspace) == [
        "crd.csv", "outcome.json", "pipeline.log", "progress.jsonl",
    ]  # fmt: skip


def test_progress_lines_name_stage_place_and_fraction(workspace: Workspace) -> None:
    def work() -> Outcome:
        workspace.plan("prepare", "write")
        workspace.progress("prepare", 1 / 3, "first of 3 catalogs")
        workspace.progress("write", 1, "done")
        return Outcome(Status.COMPLETED)

    run_in_workspace(workspace, work)
    events = [
        json.loads(line) for line in (workspace.folder / "progress.jsonl").read_text().splitlines()
    ]
    times = [event.pop("time") for event in events]
    assert times == sorted(times)
    assert events == [
        {"stage": "prepare", "stage_index": 1, "stage_count": 2, "fraction": 0.3333,
         "message": "first of 3 catalogs"},
        {"stage": "write", "stage_index": 2, "stage_count": 2, "fraction": 1, "message": "done"},
    ]  # fmt: skip


def test_the_users_fault_is_refused_with_its_sentence_and_exit_code_2(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> Outcome:
        raise OptionError("radius: must be positive", option="radius")

    _, exit_code = run_in_workspace(workspace, work)
    assert exit_code == 2
    assert capsys.readouterr().err == "radius: must be positive\n"
    written = outcome_of(workspace)
    assert written["status"] == "refused"
    assert written["error"] == {
        "code": "invalid_option",
        "message": "radius: must be positive",
        "data": {"option": "radius"},
    }
    assert "Traceback" not in workspace.log_path.read_text()


def test_our_fault_is_traced_in_the_log_only_and_exits_1(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> Outcome:
        raise ZeroDivisionError("secret detail")

    _, exit_code = run_in_workspace(workspace, work)
    assert exit_code == 1
    told = capsys.readouterr().err
    assert str(workspace.log_path) in told
    assert "secret detail" not in told
    assert "ZeroDivisionError: secret detail" in workspace.log_path.read_text()
    assert outcome_of(workspace)["status"] == "failed"


def test_a_file_that_was_not_finished_is_never_visible(workspace: Workspace) -> None:
    def work() -> Outcome:
        with workspace.publishing("crd.parquet") as partial:
            partial.write_bytes(b"half")
            raise OSError("disk full")

    run_in_workspace(workspace, work)
    assert visible_files(workspace) == ["outcome.json", "pipeline.log"]


def test_a_termination_signal_stops_the_run_and_nothing_is_published_any_more(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    may_go_on, has_ended = threading.Event(), threading.Event()

    def work() -> Outcome:
        try:
            with workspace.publishing("crd.parquet") as partial:
                partial.write_bytes(b"whole")
                os.kill(os.getpid(), signal.SIGTERM)
                may_go_on.wait(30)
                partial.parent.mkdir(exist_ok=True)
                partial.write_bytes(b"whole")
        finally:
            has_ended.set()
        return Outcome(Status.COMPLETED)

    _, exit_code = run_in_workspace(workspace, work)
    may_go_on.set()
    assert has_ended.wait(30)
    assert exit_code == 143
    assert outcome_of(workspace)["status"] == "stopped"
    assert not (workspace.folder / "crd.parquet").exists()
    assert "stopped" in capsys.readouterr().err


def test_an_outcome_of_an_earlier_try_is_gone_when_the_run_begins(workspace: Workspace) -> None:
    run_in_workspace(workspace, lambda: Outcome(Status.COMPLETED))

    def work() -> Outcome:
        assert not (workspace.folder / "outcome.json").exists()
        return Outcome(Status.COMPLETED, summary={"try": 2})

    run_in_workspace(workspace, work)
    assert outcome_of(workspace)["summary"] == {"try": 2}


def test_a_published_folder_replaces_the_one_before(workspace: Workspace) -> None:
    with workspace:
        for content in ("old", "new"):
            with workspace.publishing("crd") as folder:
                folder.mkdir()
                (folder / content).write_text(content)
    assert [path.name for path in (workspace.folder / "crd").iterdir()] == ["new"]
