"""Combine Redshift Catalogs against the floor: what reading, matching and writing cost at least.

Every size runs as whole processes, start-up included, one after the other:

- ``ours``: ``pzpipelines combine`` of three Parquet catalogs, duplicates marked;
- ``floor``: a minimal program that reads the same columns, builds one tree,
  finds the pairs and their connected components, and writes one Parquet file.

The pairing step alone is also timed in this process: ours, astropy's
``search_around_sky``, and LSDB where it is installed.

Usage::

    python benchmarks/combine.py [--rows 200000 2000000] [--repeat 3] [--folder DIR]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SEED = 20261121
RADIUS_ARCSEC = 0.5
SURVEYS = ("2DFGRS", "6DFGS", "VVDS")
COLUMNS = {
    "id": "ID", "ra": "RA", "dec": "DEC", "z": "Z", "z_flag": "Q", "z_err": "Z_ERR",
    "survey": "SURVEY",
}  # fmt: skip


@dataclass(frozen=True)
class Cost:
    """Of one process: seconds of wall time, peak memory in bytes."""

    seconds: float
    peak_bytes: int


def generate_catalogs(folder: Path, rows: int) -> list[Path]:
    """Write three catalogs of ``rows`` rows; about half of their objects are shared.

    Positions lie in 1,000 square degrees across right ascension 0; repeated
    measurements scatter by 0.1 arcsec and 0.0002 in redshift.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(SEED)
    n_objects = 2 * rows
    ra = (random.uniform(-20, 20, n_objects)) % 360
    dec = np.degrees(
        np.arcsin(random.uniform(np.sin(np.radians(-13)), np.sin(np.radians(12)), n_objects))
    )
    z = random.gamma(2.0, 0.25, n_objects)
    paths = []
    for number, survey in enumerate(SURVEYS):
        chosen = random.choice(n_objects, rows, replace=False)
        scatter = random.normal(0, 0.1 / 3600, (2, rows))
        table = pa.table(
            {
                "ID": chosen.astype(np.int64) + 39_627_652_591_000_000,
                "RA": (ra[chosen] + scatter[0]) % 360,
                "DEC": dec[chosen] + scatter[1],
                "Z": z[chosen] + random.normal(0, 2e-4, rows),
                "Q": random.choice([1, 2, 3, 4], rows, p=[0.05, 0.1, 0.25, 0.6]),
                "Z_ERR": random.uniform(1e-5, 1e-3, rows),
                "SURVEY": pa.array([survey] * rows),
            }
        )
        paths.append(folder / f"{number + 1}_{survey.lower()}_{rows}.parquet")
        pq.write_table(table, paths[-1])
    columns = {path.name: COLUMNS for path in paths}
    (folder / "columns.json").write_text(json.dumps(columns))
    return paths


def floor(paths: list[Path], output: Path) -> None:
    """Read, build one tree, find pairs and components, write: nothing else."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    table = pa.concat_tables([pq.read_table(path) for path in paths])
    ra, dec = np.radians(table["RA"].to_numpy()), np.radians(table["DEC"].to_numpy())
    vectors = np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    chord = 2 * np.sin(np.radians(RADIUS_ARCSEC / 3600) / 2)
    pairs = cKDTree(vectors).query_pairs(chord, output_type="ndarray")
    n = len(table)
    graph = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    pq.write_table(table.append_column("group_id", pa.array(component)), output)


def cost_of(command: list[str]) -> Cost:
    """Run a command to its end and return what it cost."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with exit code {process.returncode}")
    return Cost(seconds, usage.ru_maxrss * 1024)


def best_cost(command: list[str], repeat: int) -> Cost:
    """Return the quickest of several runs, with the largest peak."""
    costs = [cost_of(command) for _ in range(repeat)]
    return Cost(min(c.seconds for c in costs), max(c.peak_bytes for c in costs))


def measure(folder: Path, rows: int, repeat: int) -> tuple[Cost, Cost]:
    """Return the costs of ours and of the floor for three catalogs of ``rows`` rows."""
    paths = [str(path) for path in generate_catalogs(folder, rows)]
    ours = [
        sys.executable, "-m", "pzpipelines.cli", "combine", *paths,
        "--columns", str(folder / "columns.json"), "-o", str(folder / "ours.parquet"),
        "--param", "combine_type=concatenate_and_mark_duplicates",
        "--param", "z_flag_homogenized_value_to_cut=null",
        "--memory", str(6000 if rows > 3_000_000 else 2000),
    ]  # fmt: skip
    lowest = [sys.executable, __file__, "--floor", str(folder / "floor.parquet"), *paths]
    return best_cost(ours, repeat), best_cost(lowest, repeat)


def timed(step: Callable[[], Any], repeat: int) -> float:
    """Return the seconds of the quickest of several calls."""
    durations = []
    for _ in range(repeat):
        began = time.perf_counter()
        step()
        durations.append(time.perf_counter() - began)
    return min(durations)


