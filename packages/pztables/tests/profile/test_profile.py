"""Profiles against slow obvious twins."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pztables.formats import ColumnInfo
from pztables.profile import build_profile
from pztables.profile.columns import column_profile
from pztables.profile.histogram import Histogram, counted_sorted, robust_edges


def _profile(folder: Path, table: pa.Table, **roles: str) -> dict[str, Any]:
    pq.write_table(table, folder / "t.parquet", row_group_size=1000)
    profile = build_profile(folder / "t.parquet", roles=roles)
    assert json.loads(json.dumps(profile, allow_nan=False)) == profile
    return profile


@settings(max_examples=settings.default.max_examples // 2, deadline=None)
@given(
    cells=st.lists(
        st.none() | st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf])
    ),
    cut=st.integers(0, 20),
)
def test_statistics_are_those_of_numpy_however_the_rows_are_cut(
    cells: list[float | None], cut: int
) -> None:
    array = pa.array(cells, pa.float64())
    profile = column_profile(ColumnInfo("z", pa.float64()), step=1)
    for piece in (array[:cut], array[cut:]):
        profile.look(piece)
    found = profile.as_dict()
    finite = np.array([c for c in cells if c is not None and math.isfinite(c)])
    assert found["n_null"] == sum(c is None for c in cells)
    assert found["n_nan"] == sum(c is not None and math.isnan(c) for c in cells)
    assert found["n_infinite"] == sum(c is not None and math.isinf(c) for c in cells)
    if not len(finite):
        assert (found["min"], found["max"], found["mean"], found["std"]) == (None,) * 4
        return
    assert (found["min"], found["max"]) == (finite.min(), finite.max())
    assert found["mean"] == pytest.approx(finite.mean(), rel=1e-9, abs=1e-6)
    assert found["std"] == pytest.approx(finite.std(), rel=1e-6, abs=1e-6)
    assert found["quantiles"]["0.5"] == pytest.approx(np.quantile(finite, 0.5))


@settings(max_examples=settings.default.max_examples // 2, deadline=None)
@given(cells=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=200))
def test_every_value_is_in_a_bin_below_or_above(cells: list[float]) -> None:
    edges = robust_edges(np.sort(cells), most_bins=30, tail=0.01)
    assert (np.diff(edges) > 0).all()
    histogram = Histogram("z", edges)
    histogram.look(pa.record_batch({"z": pa.array(cells)}))
    found = histogram.as_dict()
    assert sum(found["counts"]) + found["below"] + found["above"] == len(cells)
    assert counted_sorted(np.sort(cells), edges) == found


def test_outliers_do_not_spoil_a_histogram() -> None:
    values = np.sort(np.concatenate([np.linspace(0, 1, 10_000), [-99.0] * 20, [1e9]]))
    edges = robust_edges(values, most_bins=64, tail=0.01)
    assert (edges[0] > -2, edges[-1] < 3, 20 < len(edges) < 66) == (True, True, True)


def test_integers_text_and_booleans_have_their_most_frequent_values(tmp_path: Path) -> None:
    table = pa.table(
        {
            "flag": [4, 3, 4, None, 4],
            "survey": ["DESI", None, "DESI", "VVDS", ""],
            "good": [True, False, True, True, None],
            "id": [39627652591521181 + i for i in range(5)],
        }
    )
    columns = {column["name"]: column for column in _profile(tmp_path, table)["columns"]}
    assert columns["flag"]["top"] == [{"value": 4, "count": 3}, {"value": 3, "count": 1}]
    assert columns["survey"]["top"][0] == {"value": "DESI", "count": 2}
    assert (columns["survey"]["n_distinct"], columns["survey"]["n_null"]) == (3, 1)
    assert columns["good"]["top"] == [{"value": True, "count": 3}, {"value": False, "count": 1}]
    assert (columns["id"]["min"], columns["id"]["max"]) == (39627652591521181, 39627652591521185)


def test_redshifts_are_counted_in_sane_bins_and_sentinels_beside_them(tmp_path: Path) -> None:
    z = np.concatenate([np.random.default_rng(1).gamma(2, 0.4, 5000), [-99.0] * 100])
    profile = _profile(tmp_path, pa.table({"zz": z}), z="zz")
    redshift = profile["redshift"]
    assert redshift["column"] == "zz"
    assert redshift["below"] == (z < redshift["edges"][0]).sum() >= 100
    assert sum(redshift["counts"]) + redshift["below"] + redshift["above"] == len(z)
    assert redshift["edges"][0] >= -0.01
    assert redshift["median"] == pytest.approx(np.median(z[z > 0]))
    assert (redshift["n"], redshift["min"], redshift["max"]) == (len(z), z[z > 0].min(), z.max())
    checks = {check["code"]: check for check in profile["checks"]}
    assert checks["redshift_range"]["ok"] is False


def test_the_sky_is_counted_where_astropy_healpix_says(tmp_path: Path) -> None:
    from astropy import units
    from astropy_healpix import HEALPix

    rng = np.random.default_rng(2)
    ra, dec = rng.uniform(0, 360, 3000), np.degrees(np.arcsin(rng.uniform(-1, 1, 3000)))
    sky = _profile(tmp_path, pa.table({"ra": ra, "dec": dec}), ra="ra", dec="dec")["sky"]
    cells = HEALPix(16, "nested").lonlat_to_healpix(ra * units.deg, dec * units.deg)
    expected = np.bincount(cells, minlength=12 * 4**4)
    assert dict(zip(sky["cells"], sky["counts"], strict=True)) == {
        int(cell): int(expected[cell]) for cell in np.flatnonzero(expected)
    }
    assert sky["n_valid"] == 3000


def test_the_area_of_a_filled_cap_is_that_of_the_cap(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    dec = np.degrees(np.arcsin(rng.uniform(np.sin(np.radians(88)), 1, 200_000)))
    table = pa.table({"a": rng.uniform(0, 360, 200_000), "d": dec})
    sky = _profile(tmp_path, table, ra="a", dec="d")["sky"]
    cap = 2 * math.pi * (1 - math.cos(math.radians(2))) * math.degrees(1) ** 2
    assert sky["area_deg2"] == pytest.approx(cap, rel=0.05)


def test_bad_and_repeated_positions_are_told_with_their_rows(tmp_path: Path) -> None:
    table = pa.table(
        {
            "ra": [10.0, 400.0, None, 10.0, float("nan"), 370.0, -10.0],
            "dec": [5.0, 0.0, 0.0, 5.0, 0.0, 91.0, 0.0],
        }
    )
    profile = _profile(tmp_path, table, ra="ra", dec="dec")
    checks = {check["code"]: check["message"] for check in profile["checks"]}
    assert checks["positions_valid"].startswith("4 of 7 positions")
    assert "first rows: 2, 3, 5, 6" in checks["positions_valid"]
    assert checks["positions_distinct"].startswith("1 rows repeat")
    assert profile["sky"]["n_valid"] == 3


def test_empty_and_constant_columns_are_told(tmp_path: Path) -> None:
    table = pa.table({"a": [1.5, 1.5], "b": pa.nulls(2, pa.float64()), "c": [1, 2]})
    checks = {c["code"]: c["message"] for c in _profile(tmp_path, table)["checks"]}
    assert checks == {
        "columns_with_values": "Column b has no value.",
        "columns_vary": "Column a holds the same value everywhere.",
    }


def test_several_constant_columns_are_counted_and_a_survey_name_is_none_of_them(
    tmp_path: Path,
) -> None:
    table = pa.table({"a": [1, 1], "b": [2.5, 2.5], "survey": ["VVDS", "VVDS"]})
    checks = {c["code"]: c["message"] for c in _profile(tmp_path, table)["checks"]}
    assert checks["columns_vary"] == "2 columns hold the same value everywhere: a, b."


def test_a_table_without_rows_or_with_nested_columns_has_a_profile(tmp_path: Path) -> None:
    empty = _profile(
        tmp_path,
        pa.table({"ra": pa.array([], pa.float64()), "dec": pa.array([], pa.float64())}),
        ra="ra",
        dec="dec",
    )
    assert (empty["n_rows"], empty["sky"]["n_valid"], empty["sky"]["moc"]) == (0, 0, None)
    nested = _profile(tmp_path, pa.table({"pdf": [[0.1, 0.9], None]}))
    assert (nested["columns"][0]["type"], nested["columns"][0]["n_null"]) == (
        "list<item: double>",
        1,
    )


def test_real_surveys_have_profiles(tmp_path: Path) -> None:
    folder = Path(__file__).parents[5] / "shared" / "data" / "surveys"
    if not folder.is_dir():
        pytest.skip("the real samples (../shared/data/surveys) are not on this machine")
    roles = json.loads((folder / "columns.json").read_text())
    for name in ("vvds_final_release_random_sample.parquet", "specz_for_object_dr2.parquet"):
        profile = build_profile(folder / name, roles=roles[name])
        n_rows = pq.read_metadata(folder / name).num_rows
        assert (profile["n_rows"], profile["sky"]["n_valid"]) == (n_rows, n_rows)
        assert 0 < profile["sky"]["area_deg2"] < 10
