"""Profiles of products: asked for, waited for, shown."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from pzserver import Invalid, PzServer, ServerFault
from pzserver.cli.commands import run

FULL = {
    "name": "Z", "type": "double", "kind": "number", "unit": None, "role": "z", "n_null": 1,
    "n_nan": 2, "n_infinite": 0, "min": -9.99, "max": 3.14159265, "mean": 0.5, "std": 0.1,
    "quantiles": {"0.5": 0.4999}, "n_distinct": 997, "top": [{"value": -9.99, "count": 4}],
}  # fmt: skip
TEXT = {
    **FULL, "name": "SURVEY", "type": "string", "unit": "", "role": None, "n_null": 0, "n_nan": 0,
    "min": None, "max": None, "mean": None, "quantiles": None, "n_distinct": 2,
    "top": [{"value": "DESI", "count": 9}],
}  # fmt: skip
NUMBER = {
    **FULL, "name": "ID", "type": "int64", "role": "id", "n_null": 0, "n_nan": 0, "min": 20000001,
    "max": 20001000, "quantiles": {"0.5": 20000500.5}, "n_distinct": 1000,
    "top": [{"value": 20000001, "count": 1}],
}  # fmt: skip
PROFILE = {
    "version": 2,
    "n_rows": 1000,
    "columns": [FULL, TEXT, NUMBER],
    "checks": [
        {"code": "columns_vary", "ok": True, "message": "No column is constant."},
        {"code": "redshift_range", "ok": False, "message": "4 redshifts are negative."},
    ],
}
WAITING = {"state": "waiting", "detail": "The statistics are being computed."}


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let time pass at once, and tell how much."""
    waited: list[float] = []
    began = time.monotonic()
    monkeypatch.setattr(time, "sleep", waited.append)
    monkeypatch.setattr(time, "monotonic", lambda: began + sum(waited))
    return waited


@pytest.fixture
def answers(server: Any, answer: Callable[..., Any]) -> list[Any]:
    """What the server says of the profile, one answer after the other; the last stays."""
    given = [answer(body=PROFILE)]
    product = {"id": 5, "internal_name": "5_x"}

    def serve(seen: Any) -> Any:
        if "/profile/" in seen.path:
            return given.pop(0) if len(given) > 1 else given[0]
        return answer(body=product if "products/5" in seen.path else {})

    server.answer = serve
    return given


def asked(server: Any) -> list[str]:
    return [seen.path for seen in server.seen if "/profile/" in seen.path]


def test_a_profile_is_asked_for_whole_or_in_parts(server: Any, answers: list[Any]) -> None:
    with PzServer(token="t", host=server.address) as pz:
        assert pz.get_profile(5) == PROFILE
        pz.get_profile("5", ["columns", "sky"])
        with pytest.raises(Invalid, match="a list of names is expected"):
            pz.get_profile(5, "columns")
    assert asked(server) == [
        "/api/products/5/profile/",
        "/api/products/5/profile/?section=columns&section=sky",
    ]


def test_a_profile_that_is_being_made_is_waited_for(
    server: Any, answer: Callable[..., Any], answers: list[Any], pauses: list[float]
) -> None:
    waiting = answer(status=202, body=WAITING)
    answers[:0] = [waiting, waiting]
    with PzServer(token="t", host=server.address) as pz:
        assert pz.get_profile(5)["n_rows"] == 1000
        assert len(pauses) == 2
        answers[:] = [waiting]
        with pytest.raises(ServerFault, match="still being computed") as caught:
            pz.get_profile(5, wait_seconds=60)
    assert (caught.value.code, sum(pauses[2:])) == ("profile_waiting", 60)


def pz(server: Any, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setenv("PZSERVER_TOKEN", "t")
    monkeypatch.setenv("PZSERVER_HOST", server.address)
    monkeypatch.setattr(sys, "argv", ["pz", *arguments])
    try:
        return run()
    except SystemExit as left:
        return int(left.code or 0)


def test_the_command_shows_a_line_for_each_column_and_what_to_look_at(
    server: Any, answers: list[Any], monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert pz(server, monkeypatch, "profile", "5") == 0
    shown = capsys.readouterr()
    assert [line.split() for line in shown.out.splitlines() if not line.startswith("-")] == [
        ["column", "type", "unit", "meaning", "filled", "min", "median", "max", "distinct",
         "most", "frequent"],
        ["Z", "double", "z", "99.7", "%", "-9.99", "0.4999", "3.14159", "997", "-9.99"],
        ["SURVEY", "string", "100", "%", "2", "DESI"],
        ["ID", "int64", "id", "100", "%", "20000001", "20000500.5", "20001000", "1000"],
    ]  # fmt: skip
    assert shown.err == "5_x: 1,000 rows\nLook: 4 redshifts are negative.\n"

    assert pz(server, monkeypatch, "profile", "5", "--json") == 0
    assert json.loads(capsys.readouterr().out) == PROFILE


def test_a_product_without_a_table_is_told(
    server: Any, answer: Callable[..., Any], answers: list[Any],
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    sentence = "5_x has no table that could be described."
    answers[:] = [answer(status=404, body={"error": sentence, "code": "no_profile"})]
    assert pz(server, monkeypatch, "profile", "5") == 2
    assert capsys.readouterr().err == f"pz: {sentence}\n"
