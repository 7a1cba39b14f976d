"""The engine sees one file, and time, memory and turns end."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pzhub.config import hub_config
from pzhub.core.errors import TooOftenError
from pzhub.tables.engine import Slots, opened_engine
from pzhub.tables.errors import SubsetTooCostlyError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a small Parquet in a folder with an awkward name."""
    folder = tmp_path / "it's=here"
    folder.mkdir()
    pq.write_table(pa.table({"n": list(range(1000))}), folder / "a.parquet")
    pq.write_table(pa.table({"n": [1]}), folder / "other.parquet")
    return folder / "a.parquet"


def test_the_engine_reads_its_file(path: Path) -> None:
    with opened_engine(path) as engine:
        assert engine.value("SELECT sum(n) FROM read_parquet($path)", {"path": str(path)}) == 499500


ESCAPES = [
    "SELECT * FROM read_parquet('{folder}/other.parquet')",
    "SELECT * FROM read_parquet('{folder}/*.parquet')",
    "SELECT * FROM '{folder}/other.parquet'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "COPY (SELECT 1) TO '{folder}/out.csv'",
    "ATTACH '{folder}/new.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SET allowed_paths = ['/etc/passwd']",
    "SET memory_limit = '8GB'",
    "RESET lock_configuration",
    "EXPORT DATABASE '{folder}/dump'",
    "SELECT * FROM read_parquet('http://127.0.0.1:9/x.parquet')",
]


@pytest.mark.parametrize("sql", ESCAPES)
def test_nothing_else_can_be_read_written_or_set(path: Path, sql: str) -> None:
    with (
        opened_engine(path) as engine,
        pytest.raises(duckdb.Error, match=r"disabled|locked|Cannot|cannot|not found|denied"),
    ):
        engine.values(sql.format(folder=str(path.parent).replace("'", "''")), {})
    assert sorted(each.name for each in path.parent.iterdir()) == ["a.parquet", "other.parquet"]


ENDLESS = "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range + b.range = -1"


def test_a_question_without_end_is_stopped(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_config(), "data_seconds", 0.3)
    with pytest.raises(SubsetTooCostlyError, match=r"longer than the 0\.3 seconds"):  # noqa: SIM117
        with opened_engine(path) as engine:
            engine.value(ENDLESS, {})


def test_a_result_without_end_is_stopped_in_its_middle(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_config(), "data_seconds", 0.3)

    def read_all() -> None:
        with opened_engine(path) as engine:
            for _ in engine.batches("SELECT * FROM range(100000000000)", {}, 1000):
                pass

    with pytest.raises(SubsetTooCostlyError, match="Narrow the filter"):
        read_all()


def test_a_question_that_needs_too_much_memory_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_config(), "data_memory_bytes", 10_000_000)
    monkeypatch.setattr(hub_config(), "data_max_bytes", 1_000_000)
    with pytest.raises(SubsetTooCostlyError, match="more memory than the 10 MB"):  # noqa: SIM117
        with opened_engine(path) as engine:
            engine.values("SELECT list(range) FROM range(50000000)", {})


def test_turns_are_limited_and_whoever_comes_too_late_is_told_when_to_try_again() -> None:
    slots, inside, go = Slots(running=1, waiting=1), threading.Event(), threading.Event()
    served: list[str] = []

    def hold(name: str) -> None:
        with slots.taken():
            inside.set()
            go.wait(10)
            served.append(name)

    threads = [threading.Thread(target=hold, args=[name]) for name in ("first", "second")]
    threads[0].start()
    inside.wait(10)
    threads[1].start()
    while slots.waiting < 1:
        threading.Event().wait(0.01)
    with pytest.raises(TooOftenError, match="try again in a few seconds") as refusal, slots.taken():
        pass
    assert refusal.value.wait_seconds == 3
    go.set()
    for thread in threads:
        thread.join(10)
    assert served == ["first", "second"]


def test_a_busy_engine_answers_429(
    table_product: Any, api: Any, bob: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    product, client = table_product(), api(bob)
    full = Slots(running=1, waiting=1)
    monkeypatch.setattr("pzhub.tables.engine._PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr("pzhub.tables.engine._SLOTS", full)
    with full.taken():
        answer = client.get(f"/api/products/{product.pk}/data/")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_often")
    assert answer.headers["Retry-After"] == "3"
    assert client.get(f"/api/products/{product.pk}/data/").status_code == 200
