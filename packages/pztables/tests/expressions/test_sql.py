"""Conditions in DuckDB mean what they mean in memory: random tables, random expressions."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from pztables.expressions import (
    ENGINE_OPTIONS,
    ExpressionError,
    SqlColumn,
    matches,
    parse,
    sql_condition,
)

from .strategies import conditions

NAN = math.nan
TYPES = {
    "z": pa.float64(), "x": pa.float32(), "flag": pa.float64(), "whole": pa.int64(),
    "small": pa.int8(), "huge": pa.uint64(), "primary": pa.bool_(), "name": pa.string(),
    "other": pa.string(), "ra": pa.float64(), "dec": pa.float32(), "cost": pa.decimal128(9, 2),
}  # fmt: skip
POSITIONS = ("ra", "dec")
ROW = st.fixed_dictionaries(
    {
        "z": st.sampled_from([None, NAN, 0.0, -0.0, 0.5, -1.0, 3.0, 2.5, 1e16, 1e-5, math.inf]),
        "x": st.sampled_from([None, NAN, 0.1, 0.7, -2.5, 3.0, 16777216.0, -math.inf]),
        "flag": st.sampled_from([None, 0.0, 1.0, 14.0, 214.0, -10.0, 3.5]),
        "whole": st.sampled_from([None, 0, 1, -7, 12, 400, 39627652591521181, -(2**63)]),
        "small": st.sampled_from([None, 0, 1, 3, -128, 127]),
        "huge": st.sampled_from([None, 0, 3, 2**64 - 1]),
        "primary": st.sampled_from([None, True, False]),
        "name": st.sampled_from([None, "", "a", "ab", "12", " 3 ", "é9", "e\u0301x", "1.5"]),
        "other": st.sampled_from([None, "ab", "1", "\u2003+7\n", ".5e1", "nan", "1e999"]),
        "ra": st.sampled_from([None, NAN, 0.0, 359.9, 150.0, 150.7, -10.0, math.inf]),
        "dec": st.sampled_from([None, NAN, 0.0, 2.2, 2.9, -89.5, 90.0]),
        "cost": st.sampled_from([None, 1, 3]),
    }
)  # fmt: skip
ROWS = st.lists(ROW, min_size=1, max_size=6)
LEAVES = st.sampled_from(
    ["z", "x", "flag", "whole", "small", "huge", "cost", "ra", "0", "1", "2.5", "3", "-1", "0.7",
     "1e300", "abs(-2.5)", "None", "int('7')"]
)  # fmt: skip
TEXTS = st.sampled_from(
    ["name", "other", "'ab'", "'12'", "''", "str(whole)", "str(z)", "str(x)", "str(primary)",
     "name[-2]", "name[0]", "str(small)[1]", "col('other')"]
)  # fmt: skip


CONDITIONS = conditions(
    LEAVES,
    TEXTS,
    ["primary", "primary == True", "primary < 1.5", "True", "int(other) == 7", "None",
     "int(flag) == 1", "cone(150, 2.2, 1)", "cone(0.1, 0, 0.3)", "cone(359.95, 0.0, 30)",
     "cone(10, 89.9, 0.5)", "cone(1, -89, 180)", "box(350, 10, -1, 3)", "box(150, 150.5, -90, 90)",
     "box(0, 360, 0, 90)"],
)  # fmt: skip


def table_of(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.table(
        {name: pa.array([row[name] for row in rows], kind) for name, kind in TYPES.items()}
    )


def sql_columns(table: pa.Table, *, bounds: bool = True) -> dict[str, SqlColumn]:
    found = {}
    for number, field in enumerate(table.schema):
        ends = {"min": None, "max": None}
        if bounds and not pa.types.is_string(field.type) and not pa.types.is_boolean(field.type):
            column = table[field.name]
            if pa.types.is_floating(field.type):
                column = column.filter(pc.fill_null(pc.is_finite(column), False))
            ends = pc.min_max(column).as_py()
        found[field.name] = SqlColumn(f"c{number}", field.type, ends["min"], ends["max"])
    return found


def selected(
    text: str, table: pa.Table, *, bounds: bool = True, file: Path | None = None
) -> list[bool]:
    """Return which rows DuckDB selects; a failing check of whole numbers raises.

    The table is asked for as it is, or from a Parquet file with statistics of a few rows each.
    """
    columns = sql_columns(table, bounds=bounds)
    condition = sql_condition(parse(text), columns, positions=POSITIONS)
    options = {"threads": "1", **ENGINE_OPTIONS}
    with duckdb.connect(":memory:", config=options) as engine:
        numbered = table.append_column("rn", pa.array(range(len(table))))
        if file is None:
            engine.register("given", numbered)
        else:
            pq.write_table(numbered, file, row_group_size=3)
        names = ", ".join([*(column.reference for column in columns.values()), "rn"])
        origin = "given" if file is None else f"read_parquet('{file}')"
        source = f"{origin} AS t({names})"

        def ask(sql: str) -> list[tuple[Any, ...]]:
            used = {key: value for key, value in condition.parameters.items() if f"${key}:" in sql}
            return engine.execute(sql, used).fetchall()  # type: ignore[no-any-return]

        for check in condition.checks:
            if ask(f"SELECT 1 FROM {source} WHERE ({check.doubtful}) IS NOT NULL LIMIT 1"):
                raise ExpressionError(check.text, check.position, "not a whole number")
        rows = {row[0] for row in ask(f"SELECT rn FROM {source} WHERE {condition.text}")}
    return [number in rows for number in range(len(table))]


def outcome(select: Callable[[], list[bool]]) -> list[bool] | str:
    """Return what is selected, or that it is refused."""
    try:
        return select()
    except ExpressionError:
        return "refused"


@settings(max_examples=settings.default.max_examples * 3 // 2, deadline=None)
@given(text=CONDITIONS, rows=ROWS)
def test_both_back_ends_select_the_same_rows(text: str, rows: list[dict[str, Any]]) -> None:
    try:
        expression = parse(text)
    except ExpressionError:  # too deep, or something is compared with None
        return
    table = table_of(rows)
    columns = {name: table[name] for name in table.column_names}
    expected = outcome(lambda: matches(expression, columns, positions=POSITIONS).tolist())
    assert outcome(lambda: selected(text, table)) == expected, text


@settings(max_examples=settings.default.max_examples, deadline=None)
@given(text=CONDITIONS, rows=ROWS)
def test_statistics_of_a_file_change_nothing(
    text: str, rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    try:
        expression = parse(text)
    except ExpressionError:
        return
    table, file = table_of(rows), tmp_path_factory.getbasetemp() / "conditions.parquet"
    columns = {name: table[name] for name in table.column_names}
    expected = outcome(lambda: matches(expression, columns, positions=POSITIONS).tolist())
    assert outcome(lambda: selected(text, table, file=file)) == expected, text


@pytest.mark.parametrize("operator", ["<", "<=", "==", "!=", ">=", ">", "is", "is not"])
@pytest.mark.parametrize("name", ["z", "x", "abs(z)", "(z + x)"])
@pytest.mark.parametrize("negation", ["", "not ", "np.isfinite(z) or "])
def test_rows_of_no_number_are_found_in_a_file_whose_statistics_say_nothing_of_them(
    operator: str, name: str, negation: str, tmp_path: Path
) -> None:
    values = [1.0, NAN, 1.0, NAN, NAN, NAN, 2.0, 3.0, 4.0, 5.0, None, NAN]
    rows = [dict.fromkeys(TYPES) | {"z": value, "x": value, "whole": 1} for value in values]
    table = table_of(rows)
    columns = {each: table[each] for each in table.column_names}
    numbers = ["None"] if operator.startswith("is") else ["0", "1", "2.5", "9"]
    for number in numbers:
        text = f"{negation}{name} {operator} {number}"
        expected = matches(parse(text), columns, positions=POSITIONS).tolist()
        assert selected(text, table, file=tmp_path / "t.parquet") == expected, text


@settings(max_examples=40, deadline=None)
@given(
    ra=st.floats(0, 360), dec=st.floats(-90, 90), radius=st.floats(0.01, 180),
    shift=st.sampled_from([0.0, -180.0]), seed=st.integers(0, 99),
)  # fmt: skip
def test_a_cone_holds_what_lies_within_its_radius_on_the_sphere(
    ra: float, dec: float, radius: float, shift: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    place = np.array([ra, dec])
    spread = rng.normal(0, radius, (60, 2)) + place
    everywhere = np.column_stack([rng.uniform(0, 360, 40), rng.uniform(-90, 90, 40)])
    points = np.vstack([spread, everywhere])
    points[:, 0] = (points[:, 0] - shift) % 360 + shift
    points[:, 1] = np.clip(points[:, 1], -90, 90)
    apart = SkyCoord(*points.T, unit="deg").separation(SkyCoord(ra, dec, unit="deg")).deg
    clear = np.abs(apart - radius) > 1e-7  # rounding decides about the others
    table = pa.table({"ra": points[clear, 0], "dec": points[clear, 1]})
    text = f"cone({ra!r}, {dec!r}, {radius!r})"
    expected = (apart[clear] <= radius).tolist()
    columns = {"ra": table["ra"], "dec": table["dec"]}
    assert matches(parse(text), columns, positions=POSITIONS).tolist() == expected
    assert selected(text, table) == expected
    assert selected(text, table, bounds=False) == expected


SKY = pa.table({"ra": [359.0, 0.0, 1.0, -1.0, 180.0, None], "dec": [0.0, 1.0, -1.0, 0.0, 0.0, 0.0]})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("box(358, 1, -1, 1)", [True, True, True, True, False, False]),
        ("box(-2, 0.5, -1, 1)", [True, True, False, True, False, False]),
        ("box(0, 360, 0, 90)", [True, True, False, True, True, False]),
        ("not box(0, 360, 0, 90)", [False, False, True, False, False, False]),
        ("box(179, 181, 0, 0)", [False, False, False, False, True, False]),
        ("cone(0, 0, 1.5)", [True, True, True, True, False, False]),
    ],
)
def test_regions_cross_right_ascension_zero(text: str, expected: list[bool]) -> None:
    columns = {"ra": SKY["ra"], "dec": SKY["dec"]}
    assert matches(parse(text), columns, positions=POSITIONS).tolist() == expected
    assert selected(text, SKY) == expected


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("cone(1, 2)", 1, r"write cone\(ra, dec, radius\)"),
        ("z > 1 and cone(1, 2, r=3)", 11, "with numbers in degrees"),
        ("cone(1, 91, 2)", 9, "dec must lie between -90 and 90"),
        ("cone(1, 2, -0.5)", 12, "radius must lie between 0 and 180"),
        ("cone(z, 2, 3)", 6, "ra must be a number in degrees"),
        ("cone(True, 2, 3)", 6, "ra must be a number in degrees"),
        ("box(1, 2, 4, 3)", 11, "dec_min is larger than dec_max"),
        ("cones(1, 2, 3)", 1, r"no function cones \(did you mean cone\?\)"),
    ],
)
def test_a_region_that_is_none_is_refused_at_its_place(
    text: str, position: int, reason: str
) -> None:
    with pytest.raises(ExpressionError, match=reason) as refusal:
        parse(text)
    assert refusal.value.position == position


def test_regions_are_refused_where_nobody_knows_the_positions() -> None:
    columns = {"z": SqlColumn("c0", pa.float64())}
    for ask in (
        lambda text: sql_condition(parse(text), columns),
        lambda text: matches(parse(text), {"z": [1.0]}),
    ):
        with pytest.raises(ExpressionError, match="which columns are right ascension") as refusal:
            ask("z > 0 and cone(1, 2, 3)")
        assert refusal.value.position == 11


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("zz > 1", 1, "did you mean z?"),
        ("z and True", 1, "need conditions, this is a number"),
        ("name + 1 == 2", 1, "\\+ needs a number, this is text"),
        ("z < 'a'", 5, "cannot order a number with text"),
        ("len(z) == 1", 1, "write str"),
        ("z + 1", 1, "must be true or false, this is a number"),
        ("int('1.5') == 1", 1, "not whole numbers"),
        ("when > 1", 1, "column when holds values of type date32"),
    ],
)
def test_what_does_not_fit_the_columns_is_refused_as_in_memory(
    text: str, position: int, reason: str
) -> None:
    columns = {
        "z": SqlColumn("c0", pa.float64()),
        "name": SqlColumn("c1", pa.string()),
        "when": SqlColumn("c2", pa.date32()),
    }
    with pytest.raises(ExpressionError, match=reason) as refusal:
        sql_condition(parse(text), columns)
    assert refusal.value.position == position


def test_nothing_that_a_user_wrote_is_in_the_sql() -> None:
    name = 'z"; DROP TABLE t; --'
    condition = sql_condition(
        parse(f"col({name!r}) > 0.123456 and s == 'Robert\\'); --' and s[0] in ('x', 'qwertz')"),
        {name: SqlColumn("c0", pa.float64()), "s": SqlColumn("c1", pa.string())},
    )
    assert not any(word in condition.text for word in ("DROP", "Robert", "qwertz", "0.123456", ";"))
    assert {"Robert'); --", "qwertz", 0.123456} <= set(condition.parameters.values())


def test_comparisons_of_plain_columns_stay_plain_so_that_row_groups_are_skipped() -> None:
    columns = {"z": SqlColumn("c0", pa.float64()), "s": SqlColumn("c1", pa.string())}
    condition = sql_condition(parse("z < 0.5 and s == 'DESI' and z > 0.1"), columns)
    plain = (
        "((c0 < $p0::DOUBLE) AND (c1 = $p1::VARCHAR) AND ((c0 > $p2::DOUBLE) AND NOT isnan(c0)))"
    )
    assert condition.text == plain


def test_a_condition_that_doubles_with_every_level_is_refused_in_time() -> None:
    columns = {"name": SqlColumn("c1", pa.string())}
    text = "name"
    for _ in range(14):
        text = f"str(int({text}))"
    with pytest.raises(ExpressionError, match="too complicated"):
        sql_condition(parse(f"{text} == '1'"), columns)
