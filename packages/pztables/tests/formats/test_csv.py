"""Delimited text as astronomers write it."""

from __future__ import annotations

import bz2
import gzip
import lzma
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pztables.errors import (
    ColumnMissingError,
    DuplicateColumnsError,
    EncodingError,
    NoColumnsError,
    NotATableError,
    RaggedRowsError,
    TableError,
    TooCostlyError,
    TruncatedFileError,
)
from pztables.formats import open_table, read_table, write_table
from pztables.limits import Limits

ROWS = {"id": [1, 2], "ra": [10.5, 20.25], "survey": ["DESI", "VVDS"]}

_PROSE = """Dear all, this is my letter to you.
It has no columns at all, as you see, sorry for that!
With kind regards and many thanks for your time
"""


def _written(folder: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def _read(folder: Path, text: str | bytes, name: str = "t.csv") -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = read_table(_written(folder, text, name)).to_pydict()
    return found


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " ", "   ", ":", "^"])
@pytest.mark.parametrize("name", ["t.csv", "T.CSV", "t.txt", "t.dat", "t.tsv", "table"])
def test_any_delimiter_is_found_whatever_the_suffix(
    delimiter: str, name: str, tmp_path: Path
) -> None:
    lines = (["id", "ra", "survey"], ["1", "10.5", "DESI"], ["2", "20.25", "VVDS"])
    text = "\n".join(delimiter.join(line) for line in lines) + "\n"
    assert _read(tmp_path, text, name) == ROWS
    with open_table(tmp_path / name) as reader:
        assert (reader.schema.delimiter, reader.schema.has_header) == (delimiter[0], True)


@pytest.mark.parametrize(
    "text",
    [
        "# made by me\n# on a Monday\nid,ra,survey\n1,10.5,DESI\n2,20.25,VVDS\n",
        "#id,ra,survey\n1,10.5,DESI\n2,20.25,VVDS\n",
        "# a comment\n# id,ra,survey\n1,10.5,DESI\n# in between\n2,20.25,VVDS\n",
        "\n\nid,ra,survey\n\n1,10.5,DESI\n2,20.25,VVDS\n\n",
        "# id ra survey\n  1   10.5\tDESI\n  2   20.25  VVDS  \n",
        "id ra survey\n1 10.5 DESI\n2 20.25 VVDS",
        "id,ra,survey\r\n1,10.5,DESI\r\n2,20.25,VVDS\r\n",
        "id,ra,survey\r1,10.5,DESI\r2,20.25,VVDS\r",
        "\ufeffid,ra,survey\n1,10.5,DESI\n2,20.25,VVDS\n",
        '"id","ra","survey"\n"1","10.5","DESI"\n"2","20.25","VVDS"\n',
        "id\tra\tsurvey\n--\t----\t------\n1\t10.5\tDESI\n2\t20.25\tVVDS\n",
        "id , ra , survey\n 1 , +10.5 ,DESI\n 2 , 2.025D+01 ,VVDS\n",
    ],
)
def test_comments_headers_line_ends_and_quotes_are_understood(text: str, tmp_path: Path) -> None:
    assert _read(tmp_path, text) == ROWS


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("1,10.5,DESI\n2,20.25,VVDS\n", {"0": [1, 2], "1": [10.5, 20.25], "2": ["DESI", "VVDS"]}),
        ("A1 DESI 3.5\nB2 VVDS 4.5\n", {"0": ["A1", "B2"], "1": ["DESI", "VVDS"], "2": [3.5, 4.5]}),
        ("# nothing to see\n1 2\n3 4\n", {"0": [1, 3], "1": [2, 4]}),
        ("5\n6\n", {"0": [5, 6]}),
        ("NaN,1\n2.5,2\n", {"0": [None, 2.5], "1": [1, 2]}),
    ],
)
def test_without_a_header_columns_are_numbered(
    text: str, columns: dict[str, list[Any]], tmp_path: Path
) -> None:
    found = _read(tmp_path, text)
    shown = {
        name: [None if isinstance(v, float) and math.isnan(v) else v for v in values]
        for name, values in found.items()
    }
    assert shown == columns
    with open_table(tmp_path / "t.csv") as reader:
        assert reader.schema.has_header is False


