"""The address of a view says all that it shows, and nothing is lost on the way."""

from __future__ import annotations

import pyarrow as pa
import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from pzhub.tables.pages.conditions import (
    ColumnCondition,
    ConditionValueError,
    joined,
    written_name,
    written_text,
)
from pzhub.tables.pages.view import FIRST_COLUMNS, MAX_CELLS, SIZES, DataView
from pzhub.tables.table import TableColumn
from pztables.expressions import parse
from pztables.formats import ColumnInfo

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)
WORDS = st.sampled_from(["a", "b", "-a", "a,b", " a", "flag, quality", "z"])


@st.composite
def views(draw: st.DrawFn) -> tuple[DataView, list[str]]:
    """Return a view, and the columns of its table."""
    known = draw(st.lists(st.one_of(NAMES, WORDS), min_size=1, max_size=6, unique=True))
    sortable = [name for name in known if not (name[0] == "-" and name[1:] in known)]
    signs = st.sampled_from(["", "-"])
    sort = draw(st.lists(st.sampled_from(sortable), max_size=2, unique=True)) if sortable else []
    words = [draw(signs) + name for name in sort]
    return (
        DataView(
            where=draw(st.text(st.characters(codec="utf-8"), max_size=20)).strip(),
            cols=tuple(draw(st.lists(st.sampled_from(known), unique=True))) or None,
            sort=tuple(word for word in words if word[1:] in known or word in known),
            pin=draw(st.one_of(st.none(), st.sampled_from(known))),
            page=draw(st.integers(1, 10**9)),
            size=draw(st.sampled_from(SIZES)),
            row=draw(st.one_of(st.none(), st.integers(0, 10**9))),
        ),
        known,
    )


@given(views())
def test_a_view_is_read_back_from_its_address(given_view: tuple[DataView, list[str]]) -> None:
    view, known = given_view
    assert DataView.of(QueryDict(view.query(known)), known) == view


@given(st.dictionaries(st.text(max_size=6), st.text(max_size=12), max_size=8))
def test_any_address_is_a_view(sent: dict[str, str]) -> None:
    address = QueryDict(mutable=True)
    address.update(sent)
    view = DataView.of(address, ["z", "ra"])
    assert view.size in SIZES
    assert view.page >= 1


def test_what_an_address_names_and_the_table_has_not_is_told() -> None:
    sent = QueryDict("cols=z,zz&sort=-nothing&colour=red&pin=q&size=7&page=x&row=-1")
    view = DataView.of(sent, ["z"])
    assert (view.cols, view.sort, view.pin, view.size, view.page, view.row) == (
        ("z",), (), None, 100, 1, None,
    )  # fmt: skip
    assert view.unknown == ("-nothing", "colour", "q", "zz")


def table_columns(n: int, meant: tuple[int, ...] = ()) -> dict[str, TableColumn]:
    return {
        f"c{i}": TableColumn(
            ColumnInfo.from_arrow_field(pa.field(f"c{i}", pa.float64())),
            "z" if i in meant else None,
        )
        for i in range(n)
    }


def test_a_wide_table_begins_with_the_columns_that_mean_something() -> None:
    columns = table_columns(1101, meant=(700, 900))
    shown = DataView().shown(columns)
    assert len(shown) == FIRST_COLUMNS
    assert shown[-2:] == ("c700", "c900")
    assert DataView(cols=tuple(columns)).shown(columns) == tuple(columns)[: MAX_CELLS // 100]
    assert DataView(pin="c5").shown(columns)[:2] == ("c5", "c0")
    assert DataView(pin="c1000").shown(columns)[0] == "c1000"


def test_a_click_on_a_head_sorts_rising_then_falling_then_not() -> None:
    view, found = DataView(page=4), []
    for _ in range(3):
        view = view.sorted_by("z")
        found.append((view.sort, view.page))
    assert found == [(("z",), 1), (("-z",), 1), ((), 1)]


@given(NAMES)
def test_any_name_is_written_so_that_the_language_reads_it(name: str) -> None:
    expression = parse(f"{written_name(name)} is None")
    assert expression.names == (name,)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12))
def test_any_text_is_written_so_that_the_language_reads_it(text: str) -> None:
    (option,) = parse(f"a in ({written_text(text)},)").root.options  # type: ignore[union-attr]
    assert option.value == text


def column(kind: pa.DataType) -> TableColumn:
    return TableColumn(ColumnInfo.from_arrow_field(pa.field("x", kind)), None)


@pytest.mark.parametrize(
    ("kind", "operator", "values", "expected"),
    [
        (pa.float64(), "between", ("0.5", "1e0"), "x >= 0.5 and x <= 1e0"),
        (pa.float64(), "between", ("", "1"), "x <= 1"),
        (pa.int8(), "eq", (" 3 ",), "x == 3"),
        (pa.int8(), "in", ("3, 4,",), "x in (3, 4)"),
        (pa.string(), "in", ("DESI, 2dF",), 'x in ("DESI", "2dF")'),
        (pa.string(), "ne", ("it's",), 'x != "it\'s"'),
        (pa.string(), "contains", ("ES",), '"ES" in x'),
        (pa.bool_(), "eq", ("TRUE",), "x == True"),
        (pa.float64(), "null", (), "x is None"),
        (pa.string(), "some", (), "x is not None"),
    ],
)
def test_a_condition_is_written_in_the_language(
    kind: pa.DataType, operator: str, values: tuple[str, ...], expected: str
) -> None:
    written = ColumnCondition(column(kind), operator, *values).expression()
    assert written == expected
    parse(written)


@pytest.mark.parametrize(
    ("kind", "operator", "values", "field"),
    [
        (pa.float64(), "between", ("", ""), "value"),
        (pa.float64(), "between", ("1", "two"), "value2"),
        (pa.float64(), "eq", ("nan",), "value"),
        (pa.float64(), "eq", ("1_000",), "value"),
        (pa.float64(), "contains", ("1",), "op"),
        (pa.string(), "between", ("a", "b"), "op"),
        (pa.string(), "contains", ("",), "value"),
        (pa.int8(), "in", (" , ",), "value"),
        (pa.bool_(), "eq", ("maybe",), "value"),
        (pa.list_(pa.int8()), "eq", ("1",), "op"),
        (pa.float64(), "drop table", ("1",), "op"),
    ],
)
def test_a_condition_that_does_not_fit_is_refused_at_its_field(
    kind: pa.DataType, operator: str, values: tuple[str, ...], field: str
) -> None:
    with pytest.raises(ConditionValueError) as refusal:
        ColumnCondition(column(kind), operator, *values).expression()
    assert list(refusal.value.fields) == [field]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("", "y"),
        ("a > 1", "a > 1 and y"),
        ("a > 1 or b > 1", "(a > 1 or b > 1) and y"),
        ('s == "a or b"', 's == "a or b" and y'),
        ("a > 1 # why", "(a > 1 # why\n) and y"),
        ("a >", "(a >) and y"),
    ],
)
def test_a_condition_joins_what_is_there_by_and(where: str, expected: str) -> None:
    assert joined(where, "y") == expected
