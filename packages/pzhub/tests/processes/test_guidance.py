"""What clients ask before a run, while it goes on, and to have it once more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pzhub.accounts.models import User
from pzhub.processes.models import Pipeline, Process
from pzhub.processes.records import WORK_FOLDER
from pzhub.processes.selectors import attempt_folder


def test_the_parameters_are_described_with_types_defaults_and_meanings(
    api: Any, ana: User, combine: Pipeline
) -> None:
    schema = api(ana).get(f"/api/pipelines/{combine.pk}/parameters/").json()
    defaults = api(ana).get(f"/api/pipelines/{combine.pk}/").json()["system_config"]["param"]
    assert set(defaults) <= set(schema["properties"]) | {"flags_translation_file"}
    cut = schema["properties"]["z_flag_homogenized_value_to_cut"]
    assert (cut["default"], bool(cut["description"])) == (3.0, True)


def test_a_configuration_is_completed_without_a_run(api: Any, ana: User, combine: Pipeline) -> None:
    config = {"param": {"combine_type": "concatenate"}, "output_format": "fits"}
    address = f"/api/pipelines/{combine.pk}/validate/"
    answer = api(ana).post(address, {"used_config": config}, format="json")
    assert answer.status_code == 200, answer.content
    shown = answer.json()
    assert shown["output_format"] == "fits"
    assert shown["param"]["z_flag_homogenized_value_to_cut"] == 3.0
    assert Process.objects.count() == 0


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"param": {"combine_tipe": "x"}}, "combine_type"),
        ({"param": {"z_flag_homogenized_value_to_cut": "high"}}, "z_flag_homogenized_value_to_cut"),
        ({"output_format": "xlsx"}, "'xlsx' is not one of parquet"),
        ({"inputs": [1]}, "decided by the server"),
    ],
)
def test_a_wrong_configuration_is_refused_with_what_would_be_right(
    api: Any, ana: User, combine: Pipeline, config: Any, words: str
) -> None:
    address = f"/api/pipelines/{combine.pk}/validate/"
    answer = api(ana).post(address, {"used_config": config}, format="json")
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_progress_tells_stages_and_the_whole(api: Any, ana: User, submit: Any) -> None:
    process = submit(ana)
    address = f"/api/processes/{process.pk}/progress/"
    waiting = api(ana).get(address).json()
    assert (waiting["status"], waiting["stages"], waiting["fraction"]) == ("Pending", [], 0.0)
    Process.objects.filter(pk=process.pk).update(phase="EXECUTING", attempt=1)
    process.refresh_from_db()
    work = attempt_folder(process) / WORK_FOLDER
    work.mkdir(parents=True)
    events = [
        {
            "stage": "prepare",
            "stage_index": 1,
            "stage_count": 4,
            "fraction": 1,
            "message": "2 of 2",
        },
        {"stage": "match", "stage_index": 2, "stage_count": 4, "fraction": 0.5, "message": ""},
    ]
    (work / "progress.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    shown = api(ana).get(address).json()
    stages = [(stage["name"], stage["state"]) for stage in shown["stages"]]
    assert stages == [("prepare", "done"), ("match", "current")]
    assert (shown["status"], shown["fraction"]) == ("Running", 0.375)


def test_a_run_is_submitted_once_more_by_its_owner_only(
    api: Any, ana: User, bob: User, submit: Any
) -> None:
    process = submit(ana)
    address = f"/api/processes/{process.pk}/rerun/"
    assert api(bob).post(address).status_code == 404
    answer = api(ana).post(address)
    assert answer.status_code == 201, answer.content
    again = answer.json()
    assert again["id"] != process.pk
    assert again["upload"] != process.upload_id
    assert again["used_config"]["param"] == process.used_config["param"]