def test_a_table_of_text_only_has_its_first_line_as_header(tmp_path: Path) -> None:
    found = _read(tmp_path, "name,survey\nNGC 1,DESI\nNGC 2,VVDS\n")
    assert found == {"name": ["NGC 1", "NGC 2"], "survey": ["DESI", "VVDS"]}


def test_a_file_with_only_a_header_has_columns_and_no_rows(tmp_path: Path) -> None:
    assert _read(tmp_path, "id,ra,dec\n") == {"id": [], "ra": [], "dec": []}
    assert _read(tmp_path, "# id,ra,dec\n") == {"id": [], "ra": [], "dec": []}


def test_a_nameless_column_of_row_labels_is_named(tmp_path: Path) -> None:
    assert _read(tmp_path, ",ra\n0,1.5\n1,2.5\n") == {"Unnamed: 0": [0, 1], "ra": [1.5, 2.5]}
    assert _read(tmp_path, '"ra" "s"\n"1" 1.5 "x"\n"2" 2.5 "y"\n') == {
        "index": ["1", "2"],
        "ra": [1.5, 2.5],
        "s": ["x", "y"],
    }


def test_identifiers_keep_all_digits_and_leading_zeros(tmp_path: Path) -> None:
    text = (
        "big,code,huge,hex,u,nulls\n"
        "39627652591521181,001,123456789012345678901234567890,0x10,18446744073709551615,5\n"
        "39627652591521184,002,1,0x11,1,\n"
        ",010,2,12,2,nan\n"
    )
    table = read_table(_written(tmp_path, text))
    assert table.to_pydict() == {
        "big": [39627652591521181, 39627652591521184, None],
        "code": ["001", "002", "010"],
        "huge": ["123456789012345678901234567890", "1", "2"],
        "hex": ["0x10", "0x11", "12"],
        "u": [18446744073709551615, 1, 2],
        "nulls": [5, None, None],
    }
    assert [str(field.type) for field in table.schema] == [
        "int64", "string", "string", "string", "uint64", "int64",
    ]  # fmt: skip


def test_a_few_bad_values_keep_a_column_text_and_are_told(tmp_path: Path) -> None:
    rows = [f"{number},{number / 10}" for number in range(300)]
    rows[250] = "250,bad"
    with open_table(_written(tmp_path, "id,z\n" + "\n".join(rows))) as reader:
        column = reader.read().column("z").to_pylist()
        assert (column[250], column[251], reader.schema.n_rows) == ("bad", "25.1", 300)
        assert reader.schema.notes == (
            "Column 'z' stays text: 1 of its 300 values are not numbers, first 'bad' in row 251.",
        )


def test_nan_is_nan_in_numbers_and_null_in_text_and_integers(tmp_path: Path) -> None:
    found = _read(tmp_path, 'z,s,n,q\n0.5,x,1,"nan"\nnan,nan,nan,"a"\n,NA,NULL,\n')
    assert math.isnan(found["z"][1])
    assert (found["z"][0], found["z"][2]) == (0.5, None)
    assert found["s"] == ["x", None, None]
    assert found["n"] == [1, None, None]
    assert found["q"] == ["nan", "a", None]


def test_quoted_values_hold_delimiters_quotes_line_breaks_and_hashes(tmp_path: Path) -> None:
    text = 'id,s\n1,"a,b"\n2,"say ""hi"""\n3,"two\nlines"\n4,"first\n# second"\n'
    assert _read(tmp_path, text) == {
        "id": [1, 2, 3, 4],
        "s": ["a,b", 'say "hi"', "two\nlines", "first\n# second"],
    }


def test_a_stray_quote_sign_inside_a_value_is_a_letter(tmp_path: Path) -> None:
    assert _read(tmp_path, 'dec,n\n-12:30:15.5",1\n+1:2:3",2\n0:0:1",3\n') == {
        "dec": ['-12:30:15.5"', '+1:2:3"', '0:0:1"'],
        "n": [1, 2, 3],
    }


def test_booleans_are_booleans(tmp_path: Path) -> None:
    assert _read(tmp_path, "a,b\ntrue,True\nFALSE,\n") == {"a": [True, False], "b": [True, None]}


