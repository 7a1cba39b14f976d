"""All real samples together: every survey's conventions, and the verdicts of the twin."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import astropy.units as u
import networkx as nx
import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord, search_around_sky

# sample: (way of the flag, rows by unified flag, rows by unified type); "-" counts nulls
EXPECTED = {
    "2dfgrs": ("translation", {0: 18, 1: 31, 3: 110, 4: 841}, {"s": 1000}),
    "2mrs": ("translation", {3: 9, 4: 991}, {"s": 1000}),
    "3dhst": ("translation", {0: 130, 3: 854, 6: 16}, {"p": 880, "g": 95, "s": 25}),
    "6dfgs": ("translation", {0: 58, 1: 46, 3: 59, 4: 788, 6: 49}, {"s": 1000}),
    "desi": ("translation", {0: 1, 1: 270, 3: 7, 4: 622, 6: 100}, {"s": 1000}),
    "jades": ("translation", {0: 318, 1: 91, 2: 135, 3: 129, 4: 327}, {"s": 1000}),
    "pipeline": ("user", {0: 68, 1: 91, 2: 59, 3: 344, 4: 422, 6: 16},
                 {"s": 740, "p": 203, "g": 57}),
    "vandels": ("translation", {0: 37, 1: 130, 2: 148, 3: 44, 4: 641}, {"s": 1000}),
    "vvds": ("translation", {0: 125, 1: 197, 2: 300, 3: 205, 4: 173}, {"s": 1000}),
    "z_cat": ("quality", {3: 1000}, {"s": 1000}),
}  # fmt: skip


def combine(
    surveys: Path, files: list[Path], output: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable, "-W", "error", "-m", "pzpipelines.cli", "combine", *map(str, files),
            "--columns", str(surveys / "columns.json"), "-o", str(output), "--json", *arguments,
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@dataclass(frozen=True)
class AllSamples:
    """The combination of all samples, duplicates marked, nothing cut."""

    rows: list[dict[str, Any]]
    summary: dict[str, Any]
    seconds: float


@pytest.fixture(scope="module")
def everything(surveys: Path, tmp_path_factory: pytest.TempPathFactory) -> AllSamples:
    files = sorted(path for path in surveys.glob("*_sample.parquet"))
    output = tmp_path_factory.mktemp("all") / "all.parquet"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = combine(
        surveys, files, output,
        "--param", "combine_type=concatenate_and_mark_duplicates",
        "--param", "z_flag_homogenized_value_to_cut=0", "--param", "explain=true",
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert (done.returncode, done.stderr) == (0, "")
    return AllSamples(
        pq.read_table(output).to_pylist(), json.loads(done.stdout)["summary"], seconds
    )


@pytest.mark.parametrize("sample", EXPECTED)
def test_every_survey_is_unified_by_its_own_conventions(
    everything: AllSamples, sample: str
) -> None:
    path, flags, types = EXPECTED[sample]
    catalog = next(c for c in everything.summary["catalogs"] if f"_{sample}" in c["internal_name"])
    rows = [row for row in everything.rows if row["source"] == catalog["internal_name"]]
    assert catalog["path_used"]["z_flag_homogenized"] == path
    assert Counter(row["z_flag_homogenized"] for row in rows) == flags
    assert Counter(row["instrument_type_homogenized"] for row in rows) == types


def test_all_samples_together_take_less_than_three_seconds_of_processor_time(
    everything: AllSamples,
) -> None:
    assert len(everything.rows) == 10_000
    assert everything.seconds < 3


def score(row: dict[str, Any]) -> tuple[float, int]:
    flag = row["z_flag_homogenized"]
    kind = {"s": 3, "g": 2, "p": 1}.get(row["instrument_type_homogenized"], 0)
    return (-np.inf if flag is None else flag, kind)


def survivors_of(rows: list[dict[str, Any]]) -> list[str]:
    """CRD_IDs that stand for their group, decided row by row."""
    best = [row for row in rows if score(row) == max(map(score, rows))]
    kept = [row["CRD_ID"] for row in best if row["z"] is None]
    cluster: list[dict[str, Any]] = []
    ladder = sorted((row for row in best if row["z"] is not None), key=lambda row: row["z"])
    for row in ladder:
        if cluster and row["z"] - cluster[-1]["z"] > 0.001:
            kept.append(min(each["CRD_ID"] for each in cluster))
            cluster = []
        cluster.append(row)
    return [*kept, min(each["CRD_ID"] for each in cluster)] if cluster else kept


def test_real_verdicts_equal_those_of_astropy_networkx_and_plain_loops(
    everything: AllSamples, surveys: Path
) -> None:
    rows = everything.rows
    coords = SkyCoord([r["ra"] for r in rows] * u.deg, [r["dec"] for r in rows] * u.deg)
    left, right, _, _ = search_around_sky(coords, coords, 0.5 * u.arcsec)
    graph, neighbours = nx.Graph(), {row["CRD_ID"]: set() for row in rows}
    graph.add_nodes_from(range(len(rows)))
    for i, j in zip(left.tolist(), right.tolist(), strict=True):
        if i != j:
            neighbours[rows[i]["CRD_ID"]].add(rows[j]["CRD_ID"])
            if 6 not in (rows[i]["z_flag_homogenized"], rows[j]["z_flag_homogenized"]):
                graph.add_edge(i, j)
    product = pq.read_table(surveys / "pipeline_generated_sample.parquet", columns=["tie_result"])
    earlier = {f"CRD007_{n}": tie for n, tie in enumerate(product["tie_result"].to_pylist(), 1)}
    expected = {}
    for component in nx.connected_components(graph):
        members = [rows[i] for i in component]
        kept = survivors_of(members)
        for row in members:
            if row["z_flag_homogenized"] == 6:
                verdict = 3
            elif len(members) == 1:
                verdict = earlier.get(row["CRD_ID"], 1)
            else:
                verdict = (1 if len(kept) == 1 else 2) if row["CRD_ID"] in kept else 0
            expected[row["CRD_ID"]] = (
                verdict, ", ".join(sorted(neighbours[row["CRD_ID"]])) or None,
            )  # fmt: skip
    ours = {row["CRD_ID"]: (row["tie_result"], row["compared_to"]) for row in rows}
    assert ours == expected
    grouped = {frozenset(rows[i]["CRD_ID"] for i in c) for c in nx.connected_components(graph)}
    by_id: dict[int, set[str]] = {}
    for row in rows:
        by_id.setdefault(row["group_id"], set()).add(row["CRD_ID"])
    assert set(map(frozenset, by_id.values())) == grouped
    assert list(by_id) == list(range(1, len(by_id) + 1))


def test_every_group_explains_its_winner(everything: AllSamples) -> None:
    by_id = {row["CRD_ID"]: row for row in everything.rows}
    reasons = Counter(row["decided_by"] for row in everything.rows)
    assert set(reasons) == {
        "alone", "star", "earlier_result", "z_flag_homogenized", "instrument_type_homogenized",
        "delta_z_threshold", "unresolved",
    }  # fmt: skip
    for row in everything.rows:
        if row["group_winner"] is None:
            assert row["decided_by"] in ("alone", "star", "earlier_result")
            continue
        winner = by_id[row["group_winner"]]
        assert winner["group_id"] == row["group_id"]
        assert winner["tie_result"] in (1, 2)
        assert row["separation_to_winner_arcsec"] < 2.0
        if row["tie_result"] == 0 and row["decided_by"] == "z_flag_homogenized":
            assert score(row)[0] < score(winner)[0]
        if row["tie_result"] == 0 and row["decided_by"] == "instrument_type_homogenized":
            assert score(row)[0] == score(winner)[0]
            assert score(row)[1] < score(winner)[1]


@pytest.mark.parametrize(
    ("option", "kept"), [("remove_all", {1}), ("keep_all", {1, 2}), ("draw_one", {1})]
)
def test_removal_keeps_what_marking_says(
    everything: AllSamples, surveys: Path, tmp_path: Path, option: str, kept: set[int]
) -> None:
    done = combine(
        surveys, sorted(surveys.glob("*_sample.parquet")), tmp_path / "unique.parquet",
        "--param", "combine_type=concatenate_and_remove_duplicates",
        "--param", "z_flag_homogenized_value_to_cut=0",
        "--param", f"tie_treatment_option={option}",
    )  # fmt: skip
    assert done.returncode == 0
    table = pq.read_table(tmp_path / "unique.parquet")
    marked = [row["CRD_ID"] for row in everything.rows if row["tie_result"] in kept]
    ids = table["CRD_ID"].to_pylist()
    assert set(table["tie_result"].to_pylist()) == kept
    if option == "draw_one":
        tied = {row["group_id"] for row in everything.rows if row["tie_result"] == 2}
        group = {row["CRD_ID"]: row["group_id"] for row in everything.rows}
        drawn = [group[each] for each in set(ids) - set(marked)]
        assert sorted(drawn) == sorted(tied)
    else:
        assert ids == marked


@pytest.mark.parametrize(
    ("sample", "words", "code"),
    [
        ("test_survey_not_supported", ["NOT_SUPPORTED", "100"], "unsupported_survey"),
        (
            "test_homogenized_columns_out_of_range",
            ["z_flag_homogenized", "0, 1, 2, 3, 4, 6"],
            "invalid_homogenized_values",
        ),
    ],
)
def test_samples_that_cannot_be_combined_are_refused(
    surveys: Path, tmp_path: Path, sample: str, words: list[str], code: str
) -> None:
    done = combine(surveys, [surveys / f"{sample}.parquet"], tmp_path / "no.parquet")
    assert done.returncode == 2
    assert all(word in done.stderr for word in words)
    assert json.loads(done.stdout)["error"]["code"] == code
    assert list(tmp_path.iterdir()) == []


def test_pairs_of_samples_do_not_depend_on_the_order_of_catalogs_but_for_crd_ids(
    surveys: Path, tmp_path: Path
) -> None:
    names = ["vvds_final_release", "vandels_dr4", "3dhst_v4.1.5"]
    results = []
    for number, order in enumerate([names, names[::-1]]):
        files = [surveys / f"{name}_random_sample.parquet" for name in order]
        output = tmp_path / f"{number}.parquet"
        mark = ("--param", "combine_type=concatenate_and_mark_duplicates")
        assert combine(surveys, files, output, *mark).returncode == 0
        rows = pq.read_table(output).to_pylist()
        by_group: dict[int, list[dict[str, Any]]] = {}
        for row in rows:
            by_group.setdefault(row["group_id"], []).append(row)
        results.append(
            {
                frozenset((r["survey"], r["id"], r["ra"], r["dec"], r["z"]) for r in group):
                sorted(r["tie_result"] for r in group)
                for group in by_group.values()
            }
        )  # fmt: skip
    assert results[0] == results[1]


def test_a_hats_collection_of_two_partitions_loses_no_row(surveys: Path, tmp_path: Path) -> None:
    collection = surveys.parent / "hats" / "elaisfbmc_collection"
    columns = {
        "ra": "RAdeg", "dec": "DEdeg", "z": "zbest", "z_flag": "zbest_quality",
        "survey": "survey_name", "instrument_type": "zbest_type",
    }  # fmt: skip
    (tmp_path / "columns.json").write_text(json.dumps({collection.name: columns}))
    done = combine(
        tmp_path, [collection], tmp_path / "out.parquet",
        "--param", "z_flag_homogenized_value_to_cut=0",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["summary"]["rows_in"] == 3762
    assert pq.read_metadata(tmp_path / "out.parquet").num_rows == 3762
