"""Expressions on columns: examples of every rule, and a row-by-row twin."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pztables.expressions import (
    Evaluator,
    ExpressionError,
    ExpressionTypeError,
    FractionalIntError,
    UnknownNameError,
    evaluate,
    matches,
    parse,
    raw_column,
    table_column,
)

from .rowwise import WrongValueError, value_of
from .strategies import conditions

NAN = math.nan
COLUMNS: dict[str, Any] = {
    "z": table_column(pa.array([0.5, None, NAN, -1.0])),
    "raw": raw_column(pa.array([0.5, None, NAN, -1.0])),
    "whole": raw_column(pa.array([1, None, 3, 2**62])),
    "primary": raw_column(pa.array([True, None, False, True])),
    "name": raw_column(pa.array(["ab", None, "c", ""])),
    "flag": table_column(pa.array([5.0, 137.0, None, -3.0])),
}


def result(text: str) -> list[Any]:
    found = evaluate(parse(text), COLUMNS).to_pylist()
    return ["nan" if isinstance(x, float) and math.isnan(x) else x for x in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # nullable numbers: a comparison with nothing is unknown, whatever it is
        ("z == 0.5", [True, None, None, False]),
        ("z != 0.5", [False, None, None, True]),
        ("not z == 0.5", [False, None, None, True]),
        ("np.isfinite(z)", [True, None, None, True]),
        ("not np.isfinite(z)", [False, None, None, False]),
        # raw numbers: nothing is NaN
        ("raw == 0.5", [True, False, False, False]),
        ("raw != 0.5", [False, True, True, True]),
        ("not np.isfinite(raw)", [False, True, True, False]),
        ("whole != 1", [False, True, True, True]),
        ("whole == 4611686018427387904", [False, False, False, True]),
        ("np.isfinite(whole)", [True, False, True, True]),
        ("whole + 1 > 0", [True, False, True, True]),
        ("primary != True", [False, True, True, False]),
        ("primary == True", [True, False, False, True]),
        ("primary == 1", [True, False, False, True]),
        ("raw <= z", [True, None, None, True]),
        # text is nullable
        ("name == 'ab'", [True, None, False, False]),
        ("name != 'ab'", [False, None, True, True]),
        ("name < 'b'", [True, None, False, True]),
        ("name == 3", [False, None, False, False]),
        ("name != 3", [True, None, True, True]),
        ("name[-2]", ["a", None, None, None]),
        ("name[0]", ["a", None, "c", None]),
        ("name[-1]", ["b", None, "c", None]),
        ("len(name)", [2, None, 1, 0]),
        # Kleene's logic
        ("z > 0 or True", [True] * 4),
        ("z > 0 and False", [False] * 4),
        ("z > 0 and True", [True, None, None, False]),
        ("z > 0 or False", [True, None, None, False]),
        ("not (z > 0 and name == 'ab')", [False, None, True, True]),
        # chains, lists, missing
        ("-1 <= z < 0.5", [False, None, None, True]),
        ("z in (0.5, 2)", [True, None, None, False]),
        ("z not in (0.5, 2)", [False, None, None, True]),
        ("raw not in (0.5, 2)", [False, True, True, True]),
        ("name in ('ab', 1)", [True, None, False, False]),
        ("z is None", [False, True, True, False]),
        ("raw is not None", [True, False, False, True]),
        ("name is None", [False, True, False, False]),
        # functions
        ("np.trunc(flag) - 10*np.trunc(np.trunc(flag)/10)", [5.0, 7.0, None, -3.0]),
        ("np.abs(flag)", [5.0, 137.0, None, 3.0]),
        ("abs(-2)", [2] * 4),
        ("str(int(flag))", ["5", "137", None, "-3"]),
        ("str(flag)", ["5.0", "137.0", None, "-3.0"]),
        ("str(primary)", ["True", None, "False", "True"]),
        ("int(str(int(flag))[-2])", [None, 3, None, None]),
        ("len(str(int(flag))) <= 1 or int(str(int(flag))[-2]) <= 3", [True, True, None, None]),
        ("float(name)", [None] * 4),
        ("float('2.5') + 1", [3.5] * 4),
        ("int('7')", [7] * 4),
        ("raw / 0", [math.inf, "nan", "nan", -math.inf]),
        ("1 / 2", [0.5] * 4),
        ("-flag + +1", [-4.0, -136.0, None, 4.0]),
        ("'a' == 'a'", [True] * 4),
        ("3", [3] * 4),
        ("'a'", ["a"] * 4),
        ("int('12a')", [None] * 4),
        ("int(' +12')", [12] * 4),
        ("float('x') == 1", [None] * 4),
        ("len('abc')", [3] * 4),
        ("str(1.5)", ["1.5"] * 4),
        ("str(None)", [None] * 4),
        ("'a'[3] == 'x'", [None] * 4),
        ("True and None", [None] * 4),
        ("None is None", [True] * 4),
        ("whole / 2", [0.5, "nan", 1.5, 2.0**61]),
        ("None", [None] * 4),
    ],
)
def test_every_rule_of_the_language(text: str, expected: list[Any]) -> None:
    assert result(text) == expected


def test_a_condition_holds_only_where_it_is_certainly_true_and_scalars_apply_to_every_row() -> None:
    assert matches(parse("z != 0.5"), COLUMNS).tolist() == [False, False, False, True]
    assert matches(parse("1 < 2"), COLUMNS).tolist() == [True] * 4
    assert matches(parse("None"), COLUMNS).tolist() == [False] * 4


def test_float32_columns_compare_with_the_number_that_was_written() -> None:
    columns = {"x": raw_column(pa.array([0.7, 0.1], pa.float32()))}
    assert matches(parse("x == 0.7 or x - 0.1 == 0"), columns).tolist() == [True, True]


def test_single_precision_is_written_as_python_writes_numbers() -> None:
    columns = {"x": pa.array([16777216.0, 0.1, 1e-4, 1e16, None], pa.float32())}
    texts = ["16777216.0", "0.1", "0.0001", "1e+16", None]
    assert evaluate(parse("str(x)"), columns).to_pylist() == texts


def test_integers_neither_lose_digits_nor_wrap_around() -> None:
    columns = {"id": pa.array([39627652591521181, 39627652591521182, None])}
    assert evaluate(parse("id == 39627652591521181"), columns).to_pylist() == [True, False, None]
    assert evaluate(parse("id * id > 0"), columns).to_pylist() == [True, True, None]
    small = {"n": raw_column(pa.array([250], pa.uint8()))}
    assert evaluate(parse("n + 10 - 300"), small).to_pylist() == [-40]
    huge = {"n": pa.array([2**64 - 1], pa.uint64())}
    assert evaluate(parse("n > 1"), huge).to_pylist() == [True]


@pytest.mark.parametrize(
    "array",
    [
        pa.array(["x", None]).dictionary_encode(),
        pa.chunked_array([["x"], [None]]),
        pa.array(["x", None], pa.large_string()),
        pa.array(["x", None], pa.string_view()),
        np.array(["x", None], object),
    ],
    ids=["dictionary", "chunked", "large", "view", "object"],
)
def test_text_is_read_from_every_arrow_layout(array: Any) -> None:
    assert evaluate(parse("a == 'x'"), {"a": array}).to_pylist() == [True, None]


@pytest.mark.parametrize(
    "array",
    [
        np.array([1, 2], ">i4"),
        np.array([1, 2], ">f8"),
        np.array([1, 2], np.float16),
        pa.array([1, 2], pa.decimal128(5, 2)),
        [1, 2],
    ],
    ids=["big-endian", "big-endian float", "half", "decimal", "list"],
)
def test_numbers_are_read_from_every_layout(array: Any) -> None:
    assert evaluate(parse("a > 1"), {"a": array}).to_pylist() == [False, True]


def test_a_column_without_any_value_is_unknown_everywhere() -> None:
    columns = {"a": pa.nulls(2), "e": pa.chunked_array([], pa.string())}
    for text in ("a == 1", "a == 'x'", "a + 1 == 2", "a < 1", "not a", "len(a) == 1", "abs(a) > 0"):
        assert evaluate(parse(text), {"a": columns["a"]}).to_pylist() == [None, None]
    assert evaluate(parse("e == 'x'"), {"e": columns["e"]}).to_pylist() == []


@pytest.mark.parametrize(
    ("text", "error", "position", "reason"),
    [
        ("z and True", ExpressionTypeError, 1, "need conditions, this is a number"),
        ("not name", ExpressionTypeError, 5, "need conditions, this is text"),
        ("name + 1 == 2", ExpressionTypeError, 1, "+ needs a number, this is text"),
        ("z > 0 and -name == 2", ExpressionTypeError, 12, "sign - needs a number"),
        ("z < 'a'", ExpressionTypeError, 5, "cannot order a number with text"),
        ("np.isfinite(name)", ExpressionTypeError, 1, "needs numbers, this is text"),
        ("len(z) == 1", ExpressionTypeError, 1, "write str(...)"),
        ("z[0] == 'a'", ExpressionTypeError, 1, "write str(...)"),
        ("when > 1", ExpressionTypeError, 1, "column when holds values of type date32"),
        ("1 == int(z)", FractionalIntError, 6, "1 values that are not whole numbers (such as 0.5)"),
        ("int('1.5')", FractionalIntError, 1, "not whole numbers"),
        ("zz > 1 and q == 1", UnknownNameError, 1, "did you mean z?"),
    ],
)
def test_what_does_not_fit_the_columns_is_refused_with_its_place(
    text: str, error: type[ExpressionError], position: int, reason: str
) -> None:
    columns = {**COLUMNS, "when": pa.array([0] * 4, pa.date32())}
    with pytest.raises(error) as refusal:
        evaluate(parse(text), columns)
    assert (refusal.value.position, reason in refusal.value.reason) == (position, True)
    assert refusal.value.code.startswith("expression_")


def test_an_unknown_name_lists_near_names_and_the_columns_that_exist() -> None:
    with pytest.raises(UnknownNameError) as refusal:
        evaluate(parse("Z_FLAGS > 1 and nothing < 2"), {"z_flag": [1], "ra": [2]})
    assert refusal.value.data["near"] == {"Z_FLAGS": ["z_flag"], "nothing": []}
    assert refusal.value.data["names"] == ["Z_FLAGS", "nothing"]
    assert refusal.value.data["available"] == ["ra", "z_flag"]


def test_a_number_is_not_a_condition() -> None:
    with pytest.raises(ExpressionTypeError, match="must be true or false, this is a number"):
        matches(parse("z + 1"), COLUMNS)


def test_equal_subtrees_are_computed_once_for_all_expressions_of_an_evaluator() -> None:
    class Counting(dict[str, Any]):
        asked = 0

        def __getitem__(self, name: str) -> Any:
            self.asked += 1
            return super().__getitem__(name)

    columns = Counting(z=pa.array([1.0, 2.0]))
    evaluator = Evaluator(columns, 2)
    found = [evaluator.matches(parse(f"np.trunc(z) == {n}")).tolist() for n in (1, 2)]
    assert (found, columns.asked) == ([[True, False], [False, True]], 1)


# --- the twin -------------------------------------------------------------------------------

NUMBERS = st.sampled_from(["z", "raw", "flag", "whole", "0", "1", "2.5", "3", "-1"])
TEXTS = st.sampled_from(
    ["name", "other", "'ab'", "'12'", "''", "str(whole)", "name[-2]", "name[0]"]
)
CONDITIONS = conditions(NUMBERS, TEXTS, ["primary == True", "primary != True", "True", "False"])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "z": st.sampled_from([None, 0.0, 0.5, -1.0, 3.0, 2.5, math.inf]),
            "flag": st.sampled_from([None, 0.0, 1.0, 14.0, 214.0, -10.0, 3.5]),
            "raw": st.sampled_from([NAN, 0.0, 0.5, -1.0, 3.0, math.inf]),
            "whole": st.sampled_from([0, 1, -7, 12, 400]),
            "primary": st.booleans(),
            "name": st.sampled_from([None, "", "a", "ab", "12", " 3 ", "é9"]),
            "other": st.sampled_from([None, "ab", "1"]),
        }
    ),
    min_size=1,
    max_size=6,
)
TYPES = {
    "z": pa.float64(), "flag": pa.float64(), "raw": pa.float64(), "whole": pa.int64(),
    "primary": pa.bool_(), "name": pa.string(), "other": pa.string(),
}  # fmt: skip


def same(left: Any, right: Any) -> bool:
    return left == right or (left != left and right != right)


@settings(max_examples=settings.default.max_examples * 4, deadline=None)
@given(text=CONDITIONS, rows=ROWS)
def test_columns_give_what_the_row_by_row_twin_gives(text: str, rows: list[dict[str, Any]]) -> None:
    try:
        expression = parse(text)
    except ExpressionError:  # too deep
        return
    arrays = {name: pa.array([row[name] for row in rows], kind) for name, kind in TYPES.items()}
    columns = {
        name: (table_column if name in ("z", "flag") else raw_column)(array)
        for name, array in arrays.items()
    }
    try:
        expected = [value_of(expression.root, row) for row in rows]
    except (WrongValueError, OverflowError):
        with pytest.raises(ExpressionError):
            evaluate(expression, columns)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = evaluate(expression, columns).to_pylist()
    assert len(found) == len(expected)
    assert all(map(same, found, expected)), (text, rows, found, expected)
