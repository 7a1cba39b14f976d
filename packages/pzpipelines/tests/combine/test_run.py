"""Whole runs inside this process: options, workers, memory, formats, HATS."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pzpipelines.combine import run as combine_run
from pzpipelines.combine import store
from pzpipelines.combine.run import run
from pzpipelines.runtime.job import Job
from pzpipelines.runtime.outcome import Outcome
from pzpipelines.runtime.workspace import Workspace
from pztables.errors import UserError

COLUMNS = {"id": "ID", "ra": "RA", "dec": "DEC", "z": "Z", "z_err": "E", "z_flag": "Q",
           "survey": "S"}  # fmt: skip
SURVEYS = ("VVDS", "2DFGRS", "6DFGS")
MARK = {"combine_type": "concatenate_and_mark_duplicates", "z_flag_homogenized_value_to_cut": 0}


def random_catalog(seed: int, survey: str, n: int, width: float = 0.02) -> pa.Table:
    """Rows in knots around RA 0 (degrees wide), many of them repeated measurements."""
    random = np.random.default_rng(seed)
    knots = np.random.default_rng(0).uniform(-width / 2, width / 2, (2, max(n // 3, 1)))
    knot = random.integers(0, knots.shape[1], n)
    scatter = random.normal(0, 0.2 / 3600, (2, n))
    return pa.table(
        {
            "ID": [f"{survey}{i}" for i in range(n)],
            "RA": (knots[0, knot] + scatter[0]) % 360,
            "DEC": knots[1, knot] + scatter[1],
            "Z": random.choice([0.1, 0.1004, 0.3], n),
            "E": random.choice([1e-4, 1e-3], n),
            "Q": random.choice([1, 2, 3, 4], n),
            "S": [survey] * n,
        }
    )


def catalogs_in(folder: Path, tables: dict[str, pa.Table]) -> list[dict[str, Any]]:
    inputs = []
    for number, (name, table) in enumerate(tables.items(), start=1):
        pq.write_table(table, folder / f"{name}.parquet")
        inputs.append(
            {
                "path": folder / f"{name}.parquet",
                "internal_name": f"{number}_{name}",
                "columns": COLUMNS,
            }
        )
    return inputs


def run_job(
    folder: Path, inputs: list[dict[str, Any]], parameters: dict[str, Any], **more: Any
) -> tuple[Outcome, Path]:
    job = Job(pipeline="combine_redshift_dedup", inputs=inputs, parameters=parameters, **more)
    with Workspace(folder / "work") as workspace:
        outcome = run(job, workspace)
    return outcome, folder / "work" / outcome.outputs[0].path


@pytest.fixture
def three_catalogs(tmp_path: Path) -> list[dict[str, Any]]:
    tables = {
        survey.lower(): random_catalog(seed, survey, 300) for seed, survey in enumerate(SURVEYS)
    }
    return catalogs_in(tmp_path, tables)


@pytest.mark.parametrize(
    "resources",
    [
        {"workers": 1, "executor": "serial"},
        {"workers": 2, "executor": "threads"},
        {"workers": 2, "executor": "processes"},
    ],
)
def test_results_do_not_depend_on_workers_partitions_or_memory(
    tmp_path: Path,
    three_catalogs: list[dict[str, Any]],
    resources: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, plain = run_job(tmp_path, three_catalogs, MARK)
    expected = pq.read_table(plain)
    monkeypatch.setattr("pzpipelines.combine.pairs._FEWEST_ROWS", 50)
    monkeypatch.setattr("pzpipelines.combine.pairs._MOST_ROWS", 50)
    monkeypatch.setattr("pzpipelines.combine.writing.ROWS_PER_SLICE", 77)
    monkeypatch.setattr(store, "_SHARE_OF_MEMORY", 0.0)  # everything waits on disk
    _, other = run_job(tmp_path, three_catalogs, MARK, resources=resources)
    assert pq.read_table(other).equals(expected)
    assert len(set(expected["group_id"].to_pylist())) < 600


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), order=st.permutations(range(40)))
def test_winners_do_not_depend_on_the_order_of_rows(
    seed: int, order: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("order")
    tables = {survey.lower(): random_catalog(seed, survey, 40) for survey in SURVEYS[:2]}
    # the smallest error decides within a redshift cluster, before the row number does
    parameters = {**MARK, "collapse_priority": ["z_err"]}
    results = []
    for rows in (list(range(40)), order):
        shuffled = {name: table.take(rows) for name, table in tables.items()}
        _, path = run_job(folder, catalogs_in(folder, shuffled), parameters)
        table = pq.read_table(path).to_pylist()
        # between rows that are equal in everything, one wins: which one is told by its CRD_ID
        results.append(
            sorted(
                (r["survey"], r["z_flag_homogenized"], r["z"], r["z_err"], r["tie_result"])
                for r in table
                if r["tie_result"] != 1 or r["compared_to"] is not None
            )
        )
    assert [row[-1] for row in results[0]].count(1) == [row[-1] for row in results[1]].count(1)
    assert [row[:-1] for row in results[0]] == [row[:-1] for row in results[1]]


@pytest.mark.parametrize("output_format", ["csv", "fits", "hdf5", "parquet"])
def test_every_format_holds_the_same_values(
    tmp_path: Path, three_catalogs: list[dict[str, Any]], output_format: str
) -> None:
    from pztables.formats import read_table

    _, plain = run_job(tmp_path, three_catalogs, MARK)
    _, path = run_job(tmp_path, three_catalogs, MARK, output={"format": output_format})
    expected, table = pq.read_table(plain), read_table(path)
    for name in ("CRD_ID", "id", "compared_to", "survey"):
        assert table[name].to_pylist() == expected[name].to_pylist()
    for name in ("ra", "z", "z_flag_homogenized", "tie_result", "group_id"):
        assert (
            table[name].cast(pa.float64()).to_pylist()
            == expected[name].cast(pa.float64()).to_pylist()
        )


def hats_rows(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.glob("dataset/Norder=*/Dir=*/Npix=*.parquet"))
    tables = [pq.ParquetFile(path).read() for path in files]
    return pa.concat_tables(tables).to_pylist() if tables else []


def test_a_hats_collection_holds_every_row_once_and_a_margin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = {survey.lower(): random_catalog(1, survey, 300, width=1.0) for survey in SURVEYS}
    three_catalogs = catalogs_in(tmp_path, tables)
    monkeypatch.setattr("pzpipelines.runtime.hats.ROWS_PER_PARTITION", 200)
    _, plain = run_job(tmp_path, three_catalogs, MARK)
    outcome, folder = run_job(
        tmp_path, three_catalogs, MARK, output={"name": "crd", "format": "hats"}
    )
    assert outcome.outputs[0].path == "crd"
    rows = hats_rows(folder / "catalog")
    indices = [row.pop("_healpix_29") for row in rows]
    by_id = {row["CRD_ID"]: row for row in rows}
    assert by_id == {row["CRD_ID"]: row for row in pq.read_table(plain).to_pylist()}
    assert len(rows) == 900
    assert len(set(indices)) > 1
    margin = {row["CRD_ID"] for row in hats_rows(folder / "margin_5arcs")}
    assert 0 < len(margin) < 900
    metadata = pq.read_metadata(folder / "catalog/dataset/_metadata")
    assert metadata.num_rows == 900


LSDB_PROGRAM = """
import json, sys, lsdb
catalog = lsdb.open_catalog(sys.argv[1])
matched = catalog.crossmatch(
    catalog, radius_arcsec=0.5, n_neighbors=100, suffixes=("_a", "_b"), suffix_method="all_columns"
).compute()
print("COUNTS", json.dumps([len(catalog), len(matched)]))
"""


@pytest.mark.thorough
@pytest.mark.slow
def test_lsdb_opens_the_hats_collection_and_finds_the_same_pairs(
    tmp_path: Path, three_catalogs: list[dict[str, Any]]
) -> None:
    # LSDB lives in the environment of the published client: it is heavy, and we do not need it.
    python = Path(__file__).parents[4] / ".venv-contract" / "bin" / "python"
    if not python.exists():
        pytest.skip("LSDB is not installed: `make contract` sets up an environment with it")
    outcome, folder = run_job(tmp_path, three_catalogs, MARK, output={"format": "hats"})
    done = subprocess.run(
        [str(python), "-c", LSDB_PROGRAM, str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    counts = next(line for line in done.stdout.splitlines() if line.startswith("COUNTS"))
    pairs = outcome.summary["matching"]["pairs"]
    assert json.loads(counts.removeprefix("COUNTS")) == [900, 900 + 2 * pairs]


def test_the_summary_counts_rows_surveys_pairs_groups_and_verdicts(
    tmp_path: Path, three_catalogs: list[dict[str, Any]]
) -> None:
    outcome, path = run_job(tmp_path, three_catalogs, {**MARK, "crossmatch_n_neighbors": 2})
    rows = pq.read_table(path).to_pylist()
    links = sum(len(r["compared_to"].split(", ")) for r in rows if r["compared_to"])
    sizes: dict[int, int] = {}
    for row in rows:
        sizes[row["group_id"]] = sizes.get(row["group_id"], 0) + 1
    by_size: dict[str, int] = {}
    for size in sorted(sizes.values()):
        if size > 1:
            by_size[str(size)] = by_size.get(str(size), 0) + 1
    verdicts = outcome.summary["matching"]["verdicts"]
    assert outcome.summary["matching"]["pairs"] == links // 2
    assert outcome.summary["matching"]["groups"] == {
        "count": sum(by_size.values()), "by_size": by_size,
    }  # fmt: skip
    assert verdicts["losers"] == sum(row["tie_result"] == 0 for row in rows)
    assert verdicts["hard_ties"] == sum(row["tie_result"] == 2 for row in rows)
    assert verdicts["winners"] + verdicts["unique"] == sum(r["tie_result"] == 1 for r in rows)
    assert outcome.summary["matching"]["rows_beyond_n_neighbors"] == sum(
        row["compared_to"] is not None and row["compared_to"].count(",") >= 2 for row in rows
    )
    assert outcome.summary["rows_by_survey"] == dict.fromkeys(sorted(SURVEYS), 300)
    assert outcome.summary["rows_out_by_survey"] == dict.fromkeys(sorted(SURVEYS), 300)
    json.dumps(outcome.summary, allow_nan=False)


def test_an_earlier_product_keeps_its_verdicts_unless_they_are_reset(tmp_path: Path) -> None:
    inputs = catalogs_in(tmp_path, {"vvds": random_catalog(3, "VVDS", 90)})
    _, first = run_job(tmp_path, inputs, MARK)
    losers = pq.read_table(first)
    losers = losers.filter(pa.compute.equal(losers["tie_result"], 0))
    product = tmp_path / "product.parquet"
    pq.write_table(losers, product)
    again = [{"path": product, "internal_name": "9_product", "columns": {}}]
    for reset, verdict in ((False, {0}), (True, {1})):
        parameters = {**MARK, "reset_previous_results": reset}
        _, path = run_job(tmp_path, again, parameters)
        table = pq.read_table(path)
        alone = table.filter(table["compared_to"].is_null())
        assert set(alone["tie_result"].to_pylist()) == verdict
        assert set(table["source"].to_pylist()) == {"9_product"}
        assert set(table["source_original"].to_pylist()) == {"1_vvds"}
        assert table["id"].to_pylist() == losers["id"].to_pylist()


def test_removing_everything_is_refused(tmp_path: Path) -> None:
    table = random_catalog(0, "VVDS", 2)
    same = table.take([0, 0]).set_column(3, "Z", pa.array([0.1, 0.9]))
    inputs = catalogs_in(tmp_path, {"vvds": same})
    parameters = {**MARK, "combine_type": "concatenate_and_remove_duplicates"}
    with pytest.raises(UserError, match="no row stays") as refusal:
        run_job(tmp_path, inputs, parameters)
    assert refusal.value.code == combine_run.EmptyResultError.code
    assert not list((tmp_path / "work").glob("crd*"))


def test_explain_tells_of_every_row_what_decided_and_how_far_the_winner_is(tmp_path: Path) -> None:
    second = 1 / 3600
    rows = [  # RA, DEC, Z, E, Q, decided_by, winner, separation
        (10.0, 0.0, 0.1, 1e-3, 4, "z_flag_homogenized", "CRD1_1", 0.0),
        (10.0, 0.3 * second, 0.1, 1e-3, 3, "z_flag_homogenized", "CRD1_1", 0.3),
        (20.0, 0.0, 0.1, 1e-3, 3, "delta_z_threshold", "CRD1_4", 0.2),
        (20.0, 0.2 * second, 0.1, 1e-4, 3, "delta_z_threshold", "CRD1_4", 0.0),
        (30.0, 0.0, 0.1, 1e-3, 3, "unresolved", "CRD1_5", 0.0),
        (30.0, 0.4 * second, 0.9, 1e-3, 3, "unresolved", "CRD1_5", 0.4),
        (30.0, 0.4 * second, 0.9, 1e-3, 2, "z_flag_homogenized", "CRD1_5", 0.4),
        (40.0, 0.0, 0.1, 1e-3, 3, "alone", None, None),
    ]
    columns = list(zip(*rows, strict=True))
    table = pa.table(
        {
            "ID": [str(n) for n in range(len(rows))],
            **dict(zip(("RA", "DEC", "Z", "E", "Q"), columns[:5], strict=True)),
            "S": ["VVDS"] * len(rows),
        }
    )
    inputs = catalogs_in(tmp_path, {"vvds": table})
    parameters = {**MARK, "explain": True, "collapse_priority": ["z_err"]}
    _, path = run_job(tmp_path, inputs, parameters)
    result = pq.read_table(path)
    assert result.column_names[-4:] == [
        "decided_by", "group_winner", "separation_to_winner_arcsec", "group_id",
    ]  # fmt: skip
    assert {"z_flag_rule", "instrument_type_rule"} <= set(result.column_names)
    assert result["decided_by"].to_pylist() == list(columns[5])
    assert result["group_winner"].to_pylist() == list(columns[6])
    separations = result["separation_to_winner_arcsec"].to_pylist()
    assert separations[-1] is None
    assert separations[:-1] == pytest.approx(columns[7][:-1], abs=1e-6)


def test_explain_names_the_draw_of_a_tie(tmp_path: Path) -> None:
    table = random_catalog(0, "VVDS", 2).take([0, 0])
    inputs = catalogs_in(tmp_path, {"vvds": table.set_column(3, "Z", pa.array([0.1, 0.9]))})
    parameters = {
        **MARK, "explain": True, "tie_treatment_option": "draw_one",
        "combine_type": "concatenate_and_remove_duplicates",
    }  # fmt: skip
    _, path = run_job(tmp_path, inputs, parameters)
    (row,) = pq.read_table(path).to_pylist()
    assert (row["tie_result"], row["decided_by"]) == (1, "draw_one")
    assert (row["group_winner"], row["separation_to_winner_arcsec"]) == (row["CRD_ID"], 0.0)


def test_invalid_rows_and_the_cut_are_counted_in_the_summary_and_told(tmp_path: Path) -> None:
    table = random_catalog(0, "VVDS", 30)
    dec = table["DEC"].to_pylist()
    dec[:2] = [91.0, None]
    table = table.set_column(2, "DEC", pa.array(dec))
    inputs = catalogs_in(tmp_path, {"vvds": table})
    parameters = {"invalid_rows": "drop", "z_flag_homogenized_value_to_cut": 3}
    outcome, path = run_job(tmp_path, inputs, parameters)
    (catalog,) = outcome.summary["catalogs"]
    n_low = sum(flag < 3 for flag in table["Q"].to_pylist()[2:])
    counted = ("rows_in", "dropped_invalid", "dropped_by_cut", "rows_out")
    assert [catalog[key] for key in counted] == [30, 2, n_low, 28 - n_low]
    assert len(pq.read_table(path)) == 28 - n_low
    log = (tmp_path / "work/pipeline.log").read_text()
    assert f"2 with invalid positions dropped, {n_low} below the flag cut" in log


def test_a_flag_without_a_rule_becomes_null_and_is_named_with_its_count(tmp_path: Path) -> None:
    table = random_catalog(0, "2DFGRS", 20)
    flags = [77, 77, 77, *table["Q"].to_pylist()[3:]]
    inputs = catalogs_in(tmp_path, {"two": table.set_column(5, "Q", pa.array(flags))})
    outcome, path = run_job(tmp_path, inputs, {"z_flag_homogenized_value_to_cut": 0})
    (catalog,) = outcome.summary["catalogs"]
    assert catalog["unmapped_flags"] == [{"survey": "2DFGRS", "value": 77.0, "count": 3}]
    assert pq.read_table(path)["z_flag_homogenized"].to_pylist()[:3] == [None] * 3
    log = (tmp_path / "work/pipeline.log").read_text()
    assert "2DFGRS: flag 77.0 has no rule, 3 rows became null" in log


def test_infinite_flags_are_named_in_the_summary_and_in_refusals_as_text(tmp_path: Path) -> None:
    table = random_catalog(0, "2DFGRS", 4)
    flags = pa.array([np.inf, -np.inf, np.inf, 3.0])
    inputs = catalogs_in(tmp_path, {"two": table.set_column(5, "Q", flags)})
    outcome, _ = run_job(tmp_path, inputs, {"z_flag_homogenized_value_to_cut": 0})
    assert outcome.summary["catalogs"][0]["unmapped_flags"] == [
        {"survey": "2DFGRS", "value": "-inf", "count": 1},
        {"survey": "2DFGRS", "value": "inf", "count": 2},
    ]
    with pytest.raises(UserError) as refused:
        run_job(tmp_path, inputs, {"crossmatch_radius_arcsec": np.nan})
    json.dumps([outcome.as_dict(), refused.value.as_dict()], allow_nan=False)


def test_who_starts_a_run_decides_about_its_resources_before_the_parameters_do(
    tmp_path: Path, three_catalogs: list[dict[str, Any]]
) -> None:
    parameters = {**MARK, "executor": "dask://127.0.0.1:9", "workers": 1}
    outcome, _ = run_job(tmp_path, three_catalogs, parameters, resources={"workers": 2})
    assert outcome.summary["rows_out"] == 900
    _, _ = run_job(tmp_path, three_catalogs, {**parameters, "executor": "serial"})


def test_removed_rows_leave_no_gaps_in_group_ids_across_slices(
    tmp_path: Path, three_catalogs: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, marked_path = run_job(tmp_path, three_catalogs, MARK)
    winners = [row for row in pq.read_table(marked_path).to_pylist() if row["tie_result"] == 1]
    monkeypatch.setattr("pzpipelines.combine.writing.ROWS_PER_SLICE", 50)
    parameters = {**MARK, "combine_type": "concatenate_and_remove_duplicates"}
    _, path = run_job(tmp_path, three_catalogs, parameters)
    rows = pq.read_table(path).to_pylist()
    assert [row["CRD_ID"] for row in rows] == [row["CRD_ID"] for row in winners]
    assert [row["group_id"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row["compared_to"] for row in rows] == [row["compared_to"] for row in winners]
