from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pzserver import Invalid, ProcessFailed, PzServer
from pzserver._http import Connection
from pzserver.runs import log_pieces, progress_teller

PIPELINE = {
    "id": 2,
    "name": "combine_redshift_dedup",
    "display_name": "Combine Redshift Catalogs",
    "version": "2.0.0",
    "description": "…",
    "system_config": {
        "param": {
            "combine_type": "concatenate",
            "nested": {"a": 1, "b": 2},
            "flags_translation_file": "x",
        }
    },
    "output_product_type": 1,
    "product_types_accepted": [1],
}
PRODUCT = {"id": 5, "product_type": 1, "display_name": "VVDS", "internal_name": "5_vvds"}


def submission(server: Any) -> Any:
    """Return the request that submitted a run."""
    (found,) = [
        seen for seen in server.seen if seen.method == "POST" and "/processes/" in seen.path
    ]
    return found


@pytest.fixture
def pz(server: Any, answer: Callable[..., Any]) -> PzServer:
    """Return a client of a server that knows one pipeline and walks a run through its phases."""
    phases = iter(["Pending", "Running", "Failed"])
    status = {"now": "Pending"}

    def serve(seen: Any) -> Any:
        path = seen.path.removeprefix("/api/").split("?")[0]
        if path == "processes/9/progress/":
            return answer(status=404, body={"error": "no such address", "code": "not_found"})
        if path == "processes/9/":
            status["now"] = next(phases, status["now"])
            return answer(
                body={"id": 9, "status": status["now"], "comment": "VVDS has no column z"}
            )
        if path == "processes/":
            return answer(status=201, body={"id": 9, "upload": 5})
        rows = {"pipelines/": [PIPELINE], "product-types/": [{"id": 1, "name": "redshift_catalog"}]}
        if path in rows:
            return answer(body={"count": 1, "next": None, "results": rows[path]})
        return answer(body=PRODUCT if path == "products/5/" else {})

    server.answer = serve
    return PzServer(token="secret", host=server.address)


def test_nested_options_are_merged_over_the_defaults(pz: PzServer) -> None:
    run = pz.combine_redshift_catalogs("mine")
    run.set_config({"nested": {"b": 3}, "output_format": "csv"})
    assert run.used_config == {
        "param": {
            "combine_type": "concatenate",
            "nested": {"a": 1, "b": 3},
            "flags_translation_file": "x",
        },
        "output_format": "csv",
    }


def test_an_option_that_the_pipeline_does_not_have_is_refused_with_those_it_has(
    pz: PzServer,
) -> None:
    with pytest.raises(Invalid, match="combine_tipe; it has: combine_type, nested"):
        pz.combine_redshift_catalogs("mine").set_config({"combine_tipe": "x"})


def test_changes_of_one_run_do_not_reach_another(pz: PzServer) -> None:
    pz.combine_redshift_catalogs("one").set_config({"nested": {"a": 7}})
    assert pz.combine_redshift_catalogs("two").config["nested"] == {"a": 1, "b": 2}


def test_a_catalog_is_taken_once(pz: PzServer) -> None:
    run = pz.combine_redshift_catalogs("mine")
    run.append_catalog(_id=5)
    run.append_catalog(_id=5)
    assert run.inputs == [5]
    assert run.input_catalogs == [{"name": "VVDS", "internal_name": "5_vvds", "id": 5}]


def test_a_failed_run_raises_the_reason_that_the_server_keeps(
    pz: PzServer, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    run = pz.combine_redshift_catalogs("mine")
    run.append_catalog(_id=5)
    with pytest.raises(ProcessFailed, match="process 9 failed: VVDS has no column z"):
        pz.run_and_wait(run)
    submitted = submission(server)
    body = json.loads(submitted.body)
    assert json.loads(body.pop("used_config")) == run.used_config
    assert body == {"display_name": "mine", "pipeline": 2, "inputs": [5]}


def test_a_rule_file_travels_with_the_run(pz: PzServer, server: Any, tmp_path: Any) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("translation_rules: {}")
    run = pz.combine_redshift_catalogs("mine")
    run.append_catalog(_id=5)
    run.set_flags_translation(rules)
    run.run()
    submitted = submission(server)
    assert submitted.headers["Content-Type"].startswith("multipart/form-data")
    assert b'name="flags_translation_file"; filename="rules.yaml"' in submitted.body


def test_a_configuration_is_checked_by_the_server_before_anything_is_submitted(
    pz: PzServer, server: Any, answer: Callable[..., Any]
) -> None:
    serve = server.answer
    refusal = {"error": "combine_type: 'x' is not one of …", "code": "option_value"}
    server.answer = lambda seen: (
        answer(status=400, body=refusal) if seen.path.endswith("/validate/") else serve(seen)
    )
    run = pz.combine_redshift_catalogs("mine")
    run.append_catalog(_id=5)
    with pytest.raises(Invalid, match="is not one of") as caught:
        run.run()
    assert caught.value.code == "option_value"
    assert not [seen for seen in server.seen if seen.path == "/api/processes/"]


def test_a_rule_file_of_the_user_never_travels_as_a_path_when_asking_ahead(
    pz: PzServer, server: Any
) -> None:
    run = pz.combine_redshift_catalogs("mine")
    run.set_flags_translation("/home/ana/rules.yaml")
    run.validate()
    run.preflight()
    assert all(b"/home/ana" not in seen.body for seen in server.seen)
    sent = json.loads(server.seen[-1].body)
    assert sent["used_config"]["param"]["flags_translation_file"] == "x"


def test_a_run_tells_each_stage_once_in_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    tell = progress_teller()
    match = {"stages": [{"name": "match"}], "stage_index": 2, "stage_count": 4}
    tell({"id": 9, "status": "Pending"})
    for fraction in (0.3, 0.31, 0.45):
        tell({"id": 9, "status": "Running", "fraction": fraction, **match})
    tell({"id": 9, "status": "Successful", "fraction": 1.0, **match})
    assert capsys.readouterr().err.splitlines() == [
        "process 9: Pending",
        "process 9: Running, match (2 of 4) 30%",
        "process 9: Running, match (2 of 4) 45%",
        "process 9: Successful 100%",
    ]


def test_a_long_log_is_read_to_its_end(server: Any, answer: Callable[..., Any]) -> None:
    text = "first\nsecond\nthird\n"

    def serve(seen: Any) -> Any:
        if "/logs/" not in seen.path:
            return answer(body={"id": 9, "status": "Successful"})
        start = int(seen.path.rsplit("offset=", 1)[1])
        piece = text[start : start + 8]
        content = {"filename": ["pipeline.log"], "content": piece}
        return answer(body={"pipeline": content, "next_offset": start + len(piece)})

    server.answer = serve
    connection = Connection("t", server.address)
    assert "".join(log_pieces(connection, 9)) == text
    assert "".join(log_pieces(connection, 9, follow=True)) == text
    connection.close()
