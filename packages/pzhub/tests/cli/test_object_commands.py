"""`pzhub import-objects` and `pzhub register-release`, as a newcomer types them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from hub import PZHUB
from object_catalogs import FIRST_ID, IntArray, uniform_sky
from pzpipelines.objects.catalog import open_objects
from pztables.formats import write_table
from release_catalogs import partition_of, write_flux_catalog

pytestmark = pytest.mark.xdist_group("commands")

Run = Callable[..., tuple[int, str, str]]
ROOT = Path(__file__).parents[4]
CONTRACT_PYTHON = ROOT / ".venv-contract" / "bin" / "python"
#: What LSDB, as users have it, sees of a collection.
LSDB = """
import json, sys, warnings
warnings.simplefilter("ignore")
import lsdb
found = lsdb.open_catalog(sys.argv[1])
rows = found.compute()
print(json.dumps([len(rows), int(rows["objectId"].sum()), found.margin is not None]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder that the commands of this module share."""
    return tmp_path_factory.mktemp("objects") / "data"


@pytest.fixture(scope="module")
def pzhub(folder: Path) -> Run:
    """Return a function that runs `pzhub` on the folder: exit code, output, talk."""
    environment = {**os.environ, "PZHUB_LOG_LEVEL": "ERROR", "PZHUB_DATA_DIR": str(folder)}
    # Compiling takes longer than the few rows here do uncompiled.
    environment["NUMBA_DISABLE_JIT"] = "1"
    for name in ("DJANGO_SETTINGS_MODULE", "PZHUB_DATABASE_URL"):
        environment.pop(name, None)

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        done = subprocess.run(
            [PZHUB, *map(str, arguments)],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
            timeout=300,
        )
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of object tables: Parquet and CSV, some rows not primary, one astray."""
    folder = tmp_path_factory.mktemp("tables")
    ra, dec = uniform_sky(3000, ra=(-1, 1), dec=(-1, 1), seed=7)
    ra[10] = 720.0
    rows = pa.table(
        {
            "objectId": pa.array(np.arange(3000) + FIRST_ID),
            "coord_ra": ra,
            "coord_dec": dec,
            "i_cModelFlux": np.linspace(1, 1000, 3000),
            "tract": pa.array(np.arange(3000) // 500, pa.int32()),
            "detect_isPrimary": pa.array(np.arange(3000) % 3 != 2),
        }
    )
    write_table(rows.slice(0, 2000), folder / "part1.parquet")
    write_table(rows.slice(2000), folder / "part2.csv")
    return folder


def made_in(folder: Path) -> list[str]:
    """Return what was made beside the data folder that every test has."""
    return sorted(each.name for each in folder.iterdir() if each.name != "data")


@pytest.fixture(scope="module")
def collection(pzhub: Run, tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the collection that the command makes of the tables."""
    out = tmp_path_factory.mktemp("collections") / "made"
    code, said, talk = pzhub(
        "import-objects", tables, "-o", out, "--keep-primary-column", "detect_isPrimary",
        "--columns", "i_cModelFlux,tract", "--max-rows", "1500", "--skip-bad-rows",
    )  # fmt: skip
    assert (code, said) == (0, f"Wrote 1,999 objects to {out}.\n"), talk
    assert f"--objects {out} --indexing-column objectId" in talk
    assert made_in(out.parent) == ["made"]
    return out


@pytest.fixture(scope="module")
def expected_ids() -> IntArray:
    """Return the identifiers of the primary rows with a position."""
    numbers = np.arange(3000)
    return numbers[(numbers % 3 != 2) & (numbers != 10)] + FIRST_ID


@pytest.mark.thorough
def test_tables_become_a_collection_that_a_release_can_offer(
    pzhub: Run, collection: Path, expected_ids: IntArray
) -> None:
    catalog = open_objects(collection)
    assert catalog.schema.names == ["objectId", "coord_ra", "coord_dec", "i_cModelFlux", "tract"]
    assert (catalog.ra, catalog.dec, catalog.n_rows) == ("coord_ra", "coord_dec", 1999)
    assert len(catalog.partitions) > 1
    assert catalog.margin is not None
    assert catalog.margin.threshold_arcsec == 10
    found = pa.concat_tables(
        catalog.read_columns(part, ["objectId"]) for part in catalog.partitions
    )
    assert np.sort(found["objectId"].to_numpy()).tolist() == expected_ids.tolist()
    code, said, _ = pzhub("register-release", "made", "--objects", collection)
    assert code == 0
    assert "1,999 rows" in said


@pytest.mark.thorough
def test_lsdb_opens_the_collection_with_its_margin(
    collection: Path, expected_ids: IntArray
) -> None:
    if not CONTRACT_PYTHON.exists():
        message = "LSDB is not installed: `make contract` sets its environment up"
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail(message)
        pytest.skip(message)
    seen = subprocess.run(
        [CONTRACT_PYTHON, "-c", LSDB, collection], capture_output=True, text=True, check=True
    )
    ids = int(expected_ids.sum())
    assert json.loads(seen.stdout.splitlines()[-1]) == [1999, ids, True]


def test_rows_without_a_position_are_named_and_nothing_is_written(
    pzhub: Run, tables: Path, tmp_path: Path
) -> None:
    code, said, talk = pzhub("import-objects", tables, "-o", tmp_path / "out")
    assert (code, said) == (2, "")
    assert "part1.parquet: 1 of 2000 rows have no valid position" in talk
    assert "row 11: RA 720.0" in talk
    assert "--skip-bad-rows" in talk
    assert made_in(tmp_path) == []


@pytest.mark.thorough
def test_a_release_is_registered_checked_and_found_changed(pzhub: Run, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    write_flux_catalog(catalog)
    command = ("register-release", "dp2", "--objects", catalog, "--group", "dp2-team")
    code, said, _ = pzhub(*command, "--dry-run")
    assert code == 0
    assert "Would register release dp2 (DP2)." in said
    code, said, _ = pzhub(*command, "--disable", "gaap1p0")
    assert code == 0
    assert said.splitlines()[0] == "Registered release dp2 (DP2)."
    for fact in ("cModel (preselected), gaap1p0 (switched off)", "coord_ra, coord_dec", "g r i"):
        assert fact in said
    code, _, talk = pzhub(*command)
    assert (code, talk) == (2, "There is a release dp2 already. To change it, add --update.\n")
    partition_of(catalog).write_bytes(b"PAR1")
    code, said, talk = pzhub("register-release", "dp2", "--check")
    assert (code, said) == (2, "")
    assert talk.startswith("Release dp2 is not as it was registered:\n")
    assert partition_of(catalog).stem in talk
