"""What one format holds, every other one gives back: nulls, NaN, integers, text."""

from __future__ import annotations

import itertools
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pztables.errors import OptionError, ValueNotStorableError
from pztables.formats import open_table, read_table, write_table

SUFFIXES = ("csv", "fits", "hdf5", "parquet", "vot")
_INTEGERS = {
    pa.int8(): (-(2**7), 2**7 - 1),
    pa.int16(): (-(2**15), 2**15 - 1),
    pa.int32(): (-(2**31), 2**31 - 1),
    pa.int64(): (-(2**63), 2**63 - 1),
    pa.uint8(): (0, 2**8 - 1),
    pa.uint16(): (0, 2**16 - 1),
    pa.uint32(): (0, 2**32 - 1),
}
_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\n\r"), max_size=12
) | st.sampled_from(
    ["", "NA", "nan", "001", "1e5", '"', "a,b", "a\nb", "#x", "é", "true", "None", " "]
)


def _values(data_type: pa.DataType) -> st.SearchStrategy[Any]:
    if pa.types.is_boolean(data_type):
        return st.booleans()
    if pa.types.is_string(data_type):
        return _TEXT
    if pa.types.is_floating(data_type):
        return st.floats(width=data_type.bit_width)
    low, high = _INTEGERS[data_type]
    return st.integers(low, high) | st.sampled_from([low, high])


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Draw a table with a key and one column of each of some types, with nulls."""
    n_rows = draw(st.integers(1, 6))
    types = draw(
        st.lists(
            st.sampled_from([*_INTEGERS, pa.bool_(), pa.float32(), pa.float64(), pa.string()]),
            min_size=1,
            max_size=4,
        )
    )
    columns = {"key": pa.array(range(n_rows))}
    for number, data_type in enumerate(types):
        cells = st.none() | _values(data_type)
        items = draw(st.lists(cells, min_size=n_rows, max_size=n_rows))
        columns[f"c{number}"] = pa.array(items, type=data_type)
    return pa.table(columns)


def _comparable(table: pa.Table, original: pa.Schema, formats: tuple[str, ...]) -> list[list[Any]]:
    """Return values that are equal when nothing was lost: NaN as text, float32 as such."""
    columns = []
    for field in original:
        items = table.column(field.name).to_pylist()
        if pa.types.is_floating(field.type):
            items = [_float(item, field.type) for item in items]
        elif pa.types.is_string(field.type) and "fits" in formats:
            items = [item if item is None else item.rstrip(" ") for item in items]
        columns.append(items)
    return columns


def _float(item: float | None, data_type: pa.DataType) -> Any:
    if item is None or math.isnan(item):
        return None if item is None else "NaN"
    return np.float32(item) if data_type == pa.float32() else item


@pytest.mark.parametrize("formats", list(itertools.product(SUFFIXES, repeat=2)))
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(table=tables())
def test_every_pair_of_formats_keeps_every_value(formats: tuple[str, str], table: pa.Table) -> None:
    with tempfile.TemporaryDirectory() as folder:
        through = table
        for number, suffix in enumerate(formats):
            path = Path(folder) / f"{number}.{suffix}"
            write_table(through, path)
            through = read_table(path)
    assert through.column_names == table.column_names
    expected = _comparable(table, table.schema, formats)
    assert _comparable(through, table.schema, formats) == expected


@pytest.mark.parametrize("suffix", ["fits", "hdf5", "parquet", "vot"])
@settings(max_examples=10, deadline=None)
@given(
    width=st.integers(1, 4),
    cells=st.lists(st.floats() | st.none(), min_size=4, max_size=12),
)
def test_vectors_keep_their_length_their_nulls_and_their_nan(
    suffix: str, width: int, cells: list[float | None]
) -> None:
    cells = cells[: len(cells) // width * width]
    flat = pa.array(cells, pa.float64())
    column = pa.FixedSizeListArray.from_arrays(flat, width)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"v.{suffix}"
        write_table(pa.table({"v": column}), path)
        back = read_table(path).column("v").combine_chunks()
    # FITS and VOTable read a vector of one as a number
    found = back if pa.types.is_floating(back.type) else back.flatten()
    assert [_float(c, pa.float64()) for c in found.to_pylist()] == [
        _float(c, pa.float64()) for c in cells
    ]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_units_ucds_and_descriptions_survive_where_the_format_has_them(
    suffix: str, tmp_path: Path
) -> None:
    meaning = {b"unit": b"deg", b"ucd": b"pos.eq.ra;meta.main", b"description": b"ICRS <ra>"}
    schema = pa.schema([pa.field("ra", pa.float64(), metadata=meaning)])
    path = tmp_path / f"t.{suffix}"
    write_table(pa.table([pa.array([1.5])], schema=schema), path)
    with open_table(path) as reader:
        column = reader.schema.columns[0]
    expected = (
        (None, None, None) if suffix == "csv" else ("deg", "pos.eq.ra;meta.main", "ICRS <ra>")
    )
    assert (column.unit, column.ucd, column.description) == expected


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_table_without_rows_keeps_its_columns(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"t.{suffix}"
    write_table(pa.table({"a": pa.array([], pa.int64()), "b": pa.array([], pa.string())}), path)
    assert read_table(path).to_pydict() == {"a": [], "b": []}


@pytest.mark.parametrize(
    ("suffix", "column", "value"),
    [
        ("csv", pa.array([[1, 2]]), None),
        ("fits", pa.array([{"a": 1}]), None),
        ("fits", pa.array(["a\0b"]), "a\0b"),
        ("hdf5", pa.array(["a\0b"]), "a\0b"),
        ("hdf5", pa.array([[1.0], [1.0, 2.0]]), None),
        ("vot", pa.array([2**63], pa.uint64()), str(2**63)),
        ("vot", pa.array([[1.0], None]), None),
    ],
)
def test_a_format_refuses_what_it_cannot_hold_naming_column_and_value(
    suffix: str, column: pa.Array, value: str | None, tmp_path: Path
) -> None:
    path = tmp_path / f"t.{suffix}"
    with pytest.raises(ValueNotStorableError, match="'bad'") as caught:
        write_table(pa.table({"bad": column}), path)
    assert (caught.value.data["column"], caught.value.data.get("value")) == ("bad", value)
    assert list(tmp_path.iterdir()) == []


def test_a_column_with_nulls_and_every_integer_of_its_type_is_refused_in_fits(
    tmp_path: Path,
) -> None:
    column = pa.array([*range(256), None], pa.uint8())
    with pytest.raises(ValueNotStorableError, match="every integer"):
        write_table(pa.table({"flag": column}), tmp_path / "t.fits")


def test_decimals_dates_and_times_become_numbers_and_iso_text(tmp_path: Path) -> None:
    import datetime
    from decimal import Decimal

    table = pa.table(
        {
            "d": pa.array([Decimal("1.25"), None]),
            "t": pa.array([datetime.datetime(2020, 1, 2, 3, 4, 5), None]),  # noqa: DTZ001
        }
    )
    write_table(table, tmp_path / "t.fits")
    found = read_table(tmp_path / "t.fits").to_pydict()
    assert found == {"d": [1.25, None], "t": ["2020-01-02 03:04:05.000000", None]}


@pytest.mark.parametrize("name", ["t.csv.gz", "t.xlsx", "t"])
def test_names_of_no_format_are_refused_for_writing(name: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="written"):
        write_table(pa.table({"a": [1]}), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_real_surveys_survive_every_format(survey_samples: list[Path], tmp_path: Path) -> None:
    for sample in survey_samples[:2]:
        table = read_table(sample)
        for suffix in SUFFIXES:
            write_table(table, tmp_path / f"t.{suffix}")
            back = read_table(tmp_path / f"t.{suffix}")
            formats = (suffix,)
            assert _comparable(back, table.schema, formats) == _comparable(
                table, table.schema, formats
            ), (sample.name, suffix)
