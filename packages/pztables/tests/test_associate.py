"""Suggested roles, and checks of what columns are said to mean."""

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

from pztables.associate import (
    check_numbers,
    check_positions,
    suggest_roles,
)
from pztables.formats import ColumnInfo
from pztables.numbers import NotNumericError, numbers_where_possible
from pztables.positions import PositionCheck
from pztables.roles import ROLES
from pztables.sanity import sanity_checks

SAMPLES = Path(__file__).parents[4] / "shared" / "data" / "surveys"


def suggested(table: pa.Table, product_type: str | None = None) -> dict[str, str]:
    columns = [ColumnInfo.from_arrow_field(field) for field in table.schema]
    found = suggest_roles(columns, table, product_type)
    assert [each.confidence for each in found] == sorted(
        (each.confidence for each in found), reverse=True
    )
    assert all(0.5 <= each.confidence <= 1 and each.reason for each in found)
    return {each.role: each.column for each in found}


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real samples are not beside the project")
def test_every_role_of_the_real_samples_is_suggested_and_no_other() -> None:
    known = json.loads((SAMPLES / "columns.json").read_text())
    found, expected = {}, {}
    for file, roles in known.items():
        if file.startswith("test_homogenized"):
            continue  # its flags are unified ones, on purpose not associated
        table = pq.read_table(SAMPLES / file).slice(0, 200)
        found[file] = suggested(table)
        found[file].pop("instrument_type", None)
        expected[file] = roles
    assert found == expected


def test_columns_without_rows_are_suggested_by_their_names() -> None:
    columns = [
        ColumnInfo(name, pa.float64()) for name in ("RAJ2000", "DEJ2000", "e_z", "zsp", "junk")
    ]
    columns += [ColumnInfo("Survey", pa.string()), ColumnInfo("q_z", pa.int64())]
    found = {each.role: each.column for each in suggest_roles(columns)}
    assert found == {
        "ra": "RAJ2000", "dec": "DEJ2000", "z_err": "e_z", "z": "zsp", "survey": "Survey",
        "z_flag": "q_z",
    }  # fmt: skip


def test_the_columns_of_a_hats_sample_are_known_by_their_names() -> None:
    names = ("ELAIS", "RAdeg", "DEdeg", "zbest", "zbest_type", "zbest_quality", "RAh", "DEd", "zsp")
    found = suggest_roles([ColumnInfo(name, pa.float64()) for name in names])
    assert {each.role: each.column for each in found} == {
        "ra": "RAdeg", "dec": "DEdeg", "z": "zbest", "z_flag": "zbest_quality",
    }  # fmt: skip


def test_ucds_count_more_than_names() -> None:
    columns = [
        ColumnInfo("ra", pa.float64()),
        ColumnInfo("lon", pa.float64(), ucd="pos.eq.ra;meta.main"),
        ColumnInfo("c3", pa.float64(), ucd="src.redshift"),
        ColumnInfo("c4", pa.float64(), ucd="pos.eq.dec"),
        ColumnInfo("c5", pa.float64(), ucd="phot.mag"),
    ]
    found = {each.role: (each.column, each.reason) for each in suggest_roles(columns)}
    assert found == {
        "ra": ("lon", "UCD pos.eq.ra;meta.main"),
        "z": ("c3", "UCD src.redshift"),
        "dec": ("c4", "UCD pos.eq.dec"),
    }


def test_values_out_of_range_speak_against_a_role() -> None:
    table = pa.table({"alpha": [400.0, 500.0], "ra_x": [10.0, 20.0], "z": [22.5, 23.1]})
    assert suggested(table) == {"ra": "ra_x"}


def test_sentinels_do_not_speak_against_a_redshift() -> None:
    assert suggested(pa.table({"z": [0.5, -99.0, 0.7]})) == {"z": "z"}


def test_a_z_among_bands_is_a_magnitude() -> None:
    bands = {band: [1.0, 2.0] for band in "griz"}
    assert suggested(pa.table(bands)) == {}
    assert suggested(pa.table({**bands, "redshift": [0.1, 0.2]})) == {"z": "redshift"}
    assert suggested(pa.table({"z": [1.0]}), "object_catalog") == {}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"ra": ["01:02:03"], "dec": ["-05:00:00"]}, {}),
        ({"ra": [True], "dec": [[1.0]]}, {}),
        ({"ra": ["10.5"], "dec": ["-5"]}, {"ra": "ra", "dec": "dec"}),
        ({"id": [[1]], "survey": [1]}, {}),
        ({"type": ["galaxy", "star"]}, {}),
        ({"type": ["S", "p"]}, {"instrument_type": "type"}),
        ({"instrument_type": ["grism"]}, {"instrument_type": "instrument_type"}),
        ({"source": [f"x{n}" for n in range(200)]}, {}),
        ({"objid": [1] * 50, "name": [f"{n}" for n in range(50)]}, {"id": "name"}),
        ({"z": pa.nulls(2, pa.float64())}, {"z": "z"}),
    ],
)
def test_kinds_of_values_decide_what_a_name_leaves_open(
    columns: dict[str, Any], expected: dict[str, str]
) -> None:
    assert suggested(pa.table(columns)) == expected


