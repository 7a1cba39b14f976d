"""Conditions that a form writes select what the form says."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from pzhub.tables.pages.conditions import ColumnCondition, ConditionValueError, joined
from pzhub.tables.table import TableColumn
from pztables.expressions import matches, parse
from pztables.formats import ColumnInfo

TEXTS = pa.array(["a", "b,c", 'q"', "it's", "", None, "#x", "a\nb", "é", "\\n", "%", "7"])
NUMBERS = pa.array([1.0, -2.5, None, 7.0, 1e300, 0.5])
WHOLE = pa.array([1, -2, None, 7, 2**53 + 1, 2**62])


def selected(values: pa.Array, operator: str, value: str, value2: str = "") -> list[Any]:
    column = TableColumn(ColumnInfo("a b", values.type), None)
    text = ColumnCondition(column, operator, value, value2).expression()
    for whole in (text, joined("col('a b') is None or True", text)):
        found = matches(parse(whole), {"a b": values})
    return [each for each, fits in zip(values.to_pylist(), found.tolist(), strict=True) if fits]


@pytest.mark.parametrize("text", [each for each in TEXTS.to_pylist() if each])
def test_texts_are_found_whatever_they_hold(text: str) -> None:
    assert selected(TEXTS, "eq", text) == [text]
    everyone = TEXTS.drop_null().to_pylist()
    assert selected(TEXTS, "contains", text) == [each for each in everyone if text in each]
    parts = text.split(",")
    assert selected(TEXTS, "in", text) == [each for each in everyone if each in parts and each]


@pytest.mark.parametrize("text", ["7", "+7", "007", "7.0", "7e0", "+007.0"])
def test_a_number_may_be_written_in_many_ways_alone_or_in_a_list(text: str) -> None:
    for values in (NUMBERS, WHOLE):
        assert selected(values, "eq", text) == [7]
        assert selected(values, "in", text) == [7]
        assert selected(values, "in", f"{text}, 1") == [1, 7]
        assert selected(values, "between", text, text) == [7]
    assert selected(WHOLE, "eq", str(2**53 + 1)) == [2**53 + 1]
    assert selected(WHOLE, "eq", "-02") == [-2]


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "1_0", "٣", "0x10", "--1", "1 or 1 == 1"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ConditionValueError):
        selected(NUMBERS, "eq", text)