def positions(folder: Path, rows: int) -> tuple[Any, Any]:
    """Return right ascension and declination of all generated rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    paths = generate_catalogs(folder, rows)
    table = pa.concat_tables([pq.read_table(path, columns=["RA", "DEC"]) for path in paths])
    return table["RA"].to_numpy(), table["DEC"].to_numpy()


def pairing_steps(ra: Any, dec: Any) -> dict[str, Callable[[], Any]]:
    """Return the ways to find all pairs of these positions that are installed here."""
    from concurrent.futures import ThreadPoolExecutor

    import astropy.units as u
    from astropy.coordinates import SkyCoord, search_around_sky

    from pzpipelines.combine.pairs import find_pairs, partition_rows_for

    def ours() -> Any:
        with ThreadPoolExecutor(2) as threads:
            return find_pairs(
                ra, dec, radius_arcsec=RADIUS_ARCSEC, executor=threads,
                rows_per_partition=partition_rows_for(len(ra), workers=2),
                progress=lambda share: None,
            )  # fmt: skip

    def astropys() -> Any:
        coordinates = SkyCoord(ra * u.deg, dec * u.deg)
        return search_around_sky(coordinates, coordinates, RADIUS_ARCSEC * u.arcsec)

    return {"ours": ours, "astropy search_around_sky": astropys}


LSDB_PROGRAM = """
import sys, time
import lsdb, pandas as pd
frame = pd.read_parquet(sys.argv[1])
catalog = lsdb.from_dataframe(frame, ra_column="ra", dec_column="dec", margin_threshold=5.0)
match = catalog.crossmatch(
    catalog, n_neighbors=10, radius_arcsec=float(sys.argv[2]), suffixes=("_a", "_b"),
    suffix_method="all_columns",
)
seconds = []
for _ in range(int(sys.argv[3])):
    began = time.perf_counter()
    match.compute()
    seconds.append(time.perf_counter() - began)
print("SECONDS", min(seconds))
"""


def lsdb_seconds(ra: Any, dec: Any, folder: Path, repeat: int) -> float | None:
    """Return how long LSDB matches the positions with themselves, where it is installed.

    It may be in an environment of its own, as `make contract` makes one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    own = Path(__file__).parents[1] / ".venv-contract" / "bin" / "python"
    python = own if own.exists() else Path(sys.executable)
    path = folder / "positions.parquet"
    pq.write_table(pa.table({"ra": ra, "dec": dec}), path)
    command = [str(python), "-c", LSDB_PROGRAM, str(path), str(RADIUS_ARCSEC), str(repeat)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("SECONDS")]
    return float(lines[0].split()[1]) if lines else None


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where files are made (a temporary folder)")
    parser.add_argument("--skip-pairing", action="store_true", help="whole processes only")
    parser.add_argument("--floor", type=Path, metavar="OUT", help=argparse.SUPPRESS)
    parser.add_argument("files", type=Path, nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.floor:
        floor(options.files, options.floor)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as made:
        print_whole_processes(Path(made), options.rows, options.repeat)
        if not options.skip_pairing:
            print_pairing(Path(made), min(max(options.rows), 200_000), options.repeat)


def print_whole_processes(folder: Path, sizes: list[int], repeat: int) -> None:
    """Print seconds, peak memory and the ratio to the floor of every size."""
    print("| rows | ours, s | peak, MB | floor, s | floor peak, MB | ratio |")
    print("|---:|---:|---:|---:|---:|---:|")
    for rows in sizes:
        ours, lowest = measure(folder, rows, repeat)
        print(
            f"| 3 × {rows:,} | {ours.seconds:.2f} | {ours.peak_bytes / 1e6:.0f} "
            f"| {lowest.seconds:.2f} | {lowest.peak_bytes / 1e6:.0f} "
            f"| {ours.seconds / lowest.seconds:.2f} |",
            flush=True,
        )


def print_pairing(folder: Path, rows: int, repeat: int) -> None:
    """Print the seconds of the pairing step alone, and how many times ours it takes."""
    ra, dec = positions(folder, rows)
    steps = pairing_steps(ra, dec)
    print(f"\nPairing step alone, {3 * rows:,} rows against themselves:\n")
    print("| step | s | times ours |")
    print("|---|---:|---:|")
    seconds = {name: timed(step, repeat) for name, step in steps.items()}
    lsdb = lsdb_seconds(ra, dec, folder, repeat)
    if lsdb is not None:
        seconds["LSDB crossmatch (catalog in memory)"] = lsdb
    for name, duration in seconds.items():
        print(f"| {name} | {duration:.2f} | {duration / seconds['ours']:.1f} |")


if __name__ == "__main__":
    main()