@pytest.mark.parametrize(
    ("suffix", "compress"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)]
)
def test_compressed_text_is_read_whatever_its_name(
    suffix: str, compress: Any, tmp_path: Path
) -> None:
    text = b"id,ra,survey\n1,10.5,DESI\n2,20.25,VVDS\n"
    assert _read(tmp_path, compress(text), f"t.csv.{suffix}") == ROWS
    assert _read(tmp_path, compress(text), "plain.csv") == ROWS


def test_zstandard_text_is_read(tmp_path: Path) -> None:
    text = b"id,ra,survey\n1,10.5,DESI\n2,20.25,VVDS\n"
    assert _read(tmp_path, pa.compress(text, codec="zstd", asbytes=True), "t.csv.zst") == ROWS


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_a_cut_compressed_file_is_refused(compress: Any, tmp_path: Path) -> None:
    text = "id,ra\n" + "".join(f"{i},{i * 0.37}\n" for i in range(50_000))
    packed = compress(text.encode())
    with pytest.raises(TruncatedFileError, match=r"t\.csv\.gz.*cut off"):
        _read(tmp_path, packed[: len(packed) // 2], "t.csv.gz")


def test_a_decompression_bomb_is_refused(tmp_path: Path) -> None:
    bomb = gzip.compress(b"id,ra\n" + b"1,2\n" * 5_000_000)
    path = _written(tmp_path, bomb, "t.csv.gz")
    limits = Limits(free_unpacked_bytes=1_000_000)
    with pytest.raises(TooCostlyError, match="decompressed"):
        read_table(path, limits=limits)


@pytest.mark.parametrize(
    ("text", "error", "sentence"),
    [
        ("a,b\n1,2\n1,2,3\n", RaggedRowsError, "3 values where 2 are expected"),
        ("a,b,a\n1,2,3\n", DuplicateColumnsError, "named 'a'"),
        ("", TableError, "is empty"),
        ("# only\n# comments\n", NoColumnsError, "no column"),
        (b"name,z\nSalom\xe3o,1\n", EncodingError, "line 2 is not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), EncodingError, "UTF-16"),
        (_PROSE, NotATableError, "without columns"),
        ("<html><body>Not found</body></html>", NotATableError, "HTML"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_the_place(
    text: str | bytes, error: type[Exception], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=rf"t\.csv.*{sentence}"):
        _read(tmp_path, text)


def test_the_refusal_of_a_ragged_row_names_the_row(tmp_path: Path) -> None:
    rows = "".join(f"{i},{i}\n" for i in range(1000))
    with pytest.raises(RaggedRowsError) as caught:
        _read(tmp_path, "a,b\n" + rows + "7,8,9\n")
    assert (caught.value.data["row"], caught.value.data["found"]) == (1001, 3)


def test_columns_are_chosen_by_name_and_unknown_ones_refused(tmp_path: Path) -> None:
    path = _written(tmp_path, "id,ra,survey\n1,10.5,DESI\n")
    assert read_table(path, ["survey", "id"]).to_pydict() == {"survey": ["DESI"], "id": [1]}
    with pytest.raises(ColumnMissingError, match="'dec'"):
        read_table(path, ["dec"])


def test_types_depend_on_the_last_row_as_much_as_on_the_first(tmp_path: Path) -> None:
    text = "a,b\n" + "1,2\n" * 400_000 + "1.5,x\n"
    with open_table(_written(tmp_path, text)) as reader:
        assert [str(column.type) for column in reader.schema.columns] == ["double", "string"]
        sizes = [batch.num_rows for batch in reader.batches(batch_rows=50_000)]
    assert (max(sizes) <= 50_000, sum(sizes)) == (True, 400_001)


def test_a_column_of_one_with_nulls_keeps_its_rows(tmp_path: Path) -> None:
    write_table(pa.table({"s": ["a", None, "", "NA"]}), tmp_path / "t.csv")
    assert read_table(tmp_path / "t.csv").to_pydict() == {"s": ["a", None, "", "NA"]}


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError):
        _write_half(path)
    assert (path.read_text(), [item.name for item in tmp_path.iterdir()]) == ("old", ["t.csv"])


def _write_half(path: Path) -> None:
    from pztables.formats import open_writer

    table = pa.table({"a": [1]})
    with open_writer(path, table.schema) as writer:
        writer.write(table)
        raise ZeroDivisionError
