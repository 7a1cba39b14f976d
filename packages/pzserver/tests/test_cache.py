"""Main files that are kept: shared, bounded, whole or not there."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pzserver.cache import Cache, cache_at, default_cache
from pzserver.errors import Invalid, Unreachable


def checksum_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def bringing(content: bytes, name: str = "main.csv") -> Callable[[Path], Path]:
    """Return a way to fetch some content."""

    def fetch(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_bytes(content)
        return path

    return fetch


@pytest.mark.parametrize("place", ["/proc/nothing", "a file/below"])
def test_a_folder_that_cannot_be_made_is_not_usable(tmp_path: Path, place: str) -> None:
    (tmp_path / "a file").touch()
    assert not Cache(tmp_path / place).is_usable()
    assert Cache(tmp_path / "new" / "folder").is_usable()


def never(folder: Path) -> Path:
    raise AssertionError("it is here already")


def keep(cache: Cache, content: bytes, *, used_at: float) -> str:
    checksum = checksum_of(content)
    with cache.borrow(checksum, bringing(content)):
        pass
    os.utime(cache.folder / "files" / checksum, (used_at, used_at))
    return checksum


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", limit_bytes=1000)


def test_a_file_is_fetched_once(cache: Cache) -> None:
    for fetch in (bringing(b"ra,dec\n"), never):
        with cache.borrow(checksum_of(b"ra,dec\n"), fetch) as path:
            assert (path.name, path.read_bytes()) == ("main.csv", b"ra,dec\n")
    (entry,) = cache.entries()
    assert (entry.name, entry.size_bytes) == ("main.csv", 7)


def test_what_was_not_used_for_longest_goes_first(cache: Cache) -> None:
    keys = [keep(cache, bytes([n]) * 400, used_at=n + 1.0) for n in range(2)]
    with cache.borrow(keys[0], never):
        pass
    newest = keep(cache, b"x" * 400, used_at=3.0)
    assert {entry.checksum for entry in cache.entries()} == {keys[0], newest}
    assert cache.size_bytes() == 800


def test_a_file_beyond_the_limit_is_still_lent(cache: Cache) -> None:
    keep(cache, b"small", used_at=1.0)
    with cache.borrow(checksum_of(b"y" * 5000), bringing(b"y" * 5000)) as path:
        assert path.stat().st_size == 5000
    assert [entry.size_bytes for entry in cache.entries()] == [5000]


def test_what_is_removed_while_it_is_read_stays_with_its_reader(cache: Cache) -> None:
    with cache.borrow(checksum_of(b"abc"), bringing(b"abc")) as path:
        assert cache.clear() == 3
        assert path.read_bytes() == b"abc"
    assert cache.entries() == []
    assert not path.exists()


def test_a_fetch_that_fails_leaves_nothing_that_looks_whole(cache: Cache) -> None:
    def fail(folder: Path) -> Path:
        (folder / "main.csv.part").write_bytes(b"half")
        raise Unreachable("the network is gone")

    with pytest.raises(Unreachable), cache.borrow("0" * 64, fail):
        pass
    assert cache.entries() == []
    assert cache.clear() == 4


def test_a_file_that_somebody_changed_is_fetched_again(cache: Cache) -> None:
    checksum = keep(cache, b"right", used_at=1.0)
    kept = cache.folder / "files" / checksum / "main.csv"
    kept.chmod(0o644)
    kept.write_bytes(b"wrong!")
    with cache.borrow(checksum, bringing(b"right")) as path:
        assert path.read_bytes() == b"right"


def test_threads_that_want_the_same_file_fetch_it_once(cache: Cache) -> None:
    fetched: list[int] = []
    gate = threading.Barrier(8)
    got: list[bytes] = []

    def fetch(folder: Path) -> Path:
        fetched.append(1)
        return bringing(b"shared")(folder)

    def want() -> None:
        gate.wait()
        with cache.borrow(checksum_of(b"shared"), fetch) as path:
            got.append(path.read_bytes())

    threads = [threading.Thread(target=want) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [b"shared"] * 8
    assert len(fetched) == 1


PROGRAM = """
import hashlib, random, sys
from pathlib import Path
from pzserver.cache import Cache
cache = Cache(Path(sys.argv[1]), limit_bytes=2500)
chance = random.Random(int(sys.argv[2]))
for _ in range(60):
    content = bytes([chance.randrange(6)]) * 1000
    def fetch(folder):
        path = folder / "main.bin"
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path
    with cache.borrow(hashlib.sha256(content).hexdigest(), fetch) as path:
        assert path.read_bytes() == content
"""


def test_programs_share_a_folder_that_is_always_too_small(tmp_path: Path) -> None:
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path / "cache"), str(seed)],
            stderr=subprocess.PIPE,
        )
        for seed in range(3)
    ]
    told = [program.communicate()[1].decode() for program in programs]
    assert told == ["", "", ""]
    assert Cache(tmp_path / "cache").size_bytes() <= 3 * 2500


def test_the_environment_chooses_folder_and_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PZSERVER_CACHE", str(tmp_path / "mine"))
    monkeypatch.setenv("PZSERVER_CACHE_GB", "0.5")
    chosen = default_cache()
    assert chosen is not None
    assert (chosen.folder, chosen.limit_bytes) == (tmp_path / "mine", 500_000_000)
    monkeypatch.setenv("PZSERVER_CACHE", "off")
    assert default_cache() is None
    assert cache_at(False) is None
    monkeypatch.setenv("PZSERVER_CACHE_GB", "lots")
    with pytest.raises(Invalid, match=r"PZSERVER_CACHE_GB='lots': a number of gigabytes"):
        cache_at(tmp_path)
