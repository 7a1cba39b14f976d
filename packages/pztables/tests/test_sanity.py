"""Sanity checks and the corrections that they offer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import Angle
from hypothesis import given, settings
from hypothesis import strategies as st

from pztables.corrections import (
    LIGHT_KMS,
    SENTINELS,
    Correction,
    CorrectionError,
    sexagesimal,
    write_corrected,
)
from pztables.sanity import Doubt, doubts_of_file, doubts_of_table

SAMPLES = Path(__file__).parents[4] / "shared" / "data" / "surveys"
ROLES = {"ra": "RA", "dec": "DEC", "z": "Z", "z_err": "E_Z", "z_flag": "Q"}
SKY = np.linspace(0.5, 359.5, 60)
LOW = np.linspace(-60.0, 10.0, 60)
REDSHIFTS = np.linspace(0.01, 2.0, 60)


def doubts(units: dict[str, str] | None = None, **columns: Any) -> list[Doubt]:
    table = pa.table({"RA": SKY, "DEC": LOW, "Z": REDSHIFTS, **columns})
    roles = {role: name for role, name in ROLES.items() if name in table.column_names}
    return doubts_of_table(table, roles, units=units)


def test_sound_columns_raise_no_doubt() -> None:
    assert doubts(E_Z=REDSHIFTS / 100, Q=[4] * 60) == []
    assert doubts(RA=np.linspace(2.41, 2.51, 60), DEC=np.linspace(-4.6, -4.4, 60)) == []
    assert doubts(Z=[None] * 60) == []
    assert doubts(Q=[("A", "B", "C")[n % 3] for n in range(60)]) == []


@pytest.mark.parametrize(
    ("columns", "units", "code", "actions"),
    [
        ({"RA": SKY / 15}, {}, "right_ascension_in_hours", ["hours_to_degrees"]),
        ({"RA": [2.4] * 60}, {"RA": "h"}, "right_ascension_in_hours", ["hours_to_degrees"]),
        ({"RA": ["12:30:00"] * 60}, {}, "sexagesimal_position", ["sexagesimal_hours_to_degrees"]),
        ({"DEC": ["-05 30 00"] * 60}, {}, "sexagesimal_position", ["sexagesimal_to_degrees"]),
        (
            {"RA": np.radians(SKY), "DEC": np.radians(LOW)},
            {},
            "positions_in_radians",
            ["radians_to_degrees"],
        ),
        ({"RA": LOW, "DEC": SKY}, {}, "swapped_position", []),
        ({"Z": REDSHIFTS * LIGHT_KMS}, {}, "redshift_is_velocity", ["velocity_to_redshift"]),
        ({"Z": [120.0] * 60}, {"Z": "km/s"}, "redshift_is_velocity", ["velocity_to_redshift"]),
        ({"Z": REDSHIFTS * 100}, {}, "redshift_in_percent", ["percent_to_fraction"]),
        ({"Z": [-99.0, *REDSHIFTS[1:]]}, {}, "sentinel_values", ["values_to_null"]),
        ({"E_Z": [99.9, *REDSHIFTS[1:]]}, {}, "sentinel_values", ["values_to_null"]),
        ({"DEC": [-999.0, *LOW[1:]]}, {}, "sentinel_values", ["leave_out_rows"]),
        ({"Q": np.linspace(0, 1, 60).tolist()}, {}, None, []),
        ({"Q": [f"remark {n}" for n in range(60)]}, {}, None, []),
    ],
)
def test_each_usual_mistake_is_doubted_with_rows_and_a_way_out(
    columns: dict[str, Any], units: dict[str, str], code: str | None, actions: list[str]
) -> None:
    found = doubts(units, **columns)
    assert [doubt.code for doubt in found] == ([code] if code else [])
    for doubt in found:
        assert [each.action for each in doubt.corrections] == actions
        assert doubt.count
        assert doubt.first_rows[0].keys() == {"row", *doubt.columns}
        assert all(column in doubt.message for column in doubt.columns)


def test_a_measurement_is_no_flag() -> None:
    table = pa.table({"Q": np.linspace(0, 1, 200)})
    (doubt,) = doubts_of_table(table, {"z_flag": "Q"})
    assert (doubt.code, doubt.facts) == ("odd_flags", {"n_distinct": 200})


def test_evidence_names_the_rows_from_one() -> None:
    (doubt,) = doubts(Z=[0.1, -99.0, 0.3, -99.0, *REDSHIFTS[4:]])
    assert (doubt.count, doubt.n_rows) == (2, 60)
    assert doubt.first_rows == ({"row": 2, "Z": -99.0}, {"row": 4, "Z": -99.0})


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real samples are not beside the project")
def test_real_surveys_raise_no_doubt_but_about_their_values_for_nothing() -> None:
    found: dict[str, str] = {}
    for file, roles in json.loads((SAMPLES / "columns.json").read_text()).items():
        said = doubts_of_file(SAMPLES / file, roles)
        assert {doubt.code for doubt in said} <= {"sentinel_values"}
        found |= {file.split("_")[0]: doubt.facts["values"] for doubt in said}
    assert found == {
        "2dfgrs": "-9",
        "3dhst": "-99, -1",
        "6dfgs": "-9.999",
        "jades": "-1",
        "pipeline": "-9.999, -9, -1, 9.9999",
        "vandels": "9.9999",
        "vvds": "9.9999",
    }


def corrected(tmp_path: Path, table: pa.Table) -> pa.Table:
    """Write a table, apply every correction that is offered, read the outcome."""
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(table, source, row_group_size=7)
    roles = {role: name for role, name in ROLES.items() if name in table.column_names}
    offered = [each for doubt in doubts_of_file(source, roles) for each in doubt.corrections]
    write_corrected(source, target, offered)
    assert doubts_of_file(target, roles) == []
    return pq.read_table(target)


def test_hours_velocities_and_sentinels_are_put_right_together(tmp_path: Path) -> None:
    z = np.where(np.arange(60) == 3, -9999.0, REDSHIFTS * LIGHT_KMS)
    table = pa.table({"name": [str(n) for n in range(60)], "RA": SKY / 15, "DEC": LOW, "Z": z})
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(table, source)
    write_corrected(
        source,
        target,
        [
            Correction("hours_to_degrees", ("RA",)),
            Correction("values_to_null", ("Z",), (-9999.0,)),
            Correction("velocity_to_redshift", ("Z",)),
        ],
    )
    done = pq.read_table(target)
    assert done.column_names == table.column_names
    assert done["name"] == table["name"]
    assert done["DEC"] == table["DEC"]
    np.testing.assert_allclose(done["RA"].to_numpy(), SKY)
    expected = [None if n == 3 else pytest.approx(value) for n, value in enumerate(REDSHIFTS)]
    assert done["Z"].to_pylist() == expected


def test_rows_without_a_position_are_left_out(tmp_path: Path) -> None:
    table = pa.table({"RA": [-99.0, *SKY[1:]], "DEC": [*LOW[:-1], 99.0], "k": range(60)})
    assert corrected(tmp_path, table)["k"].to_pylist() == list(range(1, 59))


def test_text_that_is_no_angle_is_never_lost(tmp_path: Path) -> None:
    table = pa.table({"RA": ["01:00:00", "", "01:00:00", "unknown"], "DEC": [1.0] * 4})
    pq.write_table(table, tmp_path / "in.parquet")
    with pytest.raises(CorrectionError, match="row 4: 'unknown'"):
        write_corrected(
            tmp_path / "in.parquet",
            tmp_path / "out.parquet",
            [Correction("sexagesimal_hours_to_degrees", ("RA",))],
        )


@pytest.mark.parametrize(
    "correction", [Correction("to_furlongs", ("RA",)), Correction("hours_to_degrees", ("none",))]
)
def test_what_cannot_be_corrected_is_named(tmp_path: Path, correction: Correction) -> None:
    pq.write_table(pa.table({"RA": [1.0]}), tmp_path / "in.parquet")
    with pytest.raises(CorrectionError, match=r"to_furlongs|none"):
        write_corrected(tmp_path / "in.parquet", tmp_path / "out.parquet", [correction])


def test_sixty_seconds_are_those_of_the_next_minute() -> None:
    texts = pa.array(["00:59:60.00", "-05:30:60", "01:60:00", "01:00:60.01"])
    np.testing.assert_allclose(sexagesimal(texts), [1.0, -5 - 31 / 60, np.nan, np.nan])


def test_a_row_is_named_by_its_place_in_the_file_also_behind_rows_left_out(tmp_path: Path) -> None:
    n_rows = 100_010
    text = ["01:00:00"] * (n_rows - 1) + ["unknown"]
    table = pa.table({"RA": text, "DEC": [-99.0, *[1.0] * (n_rows - 1)]})
    pq.write_table(table, tmp_path / "in.parquet")
    with pytest.raises(CorrectionError, match=f"row {n_rows}: 'unknown'"):
        write_corrected(
            tmp_path / "in.parquet",
            tmp_path / "out.parquet",
            [
                Correction("leave_out_rows", ("DEC",), (-99.0,)),
                Correction("sexagesimal_hours_to_degrees", ("RA",)),
            ],
        )


def test_a_wide_table_is_corrected_whole(tmp_path: Path) -> None:
    n_rows, n_columns = 6_000, 1_101
    table = pa.table({f"c{number}": np.full(n_rows, 1.5) for number in range(n_columns)})
    pq.write_table(table, tmp_path / "in.parquet")
    hours = Correction("hours_to_degrees", ("c7",))
    assert write_corrected(tmp_path / "in.parquet", tmp_path / "out.parquet", [hours]) == n_rows
    expected = table.set_column(7, "c7", pa.array(np.full(n_rows, 22.5)))
    assert pq.read_table(tmp_path / "out.parquet").equals(expected)


@given(st.floats(0, 359.999, allow_subnormal=False), st.sampled_from([":", " ", "hms", "dms"]))
def test_sexagesimal_text_is_read_as_astropy_writes_it(degrees: float, separator: str) -> None:
    unit = "hourangle" if separator == "hms" else "deg"
    angle = Angle(degrees, "deg")
    text = angle.to_string(unit, sep=separator, precision=4)
    factor = 15 if separator == "hms" else 1
    assert sexagesimal(pa.array([text]))[0] * factor == pytest.approx(degrees, abs=1e-6)


@settings(max_examples=50)
@given(
    st.lists(
        st.one_of(st.floats(0.0, 6.0), st.sampled_from([s for s in SENTINELS if s < -1])),
        min_size=1,
        max_size=30,
    )
)
def test_a_corrected_column_raises_the_same_doubt_no_more(values: list[float]) -> None:
    found = doubts_of_table(pa.table({"Z": values}), {"z": "Z"})
    hidden = {value for doubt in found for each in doubt.corrections for value in each.values}
    assert hidden == {value for value in values if value < 0}
    left = [value for value in values if value not in hidden]
    assert doubts_of_table(pa.table({"Z": pa.array(left, pa.float64())}), {"z": "Z"}) == []
