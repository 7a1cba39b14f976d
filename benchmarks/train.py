"""Training Set Maker against the floor and against LSDB, as whole processes on the same data.

- ``ours``: ``pzpipelines train`` of a redshift catalog with a release in HATS;
- ``floor``: a minimal program that reads the same columns of the overlapping
  partitions, builds one tree, asks it for the nearest object, and writes one
  Parquet file;
- ``LSDB``: its ``crossmatch`` of the same files, written to Parquet, where LSDB
  is installed (``make contract`` makes an environment with it).

The object catalogs (3 million objects in 100 square degrees, 30 million in
1,000; 12 magnitudes and errors each; 4.5 GB together) are made once with a
fixed seed and kept in the folder.

Usage::

    python benchmarks/train.py --folder DIR [--repeat 3] [--skip-lsdb] [--skip-large]
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
SEED = 20261121
RADIUS_ARCSEC = 1.0
SCATTER_ARCSEC = 0.2
COLUMNS = {"ra": "RA", "dec": "DEC", "z": "Z", "id": "ID", "z_flag": "Q", "survey": "SURVEY"}
LAYOUT = Path("mag", "cmodel", "sfd", "catalog")


@dataclass(frozen=True)
class Sky:
    """A generated object catalog: so many objects in a box of degrees, across 0 h."""

    n_objects: int
    ra: tuple[float, float]
    dec: tuple[float, float]

    def folder(self, base: Path) -> Path:
        """Where its release is kept."""
        return base / f"objects_{self.n_objects}"

    def positions(self) -> tuple[Any, Any]:
        """Return right ascensions and declinations, always the same."""
        from object_catalogs import uniform_sky

        return uniform_sky(self.n_objects, ra=self.ra, dec=self.dec, seed=SEED)


SMALL = Sky(3_000_000, (-5.0, 5.0), (-5.0, 5.02))
LARGE = Sky(30_000_000, (-20.0, 20.0), (-13.0, 12.0))
#: About 5 square degrees of the large sky.
CORNER = ((8.0, 10.24), (3.0, 5.24))


@dataclass(frozen=True)
class Cost:
    """Of one process: seconds of wall time and of the processor, peak memory in bytes."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def prepare_objects(base: Path, sky: Sky) -> Path:
    """Return the release of a sky, made unless it is there."""
    from object_catalogs import write_object_collection

    release = sky.folder(base)
    if not release.exists():
        print(f"making {sky.n_objects:,} objects in {release} ...", file=sys.stderr)
        making = base / f".making_{sky.n_objects}"
        shutil.rmtree(making, ignore_errors=True)
        (making / LAYOUT).parent.mkdir(parents=True)
        write_object_collection(making / LAYOUT, *sky.positions())
        making.rename(release)
    return release


