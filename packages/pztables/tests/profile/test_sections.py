"""Sections of a profile that several columns make together, against slow obvious twins."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pztables.formats import ColumnInfo
from pztables.profile import build_profile
from pztables.profile import cells as cells_module
from pztables.profile.cells import CellCounts, enclosing_cone
from pztables.profile.photometry import find_magnitudes
from pztables.profile.redshift import redshift_edges, sane


def _profile(folder: Path, table: pa.Table, **roles: str) -> dict[str, Any]:
    pq.write_table(table, folder / "t.parquet", row_group_size=1000)
    profile = build_profile(folder / "t.parquet", roles=roles)
    assert json.loads(json.dumps(profile, allow_nan=False)) == profile
    return profile


@settings(max_examples=settings.default.max_examples, deadline=None)
@given(values=st.lists(st.floats(-0.01, 20), min_size=1, max_size=200))
def test_bins_of_redshift_are_multiples_of_a_round_width_around_the_bulk(
    values: list[float],
) -> None:
    edges, width = redshift_edges(np.sort(values))
    low, high = np.quantile(values, [0.005, 0.995])
    assert edges[0] <= low + 1e-6
    assert high - 1e-6 <= edges[-1]
    assert edges[0] > low - width - 1e-6
    np.testing.assert_allclose(np.diff(edges), width, atol=1e-6)
    np.testing.assert_allclose(edges / width, np.round(edges / width), atol=1e-3)
    assert len(edges) <= 401


def test_usual_redshifts_are_counted_in_bins_of_two_hundredths() -> None:
    assert redshift_edges(np.linspace(0, 2, 1000))[1] == 0.02
    assert redshift_edges(np.linspace(0.3, 0.4, 1000))[1] == 0.005
    assert redshift_edges(np.linspace(0, 15, 1000))[1] == 0.05
    assert redshift_edges(np.full(5, 0.5))[0].tolist() == [0.5, 0.501]
    assert sane(np.array([-99.0, -0.01, 3.0, 20.0, 20.0, 99.0])).tolist() == [-0.01, 3, 20, 20]


def test_redshifts_are_split_by_survey_instrument_and_training_set(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    names = np.array([*"ABCDEFGHIJ", None], dtype=object)
    frame = pd.DataFrame(
        {
            "z": rng.gamma(2, 0.3, 4000),
            "survey": names[rng.integers(0, 11, 4000)],
            "kind": rng.choice(["s", "p"], 4000),
            "is_training_set": rng.random(4000) < 0.7,
        }
    )
    frame.loc[:50, "z"] = np.nan
    frame.loc[60:70, "z"] = -99.0
    table = pa.Table.from_pandas(frame, preserve_index=False)
    found = _profile(tmp_path, table, z="z", survey="survey", instrument_type="kind")["redshift"]
    edges = np.array(found["edges"])
    assert [(s["by"], s["column"], len(s["series"])) for s in found["splits"]] == [
        ("survey", "survey", 10),
        ("instrument_type", "kind", 2),
        ("is_training_set", "is_training_set", 2),
    ]
    for split in found["splits"]:
        total = np.sum([series["counts"] for series in split["series"]], axis=0)
        assert total.tolist() == found["counts"]
        for series in split["series"]:
            if series["kind"] == "value":
                chosen = frame.z[frame[split["column"]] == series["value"]].dropna()
                assert series["counts"] == np.histogram(chosen, edges)[0].tolist()
                assert series["count"] == len(chosen)
    kinds = [(series["kind"], series["n_values"]) for series in found["splits"][0]["series"]]
    assert kinds == [("value", 1)] * 8 + [("other", 2), ("null", 1)]
    assert found["n"] == frame.z.notna().sum() == found["cumulative"][-1] + found["above"]
    running = [int((frame.z <= edge).sum()) for edge in edges[1:-1]]
    assert found["cumulative"][:-1] == pytest.approx(running, abs=1)


def test_surveys_of_very_long_names_are_counted_by_what_is_shown_of_them(tmp_path: Path) -> None:
    names = ["x" * 250 + "1"] * 30 + ["x" * 250 + "2"] * 20 + ["y" * 300] * 10
    table = pa.table({"z": np.linspace(0, 1, 60), "survey": names})
    profile = _profile(tmp_path, table, z="z", survey="survey")
    series = profile["redshift"]["splits"][0]["series"]
    assert [(each["kind"], each["value"], each["count"]) for each in series] == [
        ("value", "x" * 200, 50), ("value", "y" * 200, 10),
    ]  # fmt: skip


def test_flags_and_errors_of_redshift_are_counted(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    table = pa.table(
        {
            "z": rng.gamma(2, 0.3, 1000),
            "q": pa.array([4, 3, None, 4] * 250),
            "e": 10 ** rng.normal(-4, 1, 1000),
            "linear": rng.uniform(0.1, 0.2, 1000),
        }
    )
    flags = _profile(tmp_path, table, z="z", z_flag="q", z_err="e")["flags"]
    assert flags["z_flag"] == {
        "column": "q",
        "values": [{"value": 4, "count": 500}, {"value": 3, "count": 250}],
        "other": 0,
        "n_null": 250,
    }
    errors = flags["z_err"]
    assert (errors["column"], errors["scale"]) == ("e", "log")
    assert sum(errors["counts"]) + errors["below"] + errors["above"] == 1000
    assert np.ptp(np.diff(np.log10(errors["edges"]))) < 1e-9
    linear = _profile(tmp_path, table, z="z", z_err="linear")["flags"]["z_err"]
    assert linear["scale"] == "linear"


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        (["mag_g", "magerr_g", "mag_u", "mag_r"], {"u": "mag_u", "g": "mag_g", "r": "mag_r"}),
        (["g_cModelMag", "g_cModelMagErr", "r_cModelMag", "g_psfMag"],
         {"g": "g_cModelMag", "r": "r_cModelMag"}),
        (["g_cModelFlux", "z"], {}),
        (["MAG_AUTO_G_DERED", "MAG_AUTO_R_DERED"],
         {"G": "MAG_AUTO_G_DERED", "R": "MAG_AUTO_R_DERED"}),
        ([("m1", None, "phot.mag;em.opt.I"), ("m2", None, "stat.error;phot.mag;em.opt.I"),
          ("m3", None, "phot.mag;em.opt.B")], {"B": "m3", "I": "m1"}),
        ([("g", "mag", None), ("i", "mag", None), ("z", None, None)], {"g": "g", "i": "i"}),
    ],
)  # fmt: skip
def test_magnitudes_are_found_by_name_by_meaning_or_by_unit(
    columns: list[Any], found: dict[str, str]
) -> None:
    described = [(each, None, None) if isinstance(each, str) else each for each in columns]
    infos = [ColumnInfo(name, pa.float64(), unit, ucd) for name, unit, ucd in described]
    magnitudes = find_magnitudes(infos)
    assert {each.band: each.column for each in magnitudes} == found
    assert [each.band for each in magnitudes] == list(found)


def test_magnitudes_and_colours_are_counted_with_redshift(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    z = rng.gamma(3, 0.2, 3000)
    frame = pd.DataFrame({"z": z, "mag_g": 22 + z + rng.normal(0, 0.5, 3000)})
    frame["mag_r"] = frame.mag_g - 0.5 - z / 4
    frame.loc[:9, "mag_g"] = 99.0
    frame.loc[10:14, "mag_r"] = np.nan
    profile = _profile(tmp_path, pa.Table.from_pandas(frame, preserve_index=False), z="z")
    bands = [(each["band"], each["column"], each["above"]) for each in profile["magnitudes"]]
    assert bands[0] == ("g", "mag_g", 10)
    assert bands[1][:2] == ("r", "mag_r")
    kinds = [(each["kind"], each["y"], each["y_label"]) for each in profile["densities"]]
    assert kinds == [
        ("magnitude_redshift", ["mag_g"], "g"),
        ("magnitude_redshift", ["mag_r"], "r"),
        ("colour_redshift", ["mag_g", "mag_r"], "g \N{MINUS SIGN} r"),
    ]
    clean = frame[(frame.mag_g < 40) & frame.mag_r.notna()]
    colours = profile["densities"][2]
    expected, *_ = np.histogram2d(
        clean.mag_g - clean.mag_r, clean.z, [colours["y_edges"], colours["x_edges"]]
    )
    assert colours["counts"] == expected.astype(int).tolist()
    assert colours["n"] == len(clean)
    assert colours["outside"] == len(clean) - expected.sum()


def test_magnitudes_without_redshift_have_no_densities(tmp_path: Path) -> None:
    profile = _profile(tmp_path, pa.table({"mag_i": [20.0, 21.0, 99.0], "mag_z": [99.0] * 3}))
    assert [each["band"] for each in profile["magnitudes"]] == ["i"]
    assert (profile["densities"], profile["redshift"]) == ([], None)


@settings(max_examples=settings.default.max_examples // 5, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(1, 300), radius=st.floats(0.001, 180))
def test_the_frame_holds_every_position_and_the_fine_map_every_row(
    seed: int, n: int, radius: float
) -> None:
    rng = np.random.default_rng(seed)
    dec = np.clip(rng.uniform(-radius, radius, n) + rng.uniform(-60, 60), -90, 90)
    ra = (rng.uniform(0, 360) + rng.uniform(-radius, radius, n)) % 360
    counts = CellCounts()
    counts.add(ra, dec)
    order, cells, numbers = counts.finest(10_000, finest=12)
    assert (int(numbers.sum()), order <= 12, len(cells) <= 10_000) == (n, True, True)
    cone = enclosing_cone(order, cells)
    assert cone is not None
    a, b = np.radians([cone["ra"], cone["dec"]])
    cosine = np.sin(b) * np.sin(np.radians(dec)) + np.cos(b) * np.cos(np.radians(dec)) * np.cos(
        np.radians(ra) - a
    )
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).max() <= cone["radius_deg"] + 1e-6


def test_cells_are_counted_the_same_however_coarse_memory_makes_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(6)
    ra, dec = rng.uniform(0, 360, 5000), np.degrees(np.arcsin(rng.uniform(-1, 1, 5000)))
    free, bound = CellCounts(), CellCounts()
    free.add(ra, dec)
    assert free.finest(10_000, finest=14)[0] == 14
    monkeypatch.setattr(cells_module, "_WAITING", 100)
    monkeypatch.setattr(cells_module, "_MOST_CELLS", 500)
    for start in range(0, 5000, 700):
        bound.add(ra[start : start + 700], dec[start : start + 700])
    for order in (0, 4, 10):
        for one, other in zip(free.at_order(order), bound.at_order(order), strict=True):
            np.testing.assert_array_equal(one, other)
    assert bound.order == 10
    np.testing.assert_array_equal(free.finest(400, finest=12)[1], bound.finest(400, finest=12)[1])


def test_positions_of_single_precision_that_differ_are_not_told_to_repeat(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    n = 600_000
    ra, dec = rng.uniform(0, 360, n).astype("f4"), rng.uniform(-30, 30, n).astype("f4")
    repeated = n - len(np.unique(np.stack([ra, dec], axis=1), axis=0))
    checks = _profile(tmp_path, pa.table({"ra": ra, "dec": dec}), ra="ra", dec="dec")["checks"]
    found = {each["code"]: each["data"] for each in checks}
    assert found["positions_distinct"]["repeated"] == repeated


def test_the_whole_sky_has_a_frame_of_all_of_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    dec = np.degrees(np.arcsin(rng.uniform(-1, 1, 100_000)))
    table = pa.table({"ra": rng.uniform(0, 360, 100_000), "dec": dec})
    sky = _profile(tmp_path, table, ra="ra", dec="dec")["sky"]
    assert sky["frame"]["radius_deg"] == 180
    assert (sky["fine"]["order"], len(sky["fine"]["cells"]) <= 10_000) == (4, True)
    assert sum(sky["fine"]["counts"]) == 100_000
    assert sky["moc_order"] <= sky["area_order"] == 10
    assert 0 < sky["area_deg2"] < 4 * math.pi * math.degrees(1) ** 2


def test_infinite_values_are_told(tmp_path: Path) -> None:
    checks = _profile(tmp_path, pa.table({"a": [1.0, math.inf], "b": [1, 2]}))["checks"]
    assert {"code": "columns_finite", "ok": False, "message": "Column a holds infinite values.",
            "data": {"count": 1, "columns": ["a"]}} in checks  # fmt: skip


def test_redshifts_that_are_no_numbers_have_no_distribution(tmp_path: Path) -> None:
    for values in (
        pa.array([math.nan, None]),
        pa.array(["a", "b"]),
        pa.array([-99.0, -99.0]),
        pa.array([0, 1], pa.timestamp("s")),
        pa.array([0, 1], pa.date32()),
        pa.array([True, False]),
        pa.array([[0.1], [0.2]]),
    ):
        profile = _profile(tmp_path, pa.table({"z": values}), z="z", z_err="z", z_flag="z")
        assert profile["redshift"] is None
        assert any(c["code"] == "redshift_range" and not c["ok"] for c in profile["checks"])
