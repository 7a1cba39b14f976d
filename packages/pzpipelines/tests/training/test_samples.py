"""The real sample: in every format, opened by those who use training sets."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy.table import Table

from .releases import redshift_table, train

CONTRACT_PYTHON = Path(__file__).parents[4] / ".venv-contract" / "bin" / "python"
NAMES = [
    "ra_specz", "dec_specz", "z", "id_specz", "ra", "dec", "id", "_dist_arcsec", "is_training_set",
]  # fmt: skip
OPEN = """
import json, sys
import lsdb, tables_io
hats, parquet, fits, hdf5 = sys.argv[1:]
catalog = lsdb.open_catalog(hats)
opened = {"lsdb": [sorted(catalog.columns), len(catalog.compute())]}
opened["margin"] = catalog.margin is not None
for path in (parquet, fits, hdf5):
    read = tables_io.read(path, tables_io.types.NUMPY_DICT)
    table = read if "z" in read else next(iter(read.values()))
    opened[path.rsplit(".", 1)[1]] = [sorted(table), len(table["z"])]
print(json.dumps(opened))
"""


@pytest.mark.parametrize("redshifts", ["specz_collection", "specz_for_object_dr2.parquet"])
def test_the_sample_matches_as_it_always_did(tmp_path: Path, samples: Path, redshifts: str) -> None:
    folder = samples if redshifts == "specz_collection" else samples.parent / "surveys"
    outcome, exit_code, run = train(
        tmp_path, folder / redshifts, samples / "object_dr2", columns={}, output_format="parquet"
    )
    assert exit_code == 0, outcome.error
    table = pq.read_table(run / "tsm.parquet")
    assert table.column_names == NAMES
    assert (table.num_rows, outcome.summary["rows_in"]) == (40, 80)
    assert table["id"] == table["id_specz"]
    assert np.max(table["_dist_arcsec"].to_numpy()) < 1e-3
    assert outcome.outputs[0].columns_assoc == {
        "id": "id_specz", "ra": "ra_specz", "dec": "dec_specz", "z": "z",
    }  # fmt: skip
    assert outcome.summary["split"]["train_rows"] == 28


def test_the_result_opens_with_pandas_and_astropy(tmp_path: Path, samples: Path) -> None:
    specz = samples / "specz_collection"
    for format_name in ("csv", "parquet", "fits"):
        train(tmp_path, specz, samples / "object_dr2", columns={}, output_format=format_name)
        path = tmp_path / "run" / f"tsm.{format_name}"
        if format_name == "fits":
            found = Table.read(path).to_pandas()
        else:
            found = (pd.read_csv if format_name == "csv" else pd.read_parquet)(path)
            assert list(Table.read(path).colnames) == NAMES
        assert list(found.columns) == NAMES
        assert found["is_training_set"].sum() == 28


@pytest.mark.thorough
def test_the_result_opens_with_lsdb_and_tables_io(tmp_path: Path, samples: Path) -> None:
    if not CONTRACT_PYTHON.is_file():
        pytest.skip("LSDB and tables_io are not installed: `make contract` sets them up")
    paths = []
    for format_name in ("hats", "parquet", "fits", "hdf5"):
        outcome, _, run = train(
            tmp_path, samples / "specz_collection", samples / "object_dr2", columns={},
            output_format=format_name, name=format_name,
        )  # fmt: skip
        paths.append(str(run / outcome.outputs[0].path))
    done = subprocess.run(
        [CONTRACT_PYTHON, "-c", OPEN, *paths], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    opened = json.loads(done.stdout.splitlines()[-1])
    whole = [sorted(NAMES), 40]
    assert opened == {
        "lsdb": whole, "margin": True, "parquet": whole, "fits": whole, "hdf5": whole,
    }  # fmt: skip


def test_where_nothing_overlaps_the_map_of_the_catalog_tells_its_area(
    tmp_path: Path, samples: Path
) -> None:
    outcome, exit_code, _ = train(tmp_path, redshift_table(20), samples / "elaisfbmc_collection")
    assert exit_code == 2
    assert outcome.error is not None
    assert outcome.error["code"] == "no_overlap"
    assert outcome.error["data"]["objects"].startswith("7.16 square degrees")  # not whole pixels
