"""How fast a big table answers, through the server, against plain DuckDB on the same file.

    python benchmarks/data.py [--rows N] [--cache FOLDER] [--repeat N] [--seconds S]

Makes a product of ten million rows (kept in the cache folder for the next time), serves it with
`pzhub serve`, and asks in turns the server and DuckDB: a filtered and sorted page of 100 rows, a
cone of 1 degree as Parquet, a count. Then eight users ask at once while the list of products is
watched, with the memory of the whole server.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import httpx
import numpy as np
import psutil
import pyarrow as pa
from api import Peak, fill, serving

from pztables.formats import open_writer

FIRST_ID = 39_627_652_591_521_181
SURVEYS = np.array(["DESI", "2dF", "SDSS", "VVDS", "LSST"])
SCHEMA = pa.schema(
    [("id", pa.int64()), ("ra", pa.float64()), ("dec", pa.float64()), ("z", pa.float64()),
     ("z_err", pa.float32()), ("z_flag", pa.int8()), ("survey", pa.string()),
     ("mag_g", pa.float32()), ("mag_r", pa.float32()), ("mag_i", pa.float32()),
     ("mag_z", pa.float32()), ("is_star", pa.bool_())]
)  # fmt: skip
HAVERSINE = (
    "pow(sin(radians(dec - 2) / 2), 2) + cos(radians(dec)) * cos(radians(2)) "
    "* pow(sin(radians(ra - 150) / 2), 2) <= pow(sin(radians(1) / 2), 2)"
)
RATIO = 1.5


@dataclass(frozen=True)
class Question:
    """What is asked of both, and how long it may take."""

    name: str
    given: dict[str, Any]
    sql: str
    limit_ms: float
    path: str = ""


QUESTIONS = (
    Question(
        "page of 100, filter + sort",
        {"where": "z > 0.5 and z_flag >= 3", "sort": "mag_i", "limit": 100},
        "SELECT * FROM t WHERE z > 0.5::DOUBLE AND NOT isnan(z) AND z_flag >= 3 "
        "ORDER BY mag_i LIMIT 100",
        500,
    ),
    Question(
        "page of 100 far inside, sort",
        {"where": "survey == 'DESI'", "sort": "-z", "limit": 100, "offset": 1_000_000},
        "SELECT * FROM t WHERE survey = 'DESI' ORDER BY nullif(z, 'nan'::DOUBLE) DESC NULLS LAST "
        "LIMIT 100 OFFSET 1000000",
        500,
    ),
    Question(
        "cone of 1 deg as Parquet",
        {"cone": "150,2,1", "format": "parquet"},
        f"COPY (SELECT * FROM t WHERE {HAVERSINE}) TO '{{out}}' (FORMAT parquet)",
        1000,
    ),
    Question(
        "count of a filter",
        {"where": "z > 0.5 and survey == 'DESI'"},
        "SELECT count(*) FROM t WHERE z > 0.5::DOUBLE AND NOT isnan(z) AND survey = 'DESI'",
        300,
        "count/",
    ),
)


def main() -> None:
    """Run every measurement and print it."""
    options = parse_arguments()
    table = table_of(options.cache, options.rows)
    print(f"{options.rows:,} rows, {len(SCHEMA)} columns, {table.stat().st_size / 1e6:.0f} MB")
    with tempfile.TemporaryDirectory(prefix="pz-bench-") as name:
        folder = Path(name)
        token = fill(folder, options.products, 2)
        product = make_product(folder, table)
        with serving(folder) as (address, server):
            client = httpx.Client(
                base_url=f"{address}/api/", headers={"Authorization": f"Token {token}"}, timeout=120
            )
            with client:
                data = f"products/{product}/data/"
                compare(client, server, data, table, folder, options.repeat)
                crowd(client, data, server, options.seconds)


def parse_arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "pz-bench-cache"
    )
    parser.add_argument("--repeat", type=int, default=20, help="of each question")
    parser.add_argument("--seconds", type=int, default=10, help="of eight users at once")
    parser.add_argument("--products", type=int, default=1000, help="in the list beside it")
    return parser.parse_args()


def table_of(cache: Path, n_rows: int) -> Path:
    """Return the table as the server keeps it, made when the cache has none."""
    path = cache / f"table_{n_rows}.parquet"
    if path.exists():
        return path
    cache.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    with open_writer(path, SCHEMA) as writer:
        for first in range(0, n_rows, 500_000):
            writer.write(rows_of(rng, first, min(500_000, n_rows - first)))
    return path


def rows_of(rng: np.random.Generator, first: int, size: int) -> pa.Table:
    """Return rows in no order of the sky, as surveys that were joined have them."""
    z = rng.gamma(2, 0.4, size)
    z[rng.random(size) < 0.01] = np.nan
    mag_i = rng.normal(23, 1.5, size).astype("f4")
    dec = np.degrees(np.arcsin(rng.uniform(-1, 1, size)))
    return pa.table(
        [
            np.arange(first, first + size) + FIRST_ID, rng.uniform(0, 360, size), dec, z,
            rng.gamma(1, 0.01, size).astype("f4"), rng.integers(0, 5, size).astype("i1"),
            pa.array(SURVEYS[rng.integers(0, 5, size)]),
            mag_i + 1, mag_i + 0.5, mag_i, mag_i - 0.3, rng.random(size) < 0.1,
        ],
        schema=SCHEMA,
    )  # fmt: skip


def make_product(folder: Path, table: Path) -> int:
    """Make the product and return its id."""
    program = Path(__file__).with_name("fill_table.py")
    done = subprocess.run(
        [sys.executable, str(program), str(table)],
        env={**os.environ, "PZHUB_DATA_DIR": str(folder / "data")},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def compare(
    client: httpx.Client, server: Any, address: str, table: Path, folder: Path, repeat: int
) -> None:
    """Print both times of every question, asked in turns."""
    head = f"{'question':<30}{'p50 ms':>9}{'p95 ms':>9}{'limit':>8}{'DuckDB p50':>12}{'ratio':>8}"
    print(f"{head}{'CPU ms':>9}{'DuckDB CPU':>12}")
    plain = duckdb.connect()
    quoted = str(table).replace("'", "''")
    plain.execute(f"CREATE VIEW t AS SELECT * FROM read_parquet('{quoted}')")
    for question in QUESTIONS:
        sql = question.sql.format(out=folder / "plain.parquet")
        asked(client, address, question)
        plain.execute(sql).fetchall()  # the first one warms both
        pairs, cpu = [], [0.0, 0.0]
        for _ in range(repeat):
            before = cpu_seconds(server.pid)
            ours = milliseconds(lambda: asked(client, address, question))  # noqa: B023 - called here
            cpu[0] += cpu_seconds(server.pid) - before
            mine = time.process_time()
            theirs = milliseconds(lambda: plain.execute(sql).fetchall())  # noqa: B023 - called here
            cpu[1] += time.process_time() - mine
            pairs.append((ours, theirs))
        print_line(question, pairs, [1000 * seconds / repeat for seconds in cpu])


def print_line(question: Question, pairs: list[tuple[float, float]], cpu: list[float]) -> None:
    """Print the times of one question, and whether they are within the limits."""
    ours, theirs = zip(*pairs, strict=True)
    middle, other = statistics.median(ours), statistics.median(theirs)
    late = statistics.quantiles(ours, n=20)[-1]
    print(
        f"{question.name:<30}{middle:>9.0f}{late:>9.0f}{question.limit_ms:>8.0f}"
        f"{other:>12.0f}{middle / other:>8.2f}{cpu[0]:>9.0f}{cpu[1]:>12.0f}"
        f"{'' if late <= question.limit_ms and middle / other <= RATIO else '   MISSED'}"
    )


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process and all that it started, seconds."""
    first = psutil.Process(pid)
    family = [first, *first.children(recursive=True)]
    times = [each.cpu_times() for each in family]
    return sum(each.user + each.system for each in times)


