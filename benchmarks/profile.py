"""How long the profile of a large table takes, and how much memory, against DuckDB's SUMMARIZE.

    python benchmarks/profile.py [--rows N] [--columns N] [--cache FOLDER] [--repeat N]

Makes a table of 1.5 million rows and 40 columns (kept in the cache folder for the next time):
identifier, position, redshift with error, flag, survey and instrument, six magnitudes with
errors, flags, texts. Each side runs in turns in a process of its own, with two threads. The
profile tells more than SUMMARIZE does: histograms, N(z) by survey, colours, sky, MOC, checks;
its quantiles and distinct counts are exact, DuckDB's are estimates.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from pztables.formats import open_writer

SURVEYS = np.array(["DESI", "2dF", "SDSS", "VVDS", "LSST", "3DHST", "VIPERS", "zCOSMOS", "GAMA"])
ROLES = {name: name for name in ("ra", "dec", "z", "z_err", "z_flag", "survey", "instrument_type")}
BANDS = "ugrizy"
LIMIT_SECONDS, LIMIT_MB = 20, 1000
CHUNK = 250_000

OURS = """
import json, resource, sys, time
from pztables.profile import build_profile
start = time.perf_counter()
profile = build_profile(sys.argv[1], roles=json.loads(sys.argv[2]))
text = json.dumps(profile, allow_nan=False)
print(json.dumps([time.perf_counter() - start, len(text)]))
"""
THEIRS = """
import sys, time, json, duckdb
start = time.perf_counter()
connection = duckdb.connect(config={"threads": 2})
connection.execute("SET enable_progress_bar = false")
rows = connection.execute("SUMMARIZE SELECT * FROM read_parquet(?)", [sys.argv[1]]).fetchall()
print(json.dumps([time.perf_counter() - start, len(json.dumps(rows, default=str))]))
"""


def batches(rows: int, columns: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows of the table."""
    rng = np.random.default_rng(7)
    for start in range(0, rows, CHUNK):
        yield batch(rng, start, min(CHUNK, rows - start), columns)


def batch(rng: np.random.Generator, start: int, n: int, columns: int) -> pa.RecordBatch:
    """Return some rows."""
    z = np.minimum(rng.gamma(2.2, 0.35, n), 6.5)
    z[rng.random(n) < 0.002] = -99.0
    data: dict[str, object] = {
        "id": 39_627_652_591_521_181 + np.arange(start, start + n),
        "ra": rng.normal(150, 12, n) % 360,
        "dec": np.clip(rng.normal(2, 9, n), -90, 90),
        "z": z,
        "z_err": (10 ** rng.normal(-3.5, 0.6, n)).astype(np.float32),
        "z_flag": rng.integers(0, 5, n).astype(np.int8),
        "survey": SURVEYS[rng.integers(0, len(SURVEYS), n)],
        "instrument_type": np.array(["s", "g", "p"])[rng.integers(0, 3, n)],
        "is_training_set": rng.random(n) < 0.7,
        "object": np.char.add("J", np.arange(start, start + n).astype(str)),
    }
    for number, band in enumerate(BANDS):
        data[f"mag_{band}"] = (24 - number * 0.4 + rng.normal(0, 1.2, n) + z / 3).astype(np.float32)
        data[f"magerr_{band}"] = np.abs(rng.normal(0, 0.05, n)).astype(np.float32)
    for number in range(columns - len(data)):
        kind = number % 4
        data[f"extra_{number}"] = (
            rng.normal(0, 10, n) if kind < 2
            else rng.integers(0, 1 << (kind * 8), n) if kind == 2
            else rng.random(n).astype(np.float32)
        )  # fmt: skip
    return pa.RecordBatch.from_pydict({name: pa.array(values) for name, values in data.items()})


def table(rows: int, columns: int, cache: Path) -> Path:
    """Return the Parquet of the table, written when it is not there yet."""
    path = cache / f"profile_{rows}_{columns}.parquet"
    if not path.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        first = next(batches(1, columns))
        with open_writer(path, first.schema, format="parquet") as writer:
            for piece in batches(rows, columns):
                writer.write(piece)
    return path


def measure(program: str, *arguments: str) -> tuple[float, float, int]:
    """Run one side; return seconds, peak memory in MB, bytes of the answer."""
    command = [sys.executable, "-c", program, *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "ARROW_NUM_THREADS": "2"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        answer = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"one side ended with {process.returncode}")
    seconds, size = json.loads(answer)
    return seconds, usage.ru_maxrss / 1000, size


def main() -> None:
    """Measure both sides in turns and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_500_000)
    parser.add_argument("--columns", type=int, default=40)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "pz-benchmarks")
    arguments = parser.parse_args()
    path = table(arguments.rows, arguments.columns, arguments.cache)
    print(f"{arguments.rows:,} rows x {arguments.columns} columns, "
          f"{path.stat().st_size / 1e6:.0f} MB of Parquet")  # fmt: skip
    ours, theirs = [], []
    for _ in range(arguments.repeat):
        ours.append(measure(OURS, str(path), json.dumps(ROLES)))
        theirs.append(measure(THEIRS, str(path)))
    for name, runs in (("profile", ours), ("DuckDB SUMMARIZE", theirs)):
        seconds, memory = statistics.median(r[0] for r in runs), max(r[1] for r in runs)
        print(f"{name:<18}{seconds:8.2f} s {memory:8.0f} MB  answer {runs[0][2] / 1000:,.0f} kB")
    ratio = statistics.median(r[0] for r in ours) / statistics.median(r[0] for r in theirs)
    print(f"ratio {ratio:.2f} (limits: {LIMIT_SECONDS} s, {LIMIT_MB} MB)")


if __name__ == "__main__":
    main()