@settings(max_examples=50)
@given(
    st.lists(
        st.sampled_from(
            ["ra", "RA", "dec", "DEC", "z", "Z", "zspec", "redshift", "id", "objid", "quality",
             "z_flag", "survey", "source", "z_err", "type", "x", "ra_b1950_deg", "std_ra"]
        ),
        unique=True,
    )
)  # fmt: skip
def test_each_role_and_each_column_is_suggested_at_most_once(names: list[str]) -> None:
    found = suggest_roles([ColumnInfo(name, pa.float64()) for name in names])
    assert len({each.role for each in found}) == len(found)
    assert len({each.column for each in found}) == len(found)
    assert {each.role for each in found} <= {role.name for role in ROLES}
    assert not {"ra_b1950_deg", "std_ra"} & {each.column for each in found if each.role == "ra"}


# --- sanity ----------------------------------------------------------------------------------


def sanity(ra: Any, dec: Any, unit: str | None = None) -> list[str]:
    table = pa.table({"a": ra, "d": dec})
    columns = [ColumnInfo("a", table.schema.field("a").type, unit=unit)]
    columns.append(ColumnInfo("d", table.schema.field("d").type))
    checks = sanity_checks(columns, table, {"ra": "a", "dec": "d"})
    assert all(not check["ok"] and check["message"] for check in checks)
    return [check["code"] for check in checks]


def test_usual_mistakes_in_positions_are_named() -> None:
    hours = list(np.linspace(0.1, 23.9, 50))
    assert sanity(hours, [0.0] * 50) == ["right_ascension_in_hours"]
    assert sanity([1.0], [0.0], unit="hourangle") == ["right_ascension_in_hours"]
    assert sanity(["12:30:00.5", None], ["-05:00:00", "+1:2:3"]) == ["sexagesimal_position"] * 2
    assert sanity(["12h30m00.5s"], [1.0]) == ["sexagesimal_position"]
    assert sanity([-30.0, 20.0], [200.0, 10.0]) == ["swapped_position"]


def test_positions_that_no_role_was_suggested_for_are_found_by_their_names() -> None:
    table = pa.table(
        {"RA": ["01:02:03", "04:05:06"], "DEC": ["-01:02:03", "04:05:06"], "x": [1, 2]}
    )
    columns = [ColumnInfo.from_arrow_field(field) for field in table.schema]
    assert suggested(table) == {}
    checks = sanity_checks(columns, table, {})
    assert [check["message"] for check in checks] == [
        "column RA is sexagesimal text; convert it to degrees",
        "column DEC is sexagesimal text; convert it to degrees",
    ]


def test_good_positions_are_not_suspected() -> None:
    assert sanity([10.0, 20.0, 23.0], [-5.0, 5.0, 0.0]) == []
    assert sanity([150.0] * 30, [-5.0] * 30) == []
    assert sanity(["10.5"], ["text"]) == []
    assert sanity([None, 1.0], pa.nulls(2, pa.string())) == []
    assert sanity_checks([], pa.table({"a": [1.0]}), {}) == []


# --- checks ----------------------------------------------------------------------------------


def written(tmp_path: Path, **columns: Any) -> Path:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=3)
    return path


def test_good_positions_have_no_problem(tmp_path: Path) -> None:
    path = written(tmp_path, a=[0.0, 359.999, 10.0, 5.0], d=["-90", "90", "1e1", "0"])
    assert check_positions(path, "a", "d") == []


