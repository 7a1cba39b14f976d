from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pzserver import Invalid, NotFound, PzServer, Refused
from pzserver.notebook import show_table


def test_a_client_without_token_says_where_to_put_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PZSERVER_TOKEN", raising=False)
    with pytest.raises(Invalid, match="PZSERVER_TOKEN"):
        PzServer()


def test_the_token_may_come_from_the_environment(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PZSERVER_TOKEN", "from the environment")
    PzServer(host=server.address)
    assert server.seen[0].headers["Authorization"] == "Token from the environment"


def test_a_refused_token_is_told_at_once(server: Any, answer: Callable[..., Any]) -> None:
    server.answer = lambda seen: answer(status=401, body={"error": "This token has expired"})
    with pytest.raises(Refused, match="expired"):
        PzServer(token="old", host=server.address)


def test_an_unknown_filter_lists_the_ones_that_exist(
    server: Any, answer: Callable[..., Any]
) -> None:
    options = {"filter_classes": [{"name": "product_type_name"}, {"name": "uploaded_by"}]}
    server.answer = lambda seen: answer(body=options if seen.method == "OPTIONS" else {})
    with pytest.raises(
        Invalid, match=r"colour\nValid filter keys are:\n  - ordering\n  - product_t"
    ):
        PzServer(token="t", host=server.address).get_products_list({"colour": "red"})


def test_lists_of_values_travel_with_commas_under_the_wire_name(
    server: Any, answer: Callable[..., Any]
) -> None:
    options = {"filter_classes": [{"name": "product_type_name__or"}]}
    rows = {"count": 0, "next": None, "results": []}
    server.answer = lambda seen: answer(body=options if seen.method == "OPTIONS" else rows)
    PzServer(token="t", host=server.address).get_products_list({"product_type__or": ["a", "b"]})
    assert "status=1&product_type_name__or=a%2Cb" in server.seen[-1].path


def test_a_product_that_does_not_exist_is_named(server: Any, answer: Callable[..., Any]) -> None:
    rows = {"count": 0, "next": None, "results": []}
    server.answer = lambda seen: answer(
        body={"filter_classes": [{"name": "internal_name"}]} if seen.method == "OPTIONS" else rows
    )
    with pytest.raises(NotFound, match="'7_nothing'") as caught:
        PzServer(token="t", host=server.address).get_product_metadata("7_nothing")
    assert isinstance(caught.value, ValueError)


def test_a_missing_file_is_told_before_anything_is_sent(server: Any) -> None:
    client = PzServer(token="t", host=server.address)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv not found"):
        client.upload("name", "redshift_catalog", "nowhere.csv")
    assert len(server.seen) == 1


def test_rows_are_shown_as_a_plain_table_in_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_table([{"a": 1, "b": None}, {"a": 22, "b": "x\ny"}], {"a": "First", "b": "B"})
    assert capsys.readouterr().out == "First  B\n-----  ---\n1\n22     x y\n"


@pytest.mark.parametrize(
    "heavy", ["IPython", "matplotlib", "pandas", "django", "astropy", "pyarrow"]
)
def test_importing_the_library_brings_nothing_heavy(heavy: str) -> None:
    program = f"import sys, pzserver; sys.exit({heavy!r} in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", program], cwd=Path.home(), check=False).returncode
        == 0
    )
