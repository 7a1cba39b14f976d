from __future__ import annotations

import copy
import itertools
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pzserver._http import Connection, base_address
from pzserver.errors import (
    Invalid,
    MissingExtra,
    NoAnswer,
    NotFound,
    PzServerError,
    Refused,
    ServerFault,
    Unreachable,
)


@pytest.fixture
def connection(server: Any) -> Iterator[Connection]:
    opened = Connection("secret", server.address)
    yield opened
    opened.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Do not really pause between attempts; remember how long it would have been."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


def test_the_token_travels_in_the_header_that_the_server_knows(
    server: Any, connection: Connection
) -> None:
    connection.get("products/", status=1)
    assert server.seen[0].path == "/api/products/?status=1"
    assert server.seen[0].headers["Authorization"] == "Token secret"


def test_pages_are_asked_for_only_as_far_as_they_are_read(
    server: Any, connection: Connection, answer: Callable[..., Any]
) -> None:
    def page(seen: Any) -> Any:
        number = int(seen.path.rsplit("page=", 1)[1])
        following = f"{server.address}products/?page={number + 1}" if number < 3 else None
        return answer(
            body={"count": 6, "next": following, "results": [{"id": -number}, {"id": number}]}
        )

    server.answer = page
    rows = connection.pages("products/")
    assert [row["id"] for row in itertools.islice(rows, 3)] == [-1, 1, -2]
    assert len(server.seen) == 2
    assert [row["id"] for row in rows] == [2, -3, 3]
    assert len(server.seen) == 3


@pytest.mark.parametrize(
    ("status", "body", "kind", "message", "code"),
    [
        (401, {"error": "Sign in", "code": "not_signed_in"}, Refused, "Sign in", "not_signed_in"),
        (403, {"detail": "Not yours"}, Refused, "Not yours", "refused"),
        (404, {"error": "No product 7"}, NotFound, "No product 7", "not_found"),
        (406, "Dec is missing", Invalid, "Dec is missing", "invalid"),
        (400, {"name": ["required"]}, Invalid, "{'name': ['required']}", "invalid"),
        (500, {"error": "Incident 12", "code": "fault"}, ServerFault, "Incident 12", "fault"),
    ],
)
def test_an_error_keeps_the_sentence_and_the_code_of_the_server(
    server: Any,
    connection: Connection,
    answer: Callable[..., Any],
    status: int,
    body: Any,
    kind: type[PzServerError],
    message: str,
    code: str,
) -> None:
    server.answer = lambda seen: answer(status=status, body=body)
    with pytest.raises(kind) as caught:
        connection.get("products/7/")
    assert (str(caught.value), caught.value.code, caught.value.status) == (message, code, status)


def test_messages_of_fields_are_kept(
    server: Any, connection: Connection, answer: Callable[..., Any]
) -> None:
    fields = {"display_name": ["is required"]}
    body = {"error": "Look at the fields", "code": "invalid", "fields": fields}
    server.answer = lambda seen: answer(status=400, body=body)
    with pytest.raises(Invalid) as caught:
        connection.request("POST", "products/", json={})
    assert caught.value.fields == fields


def test_an_answer_that_is_not_json_is_the_fault_of_the_server(
    server: Any, connection: Connection, answer: Callable[..., Any]
) -> None:
    server.answer = lambda seen: answer(status=413, raw=b"<html>too large</html>")
    with pytest.raises(ServerFault, match="413"):
        connection.get("")


def test_reading_is_tried_again_with_growing_pauses(
    server: Any, connection: Connection, answer: Callable[..., Any], quick: list[float]
) -> None:
    answers = iter([answer(status=503), answer(status=502), answer(body={"fine": True})])
    server.answer = lambda seen: next(answers)
    assert connection.get("products/") == {"fine": True}
    assert quick == [pytest.approx(0.5, rel=0.2), pytest.approx(1.0, rel=0.2)]


def test_writing_that_was_refused_for_now_is_repeated_when_the_server_says(
    server: Any, connection: Connection, answer: Callable[..., Any], quick: list[float]
) -> None:
    answers = iter([answer(status=429, headers={"Retry-After": "7"}), answer(body={"id": 1})])
    server.answer = lambda seen: next(answers)
    assert connection.request("POST", "processes/", json={}) == {"id": 1}
    assert quick == [7.0]


