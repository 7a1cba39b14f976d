"""The routes of pipelines and processes: whole answers, refusals, who sees what."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from pzhub.accounts.models import TokenScope, User
from pzhub.catalog.models import Product
from pzhub.processes.models import Phase, Pipeline, Process
from pzhub.processes.selectors import attempt_folder, progress_of


@pytest.fixture
def asked(catalog: Callable[..., Product], combine: Pipeline, ana: User) -> dict[str, Any]:
    """Return a request that is accepted."""
    inputs = [catalog(ana, "two", 20.0).pk, catalog(ana, "one").pk]
    return {"display_name": "Both", "pipeline": combine.pk, "inputs": inputs[::-1]}


def when(moment: Any) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def test_a_pipeline_as_the_client_needs_it(api: Any, ana: User, combine: Pipeline) -> None:
    answer = api(ana).get("/api/pipelines/?name=combine_redshift_dedup").json()
    assert answer["count"] == 1
    pipeline = answer["results"][0]
    parameters = pipeline["system_config"].pop("param")
    assert pipeline == {
        "id": combine.pk,
        "name": "combine_redshift_dedup",
        "display_name": "Combine Redshift Catalogs",
        "version": "1.0.0",
        "description": pipeline["description"],
        "created_at": when(combine.created_at),
        "system_config": {
            "inputs": {},
            "executor": {},
            "output_dir": "",
            "output_name": "crd",
            "output_format": "parquet",
            "output_root_dir": "",
        },
        "output_formats": ["parquet", "csv", "fits", "hdf5", "hats"],
        "output_product_type": 1,
        "product_types_accepted": [1],
    }
    expected = {
        "combine_type": "concatenate",
        "extra_columns": {},
        "z_flag_homogenized_value_to_cut": 3.0,
        "flags_translation_file": None,
        "insert_DP1_footprint_flag": False,
        "insert_rubin_footprint_flag": True,
    }
    assert {name: parameters[name] for name in expected} == expected
    assert api(ana).get("/api/pipelines/?name=nothing").json()["count"] == 0
    assert api(ana).get(f"/api/pipelines/{combine.pk}/").json()["id"] == combine.pk


def test_a_submitted_process_as_the_client_needs_it(
    api: Any, ana: User, asked: dict[str, Any]
) -> None:
    defaults = api(ana).get(f"/api/pipelines/{asked['pipeline']}/").json()["system_config"]
    config = json.dumps({"param": defaults["param"], "output_format": "csv"})
    answer = api(ana).post("/api/processes/", {**asked, "used_config": config}, format="json")
    assert answer.status_code == 201, answer.content
    shown = answer.json()
    row = Process.objects.get(pk=shown["id"])
    names = [Product.objects.get(pk=key).internal_name for key in asked["inputs"]]
    assert [product["internal_name"] for product in shown.pop("provenance_inputs")] == names
    config = shown.pop("used_config")
    parameters = config.pop("param")
    assert parameters["combine_type"] == "concatenate"
    assert "flags_translation_file" not in parameters
    described = config.pop("inputs")["specz"]
    assert [item["internal_name"] for item in described] == names
    assert "/" not in json.dumps(described)
    assert config == {
        "executor": {},
        "output_dir": "",
        "output_name": "crd",
        "output_format": "csv",
        "output_root_dir": "",
    }
    assert shown == {
        "id": row.pk,
        "release": None,
        "release_name": None,
        "pipeline_name": "combine_redshift_dedup",
        "pipeline_version": "1.0.0",
        "owned_by": "ana",
        "is_owner": True,
        "can_stop": True,
        "display_name": "Both",
        "created_at": when(row.created_at),
        "started_at": None,
        "ended_at": None,
        "orchestration_process_id": row.pk,
        "status": "Pending",
        "phase": "PENDING",
        "attempt": 0,
        "path": f"combine_redshift_dedup/{row.pk:08d}",
        "comment": None,
        "error": None,
        "summary": None,
        "versions": None,
        "pipeline": row.pipeline_id,
        "upload": row.upload_id,
        "inputs": asked["inputs"],
    }
    product = api(ana).get(f"/api/products/{row.upload_id}/").json()
    told = {key: product[key] for key in ("origin", "process_id", "process_status", "status")}
    assert told == {
        "origin": "Combine Redshift Catalogs",
        "process_id": row.pk,
        "process_status": "Pending",
        "status": 3,
    }


def test_a_form_with_a_rule_file_is_accepted(api: Any, ana: User, asked: dict[str, Any]) -> None:
    rules = SimpleUploadedFile("mine.yaml", b"delta_z_threshold: 0.002\n")
    config = json.dumps({"param": {"flags_translation_file": "/home/ana/mine.yaml"}})
    answer = api(ana).post(
        "/api/processes/",
        {**asked, "used_config": config, "flags_translation_file": rules},
        format="multipart",
    )
    assert answer.status_code == 201, answer.content
    shown = api(ana).get(f"/api/products/{answer.json()['upload']}/process_config/").json()
    assert shown["flag_translation"] == {"delta_z_threshold": 0.002}
    assert shown["config"]["combine_type"] == "concatenate"


def test_the_configuration_of_an_upload_is_empty(
    api: Any, ana: User, asked: dict[str, Any]
) -> None:
    assert api(ana).get(f"/api/products/{asked['inputs'][0]}/process_config/").json() == {}


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"display_name": ""}, "display_name", "This field may not be blank."),
        ({"display_name": "x" * 256}, "display_name", "no more than 255"),
        ({"pipeline": 99}, "pipeline", 'Invalid pk "99"'),
        ({"inputs": []}, "inputs", "may not be empty"),
        ({"inputs": "many"}, "inputs", "list of items"),
        ({"inputs": [10**6, 10**7]}, "inputs", "There is no product 1000000, 10000000"),
        ({"release": 99}, "release", "There is no release 99"),
        ({"used_config": "{'param': {}}"}, "used_config", "is not JSON"),
        ({"used_config": [1]}, "used_config", "must be an object"),
        ({"used_config": {"param": 3}}, "used_config", "param must be an object"),
        ({"used_config": {"executor": {"name": "x"}}}, "used_config", "'executor' is decided"),
        ({"used_config": {"output_name": "../x"}}, "used_config", "'output_name' is decided"),
        ({"used_config": {"parm": {}}}, "used_config", "'parm' is not a key"),
        (
            {"used_config": {"param": {"flags_translation_file": "/etc/passwd"}}},
            "used_config",
            "cannot be a path",
        ),
        ({"output_format": "xlsx"}, "output_format", "'xlsx' is not one of"),
    ],
)
def test_a_wrong_request_is_refused_with_its_field(
    api: Any, ana: User, asked: dict[str, Any], changes: Any, field: str, message: str
) -> None:
    answer = api(ana).post("/api/processes/", {**asked, **changes}, format="json")
    assert answer.status_code == 400
    assert message in " ".join(map(str, answer.json()["fields"][field]))
    assert message in str(answer.json()[field])
    assert Process.objects.count() == 0


def test_the_site_of_old_means_the_default_by_specz(
    api: Any, ana: User, asked: dict[str, Any]
) -> None:
    answer = api(ana).post("/api/processes/", {**asked, "output_format": "specz"}, format="json")
    assert answer.json()["used_config"]["output_format"] == "parquet"


def test_others_see_nothing_of_a_process(
    api: Any, submit: Any, ana: User, bob: User, admin: User
) -> None:
    process = submit(ana)
    base = f"/api/processes/{process.pk}/"
    for path in (base, f"{base}logs/", f"{base}stop/"):
        assert api(bob).get(path).status_code == 404
        assert api().get(path).status_code == 401
    assert api(bob).post(f"{base}stop/").status_code == 404
    assert api(bob).get("/api/processes/").json()["results"] == []
    assert api(admin).get("/api/processes/").json()["results"][0]["is_owner"] is False
    assert Process.objects.get(pk=process.pk).stop_requested_at is None


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_process_cannot_be_changed(api: Any, submit: Any, ana: User, method: str) -> None:
    process = submit(ana)
    answer = getattr(api(ana), method)(f"/api/processes/{process.pk}/", {"status": "Failed"})
    assert answer.status_code == 405


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_process_is_stopped_by_token(api: Any, submit: Any, ana: User, method: str) -> None:
    process = submit(ana)
    answer = getattr(api(ana), method)(f"/api/processes/{process.pk}/stop/")
    assert (answer.status_code, answer.json()["status"]) == (200, "Stopping")
    assert answer.json()["can_stop"] is False


def test_a_cookie_alone_stops_nothing_by_get(client: Any, submit: Any, ana: User) -> None:
    process = submit(ana)
    client.force_login(ana)
    assert client.get(f"/api/processes/{process.pk}/stop/").status_code == 403
    assert Process.objects.get(pk=process.pk).stop_requested_at is None


def test_a_token_to_upload_runs_nothing(api: Any, ana: User, asked: dict[str, Any]) -> None:
    answer = api(ana, TokenScope.UPLOAD).post("/api/processes/", asked, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "token_scope")


def test_stopping_an_ended_process_answers_as_it_stands(api: Any, submit: Any, ana: User) -> None:
    process = submit(ana)
    Process.objects.filter(pk=process.pk).update(phase=Phase.ERROR, ended_at=timezone.now())
    answer = api(ana).get(f"/api/processes/{process.pk}/stop/")
    assert (answer.status_code, answer.json()["status"]) == (200, "Failed")


def test_every_phase_has_its_word(api: Any, submit: Any, ana: User) -> None:
    process = submit(ana)
    words = {}
    for phase in Phase:
        Process.objects.filter(pk=process.pk).update(phase=phase, ended_at=timezone.now())
        shown = api(ana).get(f"/api/processes/{process.pk}/").json()["status"]
        words[phase.value] = shown
        filtered = api(ana).get(f"/api/processes/?status={shown}").json()["count"]
        assert filtered == 1
    assert words == {
        "PENDING": "Pending",
        "SUBMITTING": "Pending",
        "QUEUED": "Pending",
        "EXECUTING": "Running",
        "COLLECTING": "Running",
        "COMPLETED": "Successful",
        "ERROR": "Failed",
        "ABORTED": "Stopped",
    }


def test_lists_are_filtered_and_searched(api: Any, submit: Any, ana: User, bob: User) -> None:
    first, second = submit(ana, display_name="first"), submit(ana, display_name="second")
    Process.objects.filter(pk=second.pk).update(stop_requested_at=timezone.now())

    def ids(query: str) -> list[int]:
        answer = api(ana).get(f"/api/processes/?{query}").json()
        return [row["id"] for row in answer["results"]]

    assert ids("") == [second.pk, first.pk]
    assert ids("ordering=id") == [first.pk, second.pk]
    assert ids("status=Stopping") == [second.pk]
    assert ids("status=Pending") == [first.pk]
    assert ids("status=Running") == []
    assert ids(f"upload={first.upload_id}") == [first.pk]
    assert ids(f"user={ana.pk}") == [second.pk, first.pk]
    assert ids(f"user={bob.pk}") == []
    assert ids("pipeline=combine,redshift") == [second.pk, first.pk]
    assert ids("pipeline=combine,training") == []
    assert ids("pipeline__or=combine,training") == [second.pk, first.pk]
    assert ids("release__isnull=true") == [second.pk, first.pk]
    assert ids("release_name=dp1") == []
    assert ids("search=first") == [first.pk]
    assert api(ana).get("/api/processes/?status=Odd").status_code == 400


def test_a_list_costs_the_same_queries_whatever_its_length(
    api: Any, submit: Any, ana: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = api(ana)
    submit(ana)
    client.get("/api/processes/")
    with CaptureQueriesContext(connection) as one:
        client.get("/api/processes/")
    for n in range(4):
        submit(ana, display_name=f"more {n}")
    with django_assert_num_queries(len(one)):
        client.get("/api/processes/")


def test_logs_are_read_by_offset(api: Any, submit: Any, ana: User) -> None:
    process = submit(ana)
    path = f"/api/processes/{process.pk}/logs/"
    assert api(ana).get(path).json() == {
        "pipeline": {"filename": [], "content": ""},
        "slurm": {"filename": [], "content": ""},
        "next_offset": 0,
    }
    Process.objects.filter(pk=process.pk).update(attempt=1)
    process.refresh_from_db()
    folder = attempt_folder(process)
    (folder / "work").mkdir(parents=True)
    (folder / "work" / "pipeline.log").write_text("α one\ntwo\n")
    (folder / "run.err").write_text("oops\n")
    assert api(ana).get(f"{path}?offset=7").json() == {
        "pipeline": {"filename": ["pipeline.log"], "content": "two\n"},
        "slurm": {"filename": ["run.err"], "content": "oops\n"},
        "next_offset": 11,
    }
    assert api(ana).get(f"{path}?offset=-3").status_code == 400


def test_progress_is_read_by_stage(submit: Any, ana: User) -> None:
    process = submit(ana)
    assert progress_of(process)["fraction"] == 0
    Process.objects.filter(pk=process.pk).update(attempt=1)
    process.refresh_from_db()
    folder = attempt_folder(process) / "work"
    folder.mkdir(parents=True)
    events = [("prepare", 1, 0.5, "half"), ("prepare", 1, 1.0, "all"), ("match", 2, 0.5, "pairs")]
    lines = [
        json.dumps(
            {
                "stage": stage,
                "stage_index": index,
                "stage_count": 4,
                "fraction": fraction,
                "message": message,
                "time": f"2026-01-01T00:00:0{second}+00:00",
            }
        )
        for second, (stage, index, fraction, message) in enumerate(events)
    ]
    (folder / "progress.jsonl").write_text("\n".join([*lines, '{"stage": "ma']))
    assert progress_of(process) == {
        "stages": [
            {
                "name": "prepare",
                "fraction": 1.0,
                "message": "all",
                "state": "done",
                "started_at": "2026-01-01T00:00:00+00:00",
                "seen_at": "2026-01-01T00:00:01+00:00",
            },
            {
                "name": "match",
                "fraction": 0.5,
                "message": "pairs",
                "state": "current",
                "started_at": "2026-01-01T00:00:02+00:00",
                "seen_at": "2026-01-01T00:00:02+00:00",
            },
        ],
        "stage_index": 2,
        "stage_count": 4,
        "fraction": 0.375,
        "message": "pairs",
        "log_tail": "",
    }


def test_preflight_tells_what_a_run_would_do(
    api: Any, ana: User, bob: User, asked: dict[str, Any]
) -> None:
    path = f"/api/pipelines/{asked['pipeline']}/preflight/"
    answer = api(ana, TokenScope.READ).post(path, {"inputs": asked["inputs"]}, format="json")
    assert answer.status_code == 200, answer.content
    assert answer.json()
    refused = api(bob).post(path, {"inputs": [10**6]}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (400, "input_not_usable")
    assert Process.objects.count() == 0


def test_system_information_tells_how_busy_it_is(api: Any, submit: Any, ana: User) -> None:
    submit(ana)
    shown = api(ana).get("/api/sysinfo/").json()
    assert (shown["waiting"], shown["running"], shown["slots"]) == (1, 0, 2)
    assert shown["pipelines"] == {
        "combine_redshift_dedup": "1.0.0",
        "training_set_maker": "1.0.0",
    }
    assert api().get("/api/sysinfo/").status_code == 401


def test_the_documentation_of_the_api_can_be_made(api: Any, data_dir: Path) -> None:
    answer = api().get("/api/schema/", HTTP_ACCEPT="application/vnd.oai.openapi+json")
    assert answer.status_code == 200
    paths = json.loads(answer.content)["paths"]
    assert {"get", "post"} <= set(paths["/api/processes/{id}/stop/"])