def asked(client: httpx.Client, address: str, question: Question) -> None:
    """Ask the server and read the whole answer."""
    client.get(address + question.path, params=question.given).raise_for_status()


def milliseconds(act: Callable[[], object]) -> float:
    """Return how long an act takes."""
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def crowd(client: httpx.Client, address: str, server: Any, seconds: int) -> None:
    """Print how eight users at once are served, and what the others notice of it."""
    stop = threading.Event()

    def browse(user: int) -> tuple[int, int]:
        served = refused = 0
        mine = httpx.Client(base_url=client.base_url, headers=client.headers, timeout=120)
        with mine:
            while not stop.is_set():
                question = QUESTIONS[(user + served) % len(QUESTIONS)]
                answer = mine.get(address + question.path, params=question.given)
                if answer.status_code == 429:
                    refused += 1
                    time.sleep(float(answer.headers["Retry-After"]))
                else:
                    answer.raise_for_status()
                    served += 1
        return served, refused

    lists = []
    with Peak(server) as peak, ThreadPoolExecutor(8) as pool:
        users = [pool.submit(browse, user) for user in range(8)]
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            lists.append(
                milliseconds(
                    lambda: client.get("products/?status=1&page_size=100").raise_for_status()
                )
            )
            time.sleep(0.2)
        stop.set()
        served = [user.result() for user in users]
    print(
        f"8 users for {seconds} s: {sum(one for one, _ in served)} answers, "
        f"{sum(two for _, two in served)} told to wait; list of products p50 "
        f"{statistics.median(lists):.0f} ms, p95 {statistics.quantiles(lists, n=20)[-1]:.0f} ms "
        f"(limit 200 ms); peak memory {peak.megabytes:.0f} MB (limit 1000 MB)"
    )


if __name__ == "__main__":
    main()
