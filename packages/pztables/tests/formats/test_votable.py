"""VOTables in every serialisation, and hostile ones."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from astropy.table import MaskedColumn, Table

from pztables.errors import (
    DuplicateColumnsError,
    ForeignReferenceError,
    NotATableError,
    TableError,
    TooCostlyError,
    TruncatedFileError,
)
from pztables.formats import open_table, read_table, write_table

_HEAD = (
    '<?xml version="1.0"?><VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
    "<RESOURCE><TABLE{attributes}>"
)
_FIELDS = '<FIELD name="a" datatype="int"/><FIELD name="s" datatype="char" arraysize="*"/>'
_ROWS = "<TR><TD>1</TD><TD>x</TD></TR><TR><TD>2</TD><TD></TD></TR>"
_TAIL = "</TABLE></RESOURCE></VOTABLE>"


def _votable(
    rows: str = f"<DATA><TABLEDATA>{_ROWS}</TABLEDATA></DATA>",
    fields: str = _FIELDS,
    attributes: str = "",
) -> str:
    return _HEAD.format(attributes=attributes) + fields + rows + _TAIL


@pytest.mark.parametrize("serialisation", ["tabledata", "binary", "binary2"])
@pytest.mark.parametrize("name", ["t.vot", "T.XML", "t.vo"])
def test_astropy_tables_are_read_from_every_serialisation(
    serialisation: str, name: str, tmp_path: Path
) -> None:
    table = Table({"s": ["x", "é"], "f": [1.5, np.nan], "v": np.arange(6.0).reshape(2, 3)})
    table["b"], table["i"] = [True, False], MaskedColumn([1, 2], mask=[False, False])
    table["f"].unit, table["f"].meta["ucd"] = "deg", "pos.eq.ra"
    table["f"].description = "a < b"
    table.write(tmp_path / name, format="votable", tabledata_format=serialisation)
    with open_table(tmp_path / name) as reader:
        found = reader.read().to_pydict()
        column = reader.schema.columns[1]
    assert math.isnan(found["f"].pop())
    assert found == {
        "s": ["x", "é"],
        "f": [1.5],
        "v": [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]],
        "b": [True, False],
        "i": [1, 2],
    }
    assert (column.unit, column.ucd, column.description) == ("deg", "pos.eq.ra", "a < b")


def test_nulls_of_integers_and_empty_cells_are_null(tmp_path: Path) -> None:
    fields = (
        '<FIELD name="a" datatype="int"><VALUES null="-1"/></FIELD>'
        '<FIELD name="s" datatype="char" arraysize="*"/>'
    )
    rows = "<TR><TD>-1</TD><TD>x</TD></TR><TR><TD>2</TD><TD/></TR>"
    path = tmp_path / "t.vot"
    path.write_text(_votable(f"<DATA><TABLEDATA>{rows}</TABLEDATA></DATA>", fields))
    assert read_table(path).to_pydict() == {"a": [None, 2], "s": ["x", None]}


def test_astropy_reads_what_we_write(tmp_path: Path) -> None:
    source = pa.table(
        {"i": [1, None, 3], "f": [0.5, None, 1.0], "s": ["a", "é", None], "v": [[1, 2]] * 3}
    )
    write_table(source, tmp_path / "t.vot")
    table = Table.read(tmp_path / "t.vot")
    assert table["i"].tolist() == [1, None, 3]
    assert np.ma.filled(table["f"], -1).tolist() == [0.5, -1, 1.0]
    assert table["s"].tolist() == ["a", "é", ""]
    assert table["v"].tolist() == [[1, 2]] * 3


@pytest.mark.parametrize(
    "data",
    [
        '<DATA><BINARY><STREAM href="file:///etc/passwd" encoding="base64"/></BINARY></DATA>',
        '<DATA><BINARY2><STREAM href="http://localhost:1/x"/></BINARY2></DATA>',
        '<DATA><FITS><STREAM href="ftp://example.org/x.fits"/></FITS></DATA>',
    ],
)
def test_values_stored_elsewhere_are_refused(data: str, tmp_path: Path) -> None:
    path = tmp_path / "t.vot"
    path.write_text(_votable(data))
    with pytest.raises(ForeignReferenceError, match=r"t\.vot.*never followed"):
        read_table(path)


def test_document_types_and_entities_are_refused(tmp_path: Path) -> None:
    doctype = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    path = tmp_path / "t.vot"
    path.write_text(_votable().replace("?>", "?>" + doctype, 1).replace("<TD>x", "<TD>&e;"))
    with pytest.raises(ForeignReferenceError, match="DTD"):
        read_table(path)


def test_rows_and_cells_that_are_only_declared_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.vot"
    path.write_text(_votable(attributes=' nrows="100000000000"'))
    with pytest.raises(TruncatedFileError, match="100,000,000,000 rows"):
        read_table(path)
    wide = '<FIELD name="a" datatype="double" arraysize="2000000000"/>'
    path.write_text(_votable(fields=wide + '<FIELD name="s" datatype="int"/>'))
    with pytest.raises(TooCostlyError, match=r"t\.vot"):
        read_table(path)


@pytest.mark.parametrize("share", [0.5, 0.75, 0.95])
def test_a_cut_file_is_refused(share: float, tmp_path: Path) -> None:
    write_table(pa.table({"a": range(1000)}), tmp_path / "t.vot")
    data = (tmp_path / "t.vot").read_bytes()
    (tmp_path / "t.vot").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(TableError, match=r"t\.vot.*not a readable VOTable"):
        read_table(tmp_path / "t.vot")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (_votable(fields='<FIELD name="a" datatype="int"/>' * 2), DuplicateColumnsError),
        ('<?xml version="1.0"?><VOTABLE><RESOURCE/></VOTABLE>', NotATableError),
        ('<?xml version="1.0"?><html/>', TableError),
        (_votable(_ROWS.join(["<DATA><TABLEDATA>", "</TABLEDATA></DATA>"]).replace("1<", "x<")),
         TableError),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused(text: str, error: type[Exception], tmp_path: Path) -> None:
    (tmp_path / "t.xml").write_text(text)
    with pytest.raises(error, match=r"t\.xml"):
        read_table(tmp_path / "t.xml")
