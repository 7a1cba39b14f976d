"""Users' files are parsed behind walls, and what happens there comes back as a sentence."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pztables.errors import RaggedRowsError, TooCostlyError
from pztables.inspection import inspect_main_file
from pztables.isolation import inspect_isolated, isolation_report
from pztables.limits import Limits


@pytest.fixture
def out_dir(tmp_path: Path) -> Path:
    """Return an empty output directory."""
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def test_the_isolated_inspection_says_what_the_plain_one_says(
    catalog_csv: Path, out_dir: Path, tmp_path: Path
) -> None:
    found = inspect_isolated(catalog_csv, out_dir, tabular_required=True)
    (tmp_path / "twin").mkdir()
    assert found == inspect_main_file(catalog_csv, tmp_path / "twin", tabular_required=True)
    assert sorted(item.name for item in out_dir.iterdir()) == [
        "canonical.parquet", "profile.json", "unpacked",
    ]  # fmt: skip


@pytest.mark.parametrize("suffix", ["fits", "hdf5", "vot"])
def test_every_library_works_behind_the_walls(
    suffix: str, catalog_table: pa.Table, tmp_path: Path, out_dir: Path
) -> None:
    from pztables.formats import write_table

    write_table(catalog_table, tmp_path / f"cat.{suffix}")
    found = inspect_isolated(tmp_path / f"cat.{suffix}", out_dir, tabular_required=True)
    assert (found.n_rows, found.canonical) == (4, "canonical.parquet")


def test_a_refusal_crosses_the_process_with_its_code_and_data(
    tmp_path: Path, out_dir: Path
) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n1,2,3\n")
    with pytest.raises(RaggedRowsError, match=r"t\.csv: row 2") as caught:
        inspect_isolated(tmp_path / "t.csv", out_dir, tabular_required=True)
    assert caught.value.data == {"file": "t.csv", "row": 2, "expected": 2, "found": 3}
    assert list(out_dir.iterdir()) == []


def test_too_little_memory_becomes_a_sentence(tmp_path: Path, out_dir: Path) -> None:
    pq.write_table(pa.table({"s": ["x" * 100_000_000]}), tmp_path / "t.parquet")
    with pytest.raises(TooCostlyError, match=r"t\.parquet.*memory"):
        inspect_isolated(
            tmp_path / "t.parquet",
            out_dir,
            tabular_required=True,
            limits=Limits(memory_bytes=450_000_000),
        )
    assert list(out_dir.iterdir()) == []


def test_too_much_time_becomes_a_sentence(tmp_path: Path, out_dir: Path) -> None:
    pq.write_table(pa.table({"s": range(1000)}), tmp_path / "t.parquet")
    begun = time.monotonic()
    with pytest.raises(TooCostlyError, match=r"t\.parquet.*0 seconds"):
        inspect_isolated(
            tmp_path / "t.parquet", out_dir, tabular_required=True, limits=Limits(wall_seconds=0)
        )
    assert time.monotonic() - begun < 5


def test_too_large_output_becomes_a_sentence(tmp_path: Path, out_dir: Path) -> None:
    noise = np.random.default_rng(1).normal(size=300_000)
    pq.write_table(pa.table({"a": noise}), tmp_path / "t.parquet")
    with pytest.raises(TooCostlyError):
        inspect_isolated(
            tmp_path / "t.parquet",
            out_dir,
            tabular_required=True,
            limits=Limits(written_bytes=1_000_000),
        )
    assert list(out_dir.iterdir()) == []


def test_the_report_names_every_wall() -> None:
    report = isolation_report()
    assert set(report) == {"limits", "network", "landlock", "audit", "orphans"}
    assert not report["limits"].startswith("absent")
    assert not report["audit"].startswith("absent")


_CHILD = """
import os, time
from pztables.limits import Limits
from pztables.walls import raise_walls
raise_walls(readable=[], writable=[], limits=Limits().as_dict())
print(os.getpid(), flush=True)
time.sleep(60)
"""
_PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


def test_the_isolated_process_dies_with_a_killed_server() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, _CHILD], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        child = int(server.stdout.readline())
        assert _is_alive(child)
        server.kill()
        server.wait()
        deadline = time.monotonic() + 10
        while _is_alive(child) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not _is_alive(child)


def _is_alive(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


_ATTEMPT = """
import sys
from pathlib import Path
from pztables.limits import Limits
from pztables.walls import raise_walls
out = Path(sys.argv[1])
walls = raise_walls(readable=[], writable=[out], limits=Limits().as_dict())
try:
    {attempt}
except OSError as error:
    print("refused", walls["landlock"], walls["network"])
else:
    print("done")
"""


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/passwd').read()",
        "open(out.parent / 'secret').read()",
        "open(out.parent / 'new', 'w')",
        "(out / 'link').symlink_to('/etc/passwd')",
        "__import__('subprocess').run(['/bin/true'])",
        "__import__('socket').create_connection(('127.0.0.1', 9))",
        "__import__('os').listdir('/')",
        "__import__('pickle').loads(b'cposix\\nsystem\\n.')",
    ],
)
def test_nothing_else_can_be_done_behind_the_walls(
    attempt: str, tmp_path: Path, out_dir: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    assert _attempt(attempt, out_dir).startswith("refused")


def test_the_output_directory_can_be_written_and_moved_in(out_dir: Path) -> None:
    steps = "; ".join(
        [
            "(out / 'a').mkdir()",
            "(out / 'a' / 'x').write_text('1')",
            "(out / 'a' / 'x').replace(out / 'y')",
            "(out / 'a').rmdir()",
        ]
    )
    assert _attempt(steps, out_dir) == "done"
    assert (out_dir / "y").read_text() == "1"


@pytest.mark.parametrize(
    "attempt",
    [
        "import h5py; h5py.File(out.parent / 'secret')",
        "import pyarrow; pyarrow.memory_map(str(out.parent / 'secret'))",
        "import pyarrow.fs; pyarrow.fs.LocalFileSystem().open_input_file('/etc/passwd')",
    ],
)
def test_libraries_in_c_cannot_open_other_files_either(
    attempt: str, tmp_path: Path, out_dir: Path
) -> None:
    if isolation_report()["landlock"].startswith("absent"):
        pytest.skip("this kernel has no Landlock: " + isolation_report()["landlock"])
    (tmp_path / "secret").write_bytes(b"secret")
    assert _attempt(attempt, out_dir).startswith("refused")


def _attempt(attempt: str, out_dir: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-I", "-c", _ATTEMPT.format(attempt=attempt), str(out_dir)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
