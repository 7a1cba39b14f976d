"""The wrapper, alone: what it records, and that one attempt is begun once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from pzhub.processes.identity import ProcessIdentity, boot_id, host_name, identity_of
from pzhub.processes.records import EndReason, ExitRecord, StartRecord, read_json, read_program
from pzhub.processes.runners.logs import read_chunk

Wrapped = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def wrapped(tmp_path: Path) -> Wrapped:
    """Return a function that starts a wrapper over a shell script in the test's folder."""

    def start(script: str, *options: str) -> subprocess.Popen[bytes]:
        limits = ["--walltime=60", "--memory=2000000000", "--grace=0.3"]
        command = [sys.executable, "-P", "-m", "pzhub.processes.wrapper", f"--directory={tmp_path}"]
        return subprocess.Popen(
            [*command, "--key=k", "--attempt=1", *limits, *options, "--", "sh", "-c", script]
        )

    return start


def test_the_wrapper_loads_no_django() -> None:
    code = (
        "import sys, pzhub.processes.wrapper, pzhub.processes.runners.local;"
        " sys.exit('django' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(("script", "code", "number"), [("exit 7", 7, None), ("kill $$", None, 15)])
def test_the_end_is_recorded(
    wrapped: Wrapped, tmp_path: Path, script: str, code: int | None, number: int | None
) -> None:
    wrapper = wrapped(f"echo out; echo err >&2; {script}")
    assert wrapper.wait(20) == 0
    record = ExitRecord.read(tmp_path)
    start = StartRecord.read(tmp_path)
    assert record is not None
    assert start is not None
    assert (record.exit_code, record.signal, record.reason) == (code, number, EndReason.EXITED)
    assert (record.key, record.attempt, record.wrapper.pid) == ("k", 1, wrapper.pid)
    assert record.wrapper == start.wrapper
    assert (record.wrapper.host, record.wrapper.boot_id) == (host_name(), boot_id())
    assert start.started_at == record.started_at <= record.ended_at
    assert (tmp_path / "run.out").read_text() == "out\n"
    assert (tmp_path / "run.err").read_text() == "err\n"


def test_nothing_of_the_program_is_left(wrapped: Wrapped, tmp_path: Path) -> None:
    # One child in a session of its own, which no signal to the program's group reaches.
    script = "setsid sh -c 'echo $$ > child; exec sleep 300' & sleep 0.3; exit 0"
    assert wrapped(script).wait(20) == 0
    child = int((tmp_path / "work" / "child").read_text())
    deadline = time.monotonic() + 5
    while identity_of(child) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_second_wrapper_leaves_the_attempt_to_the_first(wrapped: Wrapped, tmp_path: Path) -> None:
    wrappers = [wrapped("echo begun >> ../begun; sleep 0.5") for _ in range(4)]
    assert [wrapper.wait(20) for wrapper in wrappers] == [0, 0, 0, 0]
    assert (tmp_path / "begun").read_text() == "begun\n"


def test_a_stop_that_came_first_starts_nothing(wrapped: Wrapped, tmp_path: Path) -> None:
    (tmp_path / "stop").touch()
    assert wrapped("echo begun >> ../begun").wait(20) == 0
    record = ExitRecord.read(tmp_path)
    assert record is not None
    assert record.reason is EndReason.STOPPED
    assert not (tmp_path / "begun").exists()


def test_a_program_that_ignores_the_request_is_killed(wrapped: Wrapped, tmp_path: Path) -> None:
    wrapper = wrapped("trap '' TERM; while true; do sleep 0.1; done")
    while read_program(tmp_path) is None:
        time.sleep(0.02)
    wrapper.terminate()
    assert wrapper.wait(20) == 0
    record = ExitRecord.read(tmp_path)
    assert record is not None
    assert (record.reason, record.signal) == (EndReason.STOPPED, 9)


def test_it_beats_and_measures(wrapped: Wrapped, tmp_path: Path) -> None:
    code = "x = bytearray(60_000_000); import time; time.sleep(1.5)"
    assert wrapped(f'{sys.executable} -c "{code}"').wait(20) == 0
    beat, record = read_json(tmp_path / "heartbeat.json"), ExitRecord.read(tmp_path)
    assert beat is not None
    assert record is not None
    assert 60_000_000 < record.peak_memory_bytes < 150_000_000


def test_the_program_gets_no_keys_of_the_server(
    wrapped: Wrapped, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pzhub.processes.runners.base import JobRef, JobRequest
    from pzhub.processes.runners.local import LocalRunner

    monkeypatch.setenv("PZHUB_SECRET_KEY", "secret")
    runner, ref = LocalRunner(), JobRef("k", 1, tmp_path)
    runner.submit(JobRequest(ref, ["sh", "-c", "env"], 60, 10**9))
    deadline = time.monotonic() + 10
    while ExitRecord.read(tmp_path) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    psutil.wait_procs(psutil.Process().children(), timeout=5)
    runner.poll([])
    assert "secret" not in (tmp_path / "run.out").read_text()
    assert "PATH=" in (tmp_path / "run.out").read_text()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"key": "k"}', "\xff"])
def test_a_damaged_record_is_no_record(tmp_path: Path, content: str) -> None:
    for name in ("exit.json", "wrapper.json", "program.json"):
        (tmp_path / name).write_bytes(content.encode("latin-1"))
    assert ExitRecord.read(tmp_path) is None
    assert StartRecord.read(tmp_path) is None
    assert read_program(tmp_path) is None


def test_a_process_is_known_by_more_than_its_pid() -> None:
    me = identity_of(os.getpid())
    assert me is not None
    assert me.is_alive()
    assert not ProcessIdentity(me.host, me.boot_id, me.pid, me.started - 1).is_alive()
    assert not ProcessIdentity(me.host, "another start", me.pid, me.started).is_alive()
    assert not ProcessIdentity("elsewhere", me.boot_id, me.pid, me.started).is_alive()


def test_a_zombie_is_not_alive() -> None:
    child = subprocess.Popen(["sleep", "0.2"])
    identity = identity_of(child.pid)
    assert identity is not None
    time.sleep(0.4)
    assert not identity.is_alive()
    child.wait()


def test_a_log_is_read_in_whole_characters(tmp_path: Path) -> None:
    path = tmp_path / "log"
    text = "a€b" * 50 + "𝄞" + json.dumps("ü", ensure_ascii=False)
    path.write_text(text)
    read, offset = "", 0
    while chunk := read_chunk(path, offset, 5):
        if not chunk.text:
            break
        read, offset = read + chunk.text, chunk.next_offset
    assert (read, offset) == (text, len(text.encode()))
    assert read_chunk(path, -4, 100).text == '"ü"'
    assert read_chunk(tmp_path / "none", 5, 100) == type(chunk)("", 0, 0)
