"""Resumable uploads: what the client does when the network, the server or the file misbehave."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pzserver import _parallel, _tus
from pzserver._http import Connection
from pzserver._memory import Memory
from pzserver._parallel import Stopped, Turn, in_parallel
from pzserver._tus import ResumableSender, Shipment
from pzserver.errors import Invalid, NotFound, ServerFault, Unreachable

CONTENT = bytes(range(256)) * 1000
ADDRESS = "uploads/1/"


class TusServer:
    """The protocol in memory; `script` answers in its place, one request each, while it lasts."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.arrived, self.begun = answer, b"", 0
        self.size, self.sha256, self.has_file = 0, "", False
        self.finishes = True
        self.script: list[Any] = []

    def __call__(self, seen: Any) -> Any:
        if self.script and (scripted := self.script.pop(0)) is not None:
            return scripted
        return getattr(self, f"_{seen.method.lower()}")(seen)

    def _post(self, seen: Any) -> Any:
        pairs = dict(pair.split(" ") for pair in seen.headers["Upload-Metadata"].split(","))
        self.sha256 = base64.b64decode(pairs["sha256"]).decode()
        self.size, self.arrived = int(seen.headers["Upload-Length"]), b""
        self.begun += 1
        return self.answer(status=201, headers={"Location": ADDRESS})

    def _head(self, seen: Any) -> Any:
        return self.answer(headers={"Upload-Offset": str(len(self.arrived))})

    def _patch(self, seen: Any) -> Any:
        if int(seen.headers["Upload-Offset"]) != len(self.arrived):
            return self.answer(status=409, body={"error": "no", "code": "offset_conflict"})
        self.arrived += seen.body
        self.has_file = len(self.arrived) == self.size and (self.finishes or not seen.body)
        return self.answer(status=204, headers={"Upload-Offset": str(len(self.arrived))})

    def _get(self, seen: Any) -> Any:
        if "product-files" in seen.path:
            return self.answer(body={"id": 7})
        sha256 = hashlib.sha256(self.arrived).hexdigest()
        return self.answer(body={"file": 7 if self.has_file else None, "sha256": sha256})


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make pauses short, and pieces small enough for several."""
    monkeypatch.setattr(_parallel, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(_tus, "PIECE_BYTES", 100_000)


@pytest.fixture
def tus(server: Any, answer: Any) -> TusServer:
    server.answer = TusServer(answer)
    return server.answer  # type: ignore[no-any-return]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "big.bin"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path / "memory")


@pytest.fixture
def connection(server: Any) -> Iterator[Connection]:
    opened = Connection("secret", server.address)
    yield opened
    opened.close()


@pytest.fixture
def send(connection: Connection, path: Path, memory: Memory) -> Any:
    """Return what sends the file."""
    return lambda: ResumableSender(connection, Shipment(path, 3, 0), Turn(), memory).send()


def test_a_file_arrives_in_pieces_and_nothing_is_remembered_afterwards(
    send: Any, tus: TusServer, server: Any, memory: Memory
) -> None:
    assert send() == {"id": 7}
    assert (tus.arrived, tus.sha256) == (CONTENT, hashlib.sha256(CONTENT).hexdigest())
    offsets = [seen.headers["Upload-Offset"] for seen in server.seen if seen.method == "PATCH"]
    assert offsets == ["0", "100000", "200000"]
    assert list(memory.folder.iterdir()) == []


@pytest.mark.parametrize("status", [408, 423, 429, 500, 502, 503, 504])
def test_what_passes_is_waited_for(send: Any, tus: TusServer, answer: Any, status: int) -> None:
    trouble = answer(status=status, body={"error": "not now"})
    tus.script = [trouble, None, trouble, None, None, trouble]
    assert send() == {"id": 7}
    assert (tus.arrived, tus.begun) == (CONTENT, 1)


def test_what_was_sent_and_not_answered_is_asked_for(
    send: Any, tus: TusServer, answer: Any, server: Any
) -> None:
    swallowed = []

    def serve(seen: Any) -> Any:
        said = tus(seen)
        if seen.method == "PATCH" and not swallowed:
            swallowed.append(seen)
            return answer(status=503, body={"error": "the proxy gave up"})
        return said

    server.answer = serve
    assert send() == {"id": 7}
    assert (tus.arrived, len(swallowed)) == (CONTENT, 1)


@pytest.mark.parametrize("status", [404, 410, 460])
def test_an_upload_that_the_server_lost_is_begun_again_once(
    send: Any, tus: TusServer, answer: Any, status: int
) -> None:
    lost = answer(status=status, body={"error": "gone"})
    tus.script = [None, None, lost]
    assert send() == {"id": 7}
    assert (tus.arrived, tus.begun) == (CONTENT, 2)
    tus.script = [None, lost, None, lost]
    with pytest.raises((NotFound, Invalid, ServerFault)):
        send()


def test_a_refusal_is_told_and_not_repeated(
    send: Any, tus: TusServer, answer: Any, server: Any
) -> None:
    tus.script = [answer(status=409, body={"error": "has one", "code": "main_file_exists"})]
    with pytest.raises(Invalid, match="has one"):
        send()
    assert len(server.seen) == 1


def test_an_unfinished_upload_is_gone_on_with_and_remembered_until_then(
    send: Any, tus: TusServer, answer: Any, memory: Memory, server: Any
) -> None:
    down = answer(status=503, body={"error": "down"})
    tus.script = [None, None, None, *[down] * 20]
    with pytest.raises(ServerFault, match="503"):
        send()
    assert len(list(memory.folder.iterdir())) == 1
    tus.script = []
    server.seen.clear()
    assert send() == {"id": 7}
    assert [seen.method for seen in server.seen] == ["HEAD", "PATCH", "PATCH", "GET", "GET"]
    assert (tus.arrived, tus.begun) == (CONTENT, 1)


def test_a_server_that_died_over_the_end_is_asked_to_finish(
    send: Any, tus: TusServer, server: Any
) -> None:
    tus.finishes = False
    assert send() == {"id": 7}
    assert server.seen[-3].headers["Content-Length"] == "0"


def test_another_checksum_at_the_end_is_told(send: Any, tus: TusServer, answer: Any) -> None:
    tus.script = [None] * 5 + [answer(body={"file": 7, "sha256": "0" * 64})]
    with pytest.raises(ServerFault, match=r"big\.bin arrived with another checksum"):
        send()


def test_no_server_is_given_up_after_a_while(connection: Connection, path: Path) -> None:
    away = Connection("secret", "http://127.0.0.1:9/api/")
    memory = Memory(path.parent / "memory")
    with pytest.raises(Unreachable, match="check the address"):
        ResumableSender(away, Shipment(path, 3, 0), Turn(), memory).send()
    away.close()


def test_what_is_remembered_belongs_to_one_state_of_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"1")
    facts = Shipment(path, 3, 0).facts("http://server/")
    memory = Memory(tmp_path / "deep" / "memory")
    assert memory.recall(facts) is None
    memory.remember(facts, "there")
    assert memory.recall(facts) == "there"
    (note,) = memory.folder.iterdir()
    assert (note.stat().st_mode & 0o777, memory.folder.stat().st_mode & 0o777) == (0o600, 0o700)
    path.write_bytes(b"12")
    assert memory.recall(Shipment(path, 3, 0).facts("http://server/")) is None
    assert memory.recall(Shipment(path, 4, 0).facts("http://server/")) is None
    note.write_text("not JSON")
    assert memory.recall(facts) is None
    memory.forget(facts)
    memory.forget(facts)
    assert list(memory.folder.iterdir()) == []


def test_results_come_in_order_and_not_more_run_than_may() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def act(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02 if number % 2 else 0.001)
        with lock:
            running -= 1
        return number

    acts = [lambda turn, number=number: act(number) for number in range(9)]
    assert in_parallel(acts, 3) == list(range(9))
    assert most == 3
    with pytest.raises(Invalid, match="0 transfers at once"):
        in_parallel(acts, 0)


def test_the_first_failure_stops_the_others() -> None:
    stopped = []

    def fails(turn: Turn) -> None:
        raise NotFound("this one is not there")

    def waits(turn: Turn) -> None:
        turn.stop.wait(20)
        stopped.append(turn.line)
        turn.check()

    began = time.monotonic()
    with pytest.raises(NotFound, match=re.escape("this one is not there")):
        in_parallel([waits, fails, waits], 3)
    assert time.monotonic() - began < 10
    assert 0 in stopped


def test_a_stopped_transfer_does_not_wait_out_its_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_parallel, "FIRST_PAUSE_SECONDS", 20.0)
    turn = Turn()
    patience = _parallel.Patience(turn)
    threading.Timer(0.05, turn.stop.set).start()
    with pytest.raises(Stopped):
        patience.after(Unreachable("away"))