def test_positions_off_the_sky_are_counted_with_their_rows(tmp_path: Path) -> None:
    a = [1.0, 360.0, -0.1, None, math.nan, 5.0, math.inf]
    path = written(tmp_path, a=a, d=[0.0, 91.0, 0.0, 0.0, None, -math.inf, 0.0])
    problem = check_positions(path, "a", "d")[0].as_dict()
    assert problem == {
        "code": "invalid_positions",
        "message": problem["message"],
        "columns": ["a", "d"],
        "count": 6,
        "first_rows": [
            {"row": 2, "ra": 360.0, "dec": 91.0}, {"row": 3, "ra": -0.1, "dec": 0.0},
            {"row": 4, "ra": None, "dec": 0.0}, {"row": 5, "ra": None, "dec": None},
            {"row": 6, "ra": 5.0, "dec": "-inf"},
        ],
    }  # fmt: skip
    assert "6 of 7 rows have no valid position: 2 without right ascension" in problem["message"]
    assert json.loads(json.dumps(problem, allow_nan=False)) == problem


def test_positions_that_are_not_numbers_are_shown(tmp_path: Path) -> None:
    path = written(tmp_path, a=["1", "x", "", None, "y"], d=[["a"], [], None, None, None])
    ra, dec = check_positions(path, "a", "d")
    assert (ra.code, ra.count, ra.columns) == ("not_a_number", 2, ("a",))
    assert ra.first_rows == ({"row": 2, "value": "x"}, {"row": 5, "value": "y"})
    assert "row 2: 'x'" in ra.message
    assert (dec.code, "list<element: string>, not numbers" in dec.message) == ("not_a_number", True)


def test_rows_are_counted_across_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pztables.associate._BATCH_ROWS", 4)
    texts = ["1"] * 9 + ["bad"] + ["2"] * 3
    path = written(tmp_path, a=texts, d=[0.0] * 11 + [95.0, 0.0], n=[1.0] * 13)
    assert check_numbers(path, "a", role="z")[0].first_rows == ({"row": 10, "value": "bad"},)
    assert check_positions(path, "n", "d")[0].first_rows == ({"row": 12, "ra": 1.0, "dec": 95.0},)


NUMBERS = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from(
    [0.0, -0.0, 360.0, 359.99999, 90.0, -90.0, 90.0000001]
)


@given(rows=st.lists(st.tuples(NUMBERS, NUMBERS), max_size=30), split=st.integers(0, 30))
def test_positions_are_checked_as_one_by_one_and_in_any_pieces(
    rows: list[tuple[float, float]], split: int
) -> None:
    expected = [not (0 <= ra < 360 and -90 <= dec <= 90) for ra, dec in rows]
    arrays = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    whole, pieces = PositionCheck(), PositionCheck()
    assert whole.add(*arrays).tolist() == expected
    masks = [pieces.add(*(a[part] for a in arrays)) for part in (slice(split), slice(split, None))]
    assert np.concatenate(masks).tolist() == expected
    assert (whole.n_rows, whole.n_invalid) == (len(rows), sum(expected))
    assert (pieces.counts, pieces.first_rows) == (whole.counts, whole.first_rows)
    assert sum(whole.counts.values()) >= whole.n_invalid


# --- numbers ---------------------------------------------------------------------------------


def as_float(text: str) -> float | None:
    """Read a text as the numbers of a table: a slow obvious twin."""
    try:
        number = float(text.strip())
    except ValueError:
        return None
    return None if "_" in text or "nan" in text.lower() else number


@given(st.lists(st.text("0123456789.eE+-_ infNaN", max_size=6) | st.floats().map(str)))
def test_texts_are_numbers_where_they_show_one(texts: list[str]) -> None:
    values, wrong = numbers_where_possible(pa.array(texts, pa.string()))
    for text, value, is_wrong in zip(texts, values.tolist(), wrong.tolist(), strict=True):
        expected = as_float(text)
        if text.strip().lower() in ("", "none", "null", "nan", "na", "<na>"):
            assert math.isnan(value)
            assert not is_wrong
        elif expected is None:
            assert math.isnan(value)
            assert is_wrong
        else:
            assert (value, is_wrong) == (expected, False)


def test_every_numeric_layout_is_read_and_others_are_refused() -> None:
    for array, expected in (
        (pa.array([1, None], pa.uint8()), [1.0, None]),
        (pa.array([2**63], pa.uint64()), [2.0**63]),
        (pa.array([1.5], pa.float16()), [1.5]),
        (pa.array([True, False]), [1.0, 0.0]),
        (pa.array([b"1.5", b"x"]), [1.5, None]),
        (pa.array(["1", "2"]).dictionary_encode(), [1.0, 2.0]),
        (pa.nulls(1), [None]),
    ):
        values, _ = numbers_where_possible(array)
        assert [None if math.isnan(value) else value for value in values.tolist()] == expected
    with pytest.raises(NotNumericError):
        numbers_where_possible(pa.array([[1]]))