def write_redshifts(
    path: Path, sky: Sky, n: int, box: tuple[tuple[float, float], tuple[float, float]] | None = None
) -> Path:
    """Write ``n`` redshifts of objects, in the whole sky or a box; positions scatter a little."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(SEED + n)
    ra, dec = sky.positions()
    inside = np.arange(sky.n_objects)
    if box is not None:
        (west, east), (south, north) = box
        inside = np.flatnonzero((ra >= west) & (ra < east) & (dec >= south) & (dec < north))
    chosen = random.choice(inside, n, replace=False)
    scatter = random.normal(0, SCATTER_ARCSEC / 3600, (2, n))
    table = pa.table(
        {
            "ID": chosen + 1,
            "RA": (ra[chosen] + scatter[0]) % 360,
            "DEC": dec[chosen] + scatter[1],
            "Z": random.gamma(2.0, 0.25, n),
            "Q": random.choice([3, 4], n),
            "SURVEY": pa.array(random.choice(["2DFGRS", "VVDS", "DESI"], n)),
        }
    )
    pq.write_table(table, path)
    return path


#: Between us and what is measured: a child begins with the peak of the process that made it.
LAUNCHER = """
import json, os, subprocess, sys, time
began = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - began
print(json.dumps([status, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024]))
"""


def cost_of(command: list[str]) -> Cost:
    """Run a command to its end and return what it cost."""
    launcher = [sys.executable, "-c", LAUNCHER, *command]
    done = subprocess.run(launcher, capture_output=True, text=True, check=True)
    status, *costs = json.loads(done.stdout)
    if status != 0:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr}")
    return Cost(*costs)


def ours(redshifts: Path, release: Path, output: Path) -> list[str]:
    """Return our command."""
    columns = output.with_suffix(".columns.json")
    columns.write_text(json.dumps({redshifts.name: COLUMNS}))
    return [
        sys.executable, "-m", "pzpipelines.cli", "train",
        "--objects", str(release), "--redshifts", str(redshifts), "--columns", str(columns),
        "--param", "flux_type=cmodel", "--param", "dereddening=sfd", "--param", "random_seed=1",
        "--param", f"crossmatch.radius_arcsec={RADIUS_ARCSEC}",
        "--record", str(output.with_suffix(".record")), "-o", str(output),
    ]  # fmt: skip


def lowest(redshifts: Path, release: Path, output: Path) -> list[str]:
    """Return the command of the floor, with the partitions that overlap."""
    import pyarrow.parquet as pq

    from pzpipelines.objects.catalog import open_objects
    from pzpipelines.training.match import overlapping

    table = pq.read_table(redshifts, columns=["RA", "DEC"])
    catalog = open_objects(release / LAYOUT)
    near = overlapping(
        table["RA"].to_numpy(), table["DEC"].to_numpy(), catalog, radius_arcsec=RADIUS_ARCSEC
    )
    files = [str(file) for partition in near for file in partition.files]
    return [sys.executable, __file__, "--floor", str(output), str(redshifts), *files]


def floor(redshifts: Path, files: list[Path], output: Path) -> None:
    """Read, build one tree, ask it, write: nothing else."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from scipy.spatial import cKDTree

    def vectors(ra: Any, dec: Any) -> Any:
        ra, dec = np.radians(ra.to_numpy()), np.radians(dec.to_numpy())
        return np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])

    left = pq.read_table(redshifts)
    names = [name for name in pq.read_schema(files[0]).names if not name.startswith("_")]
    right = pa.concat_tables([pq.read_table(file, columns=names) for file in files])
    tree = cKDTree(vectors(right["ra"], right["dec"]))
    chord = 2 * np.sin(np.radians(RADIUS_ARCSEC / 3600) / 2)
    chords, found = tree.query(vectors(left["RA"], left["DEC"]), distance_upper_bound=chord)
    matched = np.flatnonzero(np.isfinite(chords))
    table = left.take(pa.array(matched))
    for name, column in zip(names, right.take(pa.array(found[matched])).columns, strict=True):
        table = table.append_column(name, column)
    arcsec = np.degrees(2 * np.arcsin(chords[matched] / 2)) * 3600
    pq.write_table(table.append_column("_dist_arcsec", pa.array(arcsec)), output)


LSDB_PROGRAM = """
import sys
import lsdb, pandas as pd
redshifts = lsdb.from_dataframe(
    pd.read_parquet(sys.argv[1]), ra_column="RA", dec_column="DEC", margin_threshold=None
)
matched = redshifts.crossmatch(
    lsdb.open_catalog(sys.argv[2]), n_neighbors=1, radius_arcsec=float(sys.argv[3]),
    suffixes=("_specz", ""), suffix_method="overlapping_columns",
).compute(progress_bar=False)
matched.to_parquet(sys.argv[4])
print("ROWS", len(matched))
"""


def lsdb_command(redshifts: Path, release: Path, output: Path) -> list[str] | None:
    """Return LSDB's command, or ``None`` where it is not installed."""
    own = ROOT / ".venv-contract" / "bin" / "python"
    python = str(own if own.exists() else sys.executable)
    if subprocess.run([python, "-c", "import hats"], capture_output=True, check=False).returncode:
        return None
    arguments = [str(redshifts), str(release / LAYOUT), str(RADIUS_ARCSEC), str(output)]
    return [python, "-W", "ignore", "-c", LSDB_PROGRAM, *arguments]


