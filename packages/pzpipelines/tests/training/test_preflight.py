"""What is told before a run, against what the run then does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pzpipelines.objects.catalog import open_objects
from pzpipelines.registry import pipeline_named
from pzpipelines.runtime.job import JobInput, JobObjects
from pzpipelines.training.errors import NoObjectsError
from pzpipelines.training.inputs import read_redshifts
from pzpipelines.training.match import overlapping
from pzpipelines.training.parameters import validate
from pzpipelines.training.preflight import expect_matches, extrapolate

from .releases import ROLES, positions, redshift_table, train, write_release


def told(
    folder: Path, redshifts: pa.Table, release: Path, parameters: dict[str, Any] | None = None
) -> dict[str, Any]:
    path = folder / "redshifts.parquet"
    pq.write_table(redshifts, path)
    source = JobInput(path=path, internal_name="12_redshifts", columns=dict(ROLES))
    report = pipeline_named("training_set_maker").preflight(
        parameters or {}, [source], JobObjects(path=release, name="dp1")
    )
    json.dumps(report, allow_nan=False)
    return report


def test_it_tells_what_the_run_then_does(tmp_path: Path, mag_release: Path) -> None:
    report = told(tmp_path, redshift_table(), mag_release)
    outcome, _, _ = train(tmp_path, redshift_table(), mag_release)
    assert report["problems"] == report["warnings"] == []
    assert report["photometry"] == outcome.summary["photometry"]["how"] == "prepared"
    assert report["rows_in"] == outcome.summary["rows_in"] == report["sample_size"] == 1_200
    counts = [report[f"expected_matches{bound}"] for bound in ("", "_low", "_high")]
    assert counts == [outcome.summary["matching"]["pairs"]] * 3
    assert report["partitions"] == outcome.summary["matching"]["partitions_overlapping"] > 1
    assert report["bytes_to_read"] == outcome.summary["matching"]["bytes_read"]
    assert 0 < report["overlap_area_deg2"] <= report["redshift_area_deg2"]
    assert report["overlap_area_deg2"] <= report["objects_area_deg2"] < 4.2


def test_it_tells_what_photometry_there_is_and_can_be_made(
    tmp_path: Path, mag_release: Path
) -> None:
    report = told(tmp_path, redshift_table(), mag_release)
    ways = [tuple(each.values()) for each in report["available"]["conversions"]]
    assert report["available"]["flux_types"] == ["auto", "gaap1p0"]
    assert ways == [
        ("mag", "auto", "sfd", "prepared"),
        ("mag", "gaap1p0", "none", "converted"),
        ("flux", "gaap1p0", "none", "prepared"),
    ]


@pytest.mark.parametrize(
    ("parameters", "code", "field"),
    [
        ({"flux_type": "psf"}, "photometry_not_available", "flux_type"),
        ({"dereddening": "csfd"}, "dust_map_unavailable", "dereddening"),
        ({"convert_flux_to_mag": False, "flux_type": "auto"}, "photometry_not_available",
         "convert_flux_to_mag"),
        ({"selected_cols": ["nothing"]}, "unknown_column", "selected_cols"),
        ({"crossmatch": {"radius_arcsec": 1e-6}}, "no_match", "crossmatch.radius_arcsec"),
    ],
)  # fmt: skip
def test_what_a_run_would_refuse_is_a_problem_of_its_field(
    tmp_path: Path, mag_release: Path, parameters: dict[str, Any], code: str, field: str
) -> None:
    given_type = {"flux_type": "gaap1p0"} if code == "dust_map_unavailable" else {}
    report = told(tmp_path, redshift_table(), mag_release, {**given_type, **parameters})
    assert [(each["code"], each["field"]) for each in report["problems"]] == [(code, field)]


def test_no_overlap_is_told_with_both_areas(tmp_path: Path, mag_release: Path) -> None:
    redshifts = redshift_table()
    away = redshifts.set_column(1, "RA", pa.array(np.full(redshifts.num_rows, 180.0)))
    report = told(tmp_path, away, mag_release)
    assert [each["code"] for each in report["problems"]] == ["no_overlap"]
    assert "the redshifts cover" in report["problems"][0]["message"]
    assert (report["overlap_area_deg2"], report["expected_matches"]) == (0, 0)


def test_a_match_across_the_border_of_two_pixels_is_an_overlap(tmp_path: Path) -> None:
    objects = pa.table({"objectId": [1], "coord_ra": [45.0], "coord_dec": [0.1 / 3600]})
    redshifts = pa.table({"RA": [45.0], "DEC": [-0.1 / 3600], "z": [1.0]})
    release = write_release(tmp_path / "release", objects)
    source = tmp_path / "redshifts.parquet"
    pq.write_table(redshifts, source)
    roles: dict[str, str | None] = {"ra": "RA", "dec": "DEC", "z": "z"}
    report = pipeline_named("training_set_maker").preflight(
        {},
        [JobInput(path=source, internal_name="1_one", columns=roles)],
        JobObjects(path=release, name="one"),
    )
    assert (report["problems"], report["expected_matches"]) == ([], 1)


def test_quality_flags_that_are_asked_for_and_absent_are_a_problem(
    tmp_path: Path, mag_release: Path
) -> None:
    redshifts = redshift_table().set_column(5, "Q", pa.array(["good"] * 1_200))
    report = told(tmp_path, redshifts, mag_release, {"unique": "best"})
    told_of = [(each["code"], each["field"]) for each in report["problems"]]
    assert told_of == [("no_quality_flag", "unique")]


def test_columns_without_a_role_are_not_read(tmp_path: Path) -> None:
    table = redshift_table(100).append_column("more", pa.array(["text"] * 100))
    path = tmp_path / "redshifts.parquet"
    pq.write_table(table, path)
    source = JobInput(path=path, internal_name="1_wide", columns=dict(ROLES))
    assert read_redshifts(source, only_roles=True).table.column_names == [
        "ID", "RA", "DEC", "z", "Q", "SURVEY",
    ]  # fmt: skip


def test_no_release_at_all_is_refused() -> None:
    with pytest.raises(NoObjectsError, match="choose the release"):
        pipeline_named("training_set_maker").preflight({}, [])


@pytest.mark.parametrize("objects_at_most", [1_000_000, 0])
def test_a_sample_of_a_larger_catalog_is_near_the_truth(
    mag_release: Path, monkeypatch: pytest.MonkeyPatch, objects_at_most: int
) -> None:
    monkeypatch.setattr("pzpipelines.training.preflight._FEW_OBJECTS", objects_at_most)
    random = np.random.default_rng(5)
    ra, dec = positions()
    rows = random.integers(0, len(ra), 20_000)
    away = random.uniform(0, 2, 20_000) / 3600  # half of them within an arcsecond
    catalog = open_objects(mag_release / "mag/auto/sfd/catalog")
    asked = ra[rows], np.clip(dec[rows] + away, -90, 90)
    near = overlapping(*asked, catalog, radius_arcsec=1.0)
    expected = expect_matches(asked, catalog, near, validate({}))
    assert expected.sample_size == 2_000
    assert expected.low < expected.rows < expected.high < 1.3 * expected.low
    assert 0.9 * expected.low < (away <= 1 / 3600).sum() < 1.1 * expected.high


@given(st.lists(st.integers(0, 3), min_size=1, max_size=50), st.integers(0, 1_000))
def test_limits_hold_what_is_expected(counts: list[int], more: int) -> None:
    found = extrapolate(np.array(counts), len(counts) + more)
    assert sum(counts) <= found.low <= found.rows <= found.high
    if more == 0:
        assert found.low == found.high == sum(counts)
