"""Statistics of columns of every type against pandas."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from decimal import Decimal
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
from pztables.profile import PROFILE_VERSION, Meaning, build_profile
from pztables.profile.columns import QUANTILES, column_profile
from pztables.profile.histogram import bins_of, counted_sorted, quantile_of_sorted
from pztables.profile.sketch import KEPT, ValueCounts, hashes_of


def _column(folder: Path, array: pa.Array, **options: Any) -> dict[str, Any]:
    pq.write_table(pa.table({"c": array}), folder / "t.parquet", row_group_size=1000)
    profile = build_profile(folder / "t.parquet", roles={}, **options)
    assert json.loads(json.dumps(profile, allow_nan=False)) == profile
    assert (profile["version"], profile["n_rows"]) == (PROFILE_VERSION, len(array))
    found: dict[str, Any] = profile["columns"][0]
    return found


def _described(array: pa.Array, cuts: list[int]) -> dict[str, Any]:
    profile = column_profile(ColumnInfo("c", array.type), step=1)
    ends = sorted({0, len(array), *(cut % (len(array) + 1) for cut in cuts)})
    for start, end in itertools.pairwise(ends):
        profile.look(array[start:end])
    return profile.as_dict()


cuts = st.lists(st.integers(0, 100), max_size=4)


@settings(max_examples=settings.default.max_examples * 3 // 5, deadline=None)
@given(cells=st.lists(st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(0, 5)), cuts=cuts)
def test_whole_numbers_have_the_statistics_of_pandas(
    cells: list[int | None], cuts: list[int]
) -> None:
    found = _described(pa.array(cells, pa.int64()), cuts)
    kept = pd.Series([cell for cell in cells if cell is not None], dtype="int64")
    assert found["n_null"] == len(cells) - len(kept)
    assert found["n_distinct"] == kept.nunique()
    if not len(kept):
        assert (found["min"], found["max"], found["mean"], found["top"]) == (None,) * 4
        return
    assert (found["min"], found["max"]) == (kept.min(), kept.max())
    assert found["mean"] == pytest.approx(kept.astype(float).mean(), rel=1e-9, abs=1e-3)
    counts = kept.value_counts()
    assert {each["value"]: each["count"] for each in found["top"]}.items() <= dict(counts).items()
    assert found["top"][0]["count"] == counts.max()
    for share in QUANTILES:
        expected = float(np.quantile(kept.astype(float), share))
        assert found["quantiles"][str(share)] == pytest.approx(expected, rel=1e-9, abs=1e-3)


@settings(max_examples=settings.default.max_examples * 3 // 5, deadline=None)
@given(
    cells=st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=3), max_size=60),
    cuts=cuts,
)
def test_texts_have_the_counts_of_pandas(cells: list[str | None], cuts: list[int]) -> None:
    found = _described(pa.array(cells, pa.string()), cuts)
    counts = pd.Series(cells, dtype=object).value_counts()
    assert (found["n_null"], found["n_distinct"]) == (cells.count(None), len(counts))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    assert found["top"] == ([{"value": v, "count": n} for v, n in ranked[:20]] or None)


@settings(max_examples=settings.default.max_examples, deadline=None)
@given(
    values=st.lists(
        st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1, max_size=50
    ),
    share=st.floats(0, 1),
)
def test_quantiles_are_those_of_numpy(values: list[float], share: float) -> None:
    expected = float(np.quantile(np.array(values), share))
    assert quantile_of_sorted(np.sort(values), share) == pytest.approx(expected, rel=1e-9)


@settings(max_examples=settings.default.max_examples, deadline=None)
@given(
    values=st.lists(st.floats(-10, 10) | st.sampled_from([0.0, 1.0, 2.0, float("nan")])),
    bins=st.integers(1, 5),
)
def test_the_bin_of_a_value_is_where_its_histogram_counts_it(
    values: list[float], bins: int
) -> None:
    edges = np.linspace(0.0, 2.0, bins + 1)
    places = bins_of(np.array(values, float), edges)
    finite = np.sort([value for value in values if not np.isnan(value)])
    counted = np.bincount(places[places >= 0], minlength=bins).tolist()
    assert counted == counted_sorted(finite, edges)["counts"]


@settings(max_examples=settings.default.max_examples // 3, deadline=None)
@given(cells=st.lists(st.text(max_size=4), max_size=40), start=st.integers(0, 10))
def test_equal_texts_have_equal_hashes_wherever_they_lie(cells: list[str], start: int) -> None:
    array = pa.array(cells, pa.string())[start:]
    hashes = hashes_of(array)
    pairs = {(text, int(value)) for text, value in zip(array.to_pylist(), hashes, strict=True)}
    assert len(pairs) == len({text for text, _ in pairs}) == len({value for _, value in pairs})


@pytest.mark.parametrize("kind", [pa.float32(), pa.int64(), pa.string()])
@pytest.mark.parametrize("number", [KEPT - 1, 50_000])
def test_many_different_values_are_estimated_within_a_few_percent(
    kind: pa.DataType, number: int
) -> None:
    counts = ValueCounts()
    values = pa.array(np.arange(number)).cast(kind)
    for start in range(0, number, 7000):
        counts.look(pa.concat_arrays([values[start : start + 7000], values[:100]]))
    assert counts.is_exact is (number < KEPT)
    assert counts.n_distinct == (number if number < KEPT else pytest.approx(number, rel=0.06))
    assert counts.counts is None


def test_the_statistics_of_a_sample_say_so_and_are_near(tmp_path: Path) -> None:
    values = np.sort(np.random.default_rng(4).normal(0, 1, 5000))
    found = _column(tmp_path, pa.array(values), exact_rows=4999)
    assert (found["quantiles_exact"], found["distinct_exact"]) == (False, False)
    assert found["quantiles"]["0.5"] == pytest.approx(0, abs=0.1)
    assert found["n_distinct"] == pytest.approx(5000, rel=0.06)
    assert (found["min"], found["max"]) == (values[0], values[-1])
    assert found["mean"] == pytest.approx(values.mean())
    histogram = found["histogram"]
    assert sum(histogram["counts"]) + histogram["below"] + histogram["above"] == 5000


def test_a_sampled_table_has_the_sections_of_an_exact_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    table = pa.table(
        {
            "z": rng.gamma(2, 0.3, 3000),
            "e": 10 ** rng.normal(-4, 1, 3000),
            "s": rng.choice(["A", "B"], 3000),
            "f": rng.integers(0, 4, 3000),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    roles = {"z": "z", "z_err": "e", "survey": "s", "z_flag": "f"}
    exact = build_profile(tmp_path / "t.parquet", roles=roles)
    sampled = build_profile(tmp_path / "t.parquet", roles=roles, exact_rows=10)
    assert sampled.keys() == exact.keys()
    assert sampled["flags"]["z_flag"] == exact["flags"]["z_flag"]
    for section in ("redshift", "errors"):
        one, other = (
            profile["redshift"] if section == "redshift" else profile["flags"]["z_err"]
            for profile in (sampled, exact)
        )
        assert one.keys() == other.keys()
        assert sum(one["counts"]) + one["below"] + one["above"] == 3000
    assert sampled["redshift"]["median"] == pytest.approx(exact["redshift"]["median"], abs=0.03)
    series = [each["count"] for each in sampled["redshift"]["splits"][0]["series"]]
    assert series == [each["count"] for each in exact["redshift"]["splits"][0]["series"]]


def test_columns_of_every_other_type_have_what_has_a_meaning(tmp_path: Path) -> None:
    days = [dt.date(2026, 11, 21), None, dt.date(1998, 7, 1)]
    found = _column(tmp_path, pa.array(days))
    assert (found["kind"], found["min"], found["max"]) == ("time", "1998-07-01", "2026-11-21")
    moment = pa.array([1, 2_000_000_000_000_000_001], pa.timestamp("ns"))
    found = _column(tmp_path, moment)
    assert found["max"] == "2033-05-18 03:33:20.000000001"
    found = _column(tmp_path, pa.array([Decimal("1.50"), None, Decimal("2.50")]))
    assert (found["kind"], found["mean"], found["n_null"]) == ("number", 2.0, 1)
    found = _column(tmp_path, pa.array([True, False, True]))
    assert found["top"] == [{"value": True, "count": 2}, {"value": False, "count": 1}]
    nested = _column(tmp_path, pa.array([[1.0, 2.0], None], pa.list_(pa.float64())))
    assert (nested["kind"], nested["n_null"], nested["top"]) == ("other", 1, None)
    nothing = _column(tmp_path, pa.nulls(3))
    assert (nothing["n_null"], nothing["n_distinct"], nothing["top"]) == (3, 0, None)
    unsigned = _column(tmp_path, pa.array([0, 2**64 - 1], pa.uint64()))
    assert (unsigned["max"], unsigned["n_distinct"]) == (2**64 - 1, 2)
    nans = _column(tmp_path, pa.array([float("nan"), float("inf")]))
    assert (nans["n_nan"], nans["n_infinite"], nans["histogram"]) == (1, 1, None)


def test_few_whole_numbers_have_a_bin_each(tmp_path: Path) -> None:
    histogram = _column(tmp_path, pa.array([0, 1, 1, 4], pa.int8()))["histogram"]
    assert histogram["edges"] == [-0.5, 0.5, 1.5, 2.5, 3.5, 4.5]
    assert histogram["counts"] == [1, 2, 0, 0, 1]


def test_the_owner_says_what_a_column_means(tmp_path: Path) -> None:
    fields = [pa.field("a", pa.float64(), metadata={"ucd": "phys.mass", "unit": "kg"}),
              pa.field("b", pa.float64())]  # fmt: skip
    table = pa.table({"a": [1.0], "b": [2.0]}, pa.schema(fields))
    pq.write_table(table, tmp_path / "t.parquet")
    meanings = {"a": Meaning("weight", "phys.weight"), "b": Meaning("RA")}
    profile = build_profile(tmp_path / "t.parquet", roles={"ra": "b"}, meanings=meanings)
    described = [(c["role"], c["ucd"], c["unit"]) for c in profile["columns"]]
    assert described == [("weight", "phys.weight", "kg"), ("ra", "pos.eq.ra;meta.main", "deg")]
    assert profile["roles"] == {"ra": "b"}