def best(commands: dict[str, list[str]], repeat: int) -> dict[str, Cost]:
    """Return the quickest of several runs of each command in turns, with the largest peak."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(repeat):
        for name, command in commands.items():
            costs[name].append(cost_of(command))
    return {
        name: Cost(
            min(c.seconds for c in each),
            min(c.cpu_seconds for c in each),
            max(c.peak_bytes for c in each),
        )
        for name, each in costs.items()
    }


def needed_bytes(redshifts: Path, release: Path) -> int:
    """Return the compressed bytes of all columns (but the index) of the overlapping partitions."""
    import pyarrow.parquet as pq

    files = lowest(redshifts, release, Path("unused"))[5:]
    total = 0
    for file in files:
        metadata = pq.read_metadata(file)
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            chunks = (group.column(place) for place in range(group.num_columns))
            total += sum(
                c.total_compressed_size for c in chunks if not c.path_in_schema.startswith("_")
            )
    return total


def summary_of(output: Path) -> dict[str, Any]:
    """Return the summary of the last run of ours."""
    record = json.loads((output.with_suffix(".record") / "outcome.json").read_text())
    return dict(record["summary"])


def check_same(ours_output: Path, floor_output: Path) -> None:
    """End the benchmark if both did not find the same pairs."""
    import pyarrow.parquet as pq

    pairs = [
        set(
            zip(
                *(pq.read_table(path)[name].to_pylist() for name in ("ID", "objectId")), strict=True
            )
        )
        for path in (ours_output, floor_output)
    ]
    if pairs[0] != pairs[1]:
        raise SystemExit(f"ours and the floor differ in {len(pairs[0] ^ pairs[1])} pairs")


def print_costs(title: str, costs: dict[str, Cost]) -> None:
    """Print a table with the ratios to the floor and to ours."""
    print(f"\n{title}\n")
    print("| | s | processor, s | peak, MB | times the floor | times ours |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, cost in costs.items():
        print(
            f"| {name} | {cost.seconds:.2f} | {cost.cpu_seconds:.2f} "
            f"| {cost.peak_bytes / 1e6:.0f} | {cost.seconds / costs['floor'].seconds:.2f} "
            f"| {cost.seconds / costs['ours'].seconds:.2f} |",
            flush=True,
        )


def compare(base: Path, sky: Sky, redshifts: Path, repeat: int, *, with_lsdb: bool) -> None:
    """Run all programs on one case and print what they cost."""
    release = prepare_objects(base, sky)
    outputs = {name: base / f"{redshifts.stem}_{name}.parquet" for name in ("ours", "floor")}
    commands = {
        "ours": ours(redshifts, release, outputs["ours"]),
        "floor": lowest(redshifts, release, outputs["floor"]),
    }
    costs = best(commands, repeat)
    check_same(outputs["ours"], outputs["floor"])
    lsdb = lsdb_command(redshifts, release, base / "lsdb.parquet") if with_lsdb else None
    if lsdb is not None:
        costs |= best({"LSDB": lsdb}, 1)
    print_costs(f"{redshifts.stem}: {sky.n_objects:,} objects", costs)
    matching = summary_of(outputs["ours"])["matching"]
    needed = needed_bytes(redshifts, release)
    print(
        f"\nread {matching['bytes_read'] / 1e6:.1f} MB of {matching['partitions_read']} of "
        f"{matching['partitions']} partitions; their needed columns are {needed / 1e6:.1f} MB: "
        f"{matching['bytes_read'] / needed:.2f} times"
    )


def print_scaling(base: Path, repeat: int, *, with_large: bool) -> None:
    """Print what twice the redshifts in one place and twice the sky cost."""
    release = prepare_objects(base, SMALL)
    cases = {
        "200,000 redshifts": (release, write_redshifts(base / "r200k.parquet", SMALL, 200_000)),
        "400,000 redshifts": (release, write_redshifts(base / "r400k.parquet", SMALL, 400_000)),
    }
    if with_large:
        release = prepare_objects(base, LARGE)
        for name, east in (("100 square degrees", 6.0), ("200 square degrees", 14.0)):
            n = 100_000 if east == 6.0 else 200_000
            path = base / f"sky_{n}.parquet"
            cases[name] = (release, write_redshifts(path, LARGE, n, ((-2.0, east), (-13.0, -0.4))))
    commands = {
        name: ours(path, objects, base / f"{path.stem}_scaling.parquet")
        for name, (objects, path) in cases.items()
    }
    costs = best(commands, repeat)
    print("\n| case | s | processor, s | peak, MB | times the one before |")
    print("|---|---:|---:|---:|---:|")
    before: Cost | None = None
    for name, cost in costs.items():
        ratio = f"{cost.seconds / before.seconds:.2f}" if before else ""
        print(
            f"| {name} | {cost.seconds:.2f} | {cost.cpu_seconds:.2f} "
            f"| {cost.peak_bytes / 1e6:.0f} | {ratio} |"
        )
        before = None if before else cost


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, help="where catalogs are made and kept")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--skip-lsdb", action="store_true")
    parser.add_argument("--skip-large", action="store_true", help="3 million objects only")
    parser.add_argument("--skip-scaling", action="store_true")
    parser.add_argument("--floor", type=Path, metavar="OUT", help=argparse.SUPPRESS)
    parser.add_argument("files", type=Path, nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.floor:
        floor(options.files[0], options.files[1:], options.floor)
        return
    if options.folder is None:
        parser.error("--folder is needed: the catalogs take 4.5 GB and are made once")
    sys.path.insert(0, str(ROOT / "tests"))
    base = options.folder
    base.mkdir(parents=True, exist_ok=True)
    wide = write_redshifts(base / "redshifts_200000.parquet", SMALL, 200_000)
    compare(base, SMALL, wide, options.repeat, with_lsdb=not options.skip_lsdb)
    if not options.skip_large:
        corner = write_redshifts(base / "redshifts_20000_in_5_deg2.parquet", LARGE, 20_000, CORNER)
        compare(base, LARGE, corner, options.repeat, with_lsdb=not options.skip_lsdb)
    if not options.skip_scaling:
        print_scaling(base, options.repeat, with_large=not options.skip_large)


if __name__ == "__main__":
    main()