def test_an_answer_that_does_not_come_in_time_is_told_as_perhaps_done(
    server: Any, answer: Callable[..., Any]
) -> None:
    released = threading.Event()
    server.answer = lambda seen: answer(body=released.wait(5))
    connection = Connection("secret", server.address)
    with pytest.raises(NoAnswer, match="may have been done"):
        connection.request("POST", "processes/", json={}, timeout=0.05)
    assert len(server.seen) == 1
    released.set()
    connection.close()


def test_writing_is_never_repeated(
    server: Any, connection: Connection, answer: Callable[..., Any], quick: list[float]
) -> None:
    server.answer = lambda seen: answer(status=503, body={"error": "busy"})
    with pytest.raises(ServerFault, match="busy"):
        connection.request("POST", "processes/", json={})
    assert len(server.seen) == 1


def test_a_server_that_is_not_there_is_named(quick: list[float]) -> None:
    connection = Connection("secret", "http://127.0.0.1:9/api/")
    with pytest.raises(Unreachable, match=r"http://127\.0\.0\.1:9/api/ does not answer"):
        connection.get("")
    connection.close()


def test_hosts_are_known_by_name_or_address() -> None:
    assert base_address("http://example.org/api") == "http://example.org/api/"
    assert base_address("localhost") == "http://localhost/api/"
    with pytest.raises(Invalid, match="pz-dev"):
        base_address("nowhere")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("pz", "https://pzserver.linea.org.br/api/"),
        ("https://my.site/api", "https://my.site/api/"),
        ("https://my.site/", "https://my.site/api/"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/api/"),
        (" http://my.site/photoz/api/ ", "http://my.site/photoz/api/"),
    ],
)
def test_a_host_is_a_name_the_address_of_the_api_or_that_of_its_site(
    host: str, address: str
) -> None:
    assert base_address(host) == address


def test_a_page_instead_of_data_is_said_to_be_the_wrong_address(
    server: Any, connection: Connection, answer: Callable[..., Any]
) -> None:
    server.answer = lambda seen: answer(raw=b"<html>", headers={"Content-Type": "text/html"})
    with pytest.raises(Invalid, match=r"is http://.* the address of the API\?"):
        connection.get("")


def test_a_site_that_moved_says_where_to(
    server: Any, connection: Connection, answer: Callable[..., Any]
) -> None:
    server.answer = lambda seen: answer(status=301, headers={"Location": "https://my.site/api/"})
    with pytest.raises(Invalid, match=r"leads to https://my\.site/api/") as caught:
        connection.get("")
    assert (caught.value.code, caught.value.status) == ("redirected", 301)


@pytest.mark.parametrize("token", ["geheim\u00fc", "two\nlines"])
def test_what_cannot_be_a_token_is_refused_before_it_travels(server: Any, token: str) -> None:
    with pytest.raises(Invalid, match="copy it again"):
        Connection(token, server.address)


@pytest.mark.parametrize("remake", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_a_copy_of_a_connection_works_in_other_processes_and_after_the_first_was_closed(
    server: Any, connection: Connection, answer: Callable[..., Any], remake: Callable[..., Any]
) -> None:
    other = remake(connection)
    connection.close()
    server.answer = lambda seen: answer(body={"token": seen.headers["Authorization"]})
    assert other.get("") == {"token": "Token secret"}
    other.close()


@pytest.mark.parametrize(
    "ask",
    [
        lambda each: each.get("products/"),
        lambda each: each.exchange("PATCH", "uploads/1/", headers={}),
        lambda each: each.stream("data/").__enter__(),
    ],
    ids=["get", "exchange", "stream"],
)
def test_a_closed_connection_says_so(
    server: Any, connection: Connection, ask: Callable[[Connection], Any]
) -> None:
    connection.close()
    with pytest.raises(Invalid, match="was closed: make a new PzServer") as caught:
        ask(connection)
    assert (caught.value.code, server.seen) == ("closed", [])


def test_errors_survive_the_way_between_processes() -> None:
    missing = pickle.loads(pickle.dumps(MissingExtra("lsdb", "lsdb")))
    assert (str(missing), missing.extra) == (str(MissingExtra("lsdb", "lsdb")), "lsdb")
    told = pickle.loads(pickle.dumps(NotFound("nothing there", code="gone", status=404)))
    assert (str(told), told.code, told.status) == ("nothing there", "gone", 404)
