"""FITS tables as astropy and other programs write them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits
from astropy.table import MaskedColumn, Table

from pztables.errors import (
    DuplicateColumnsError,
    EncodingError,
    NoColumnsError,
    NotATableError,
    TableError,
    TruncatedFileError,
    ValueNotStorableError,
    WrongSuffixError,
)
from pztables.formats import open_table, read_table, write_table


def _write(path: Path, *columns: fits.Column) -> Path:
    fits.BinTableHDU.from_columns(columns).writeto(path, overwrite=True)
    return path


def test_every_kind_of_column_is_read(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "T.FITS",
        fits.Column("i", "J", null=-99, array=np.array([1, -99])),
        fits.Column("u16", "I", bzero=2**15, array=np.array([0, 65535], "u2")),
        fits.Column("u64", "K", bzero=2**63, array=np.array([0, 2**64 - 1], "u8")),
        fits.Column("i8", "B", bzero=-128, array=np.array([-128, 127], "i1")),
        fits.Column("s", "6A", array=np.array(["ab  ", "caf\u00e9".encode()], dtype=object)),
        fits.Column("b", "L", array=np.array([True, False])),
        fits.Column("v", "2E", array=np.array([[1, 2], [3, np.nan]])),
        fits.Column("grid", "4J", dim="(2,2)", array=np.arange(8).reshape(2, 2, 2)),
        fits.Column("var", "PJ()", array=np.array([[1, 2], [3]], dtype=object)),
        fits.Column("c", "C", array=np.array([1 + 2j, 3j])),
    )
    found = read_table(path).to_pydict()
    assert str(found.pop("v")) == "[[1.0, 2.0], [3.0, nan]]"
    assert found == {
        "i": [1, None],
        "u16": [0, 65535],
        "u64": [0, 2**64 - 1],
        "i8": [-128, 127],
        "s": ["ab", "café"],
        "b": [True, False],
        "grid": [[0, 1, 2, 3], [4, 5, 6, 7]],
        "var": [[1, 2], [3]],
        "c": [[1.0, 2.0], [0.0, 3.0]],
    }


def test_ascii_tables_are_read(tmp_path: Path) -> None:
    columns = [
        fits.Column("a", "I4", array=np.array([1, 2])),
        fits.Column("s", "A3", array=np.array(["x", "yz"])),
        fits.Column("f", "E12.5", array=np.array([0.5, 1.5])),
    ]
    fits.TableHDU.from_columns(columns).writeto(tmp_path / "a.fits")
    assert read_table(tmp_path / "a.fits").to_pydict() == {
        "a": [1, 2],
        "s": ["x", "yz"],
        "f": [0.5, 1.5],
    }


def test_the_first_of_several_tables_is_read_and_images_are_passed_by(tmp_path: Path) -> None:
    first = fits.BinTableHDU.from_columns([fits.Column("a", "J", array=np.array([1]))])
    second = fits.BinTableHDU.from_columns([fits.Column("b", "J", array=np.array([2]))])
    image = fits.ImageHDU(np.zeros((2, 2)))
    fits.HDUList([fits.PrimaryHDU(), image, first, second]).writeto(tmp_path / "m.fit")
    assert read_table(tmp_path / "m.fit").to_pydict() == {"a": [1]}


def test_masked_astropy_tables_and_their_units_are_read(tmp_path: Path) -> None:
    table = Table({"ra": [1.0, 2.0], "id": MaskedColumn([1, 2], mask=[False, True])})
    table["ra"].unit = "deg"
    table.write(tmp_path / "t.fits")
    with open_table(tmp_path / "t.fits") as reader:
        assert (reader.schema.columns[0].unit, reader.schema.n_rows) == ("deg", 2)
        assert reader.read().column("id").to_pylist() == [1, None]


def test_astropy_reads_what_we_write(tmp_path: Path) -> None:
    import pyarrow as pa

    source = pa.table(
        {"i": [1, None, 3], "f": [0.5, None, 1.0], "s": ["é", None, ""], "v": [[1, 2]] * 3}
    )
    write_table(source, tmp_path / "t.fits")
    table = Table.read(tmp_path / "t.fits")
    assert table["i"].tolist() == [1, None, 3]
    assert np.ma.filled(table["f"], -1).tolist() == [0.5, -1, 1.0]
    assert table["v"].tolist() == [[1, 2]] * 3
    with fits.open(tmp_path / "t.fits") as hdus:
        hdus.verify("exception")


def test_scaled_integers_are_numbers_and_their_null_is_that_of_the_file(tmp_path: Path) -> None:
    hdu = fits.BinTableHDU.from_columns(
        [fits.Column("m", "I", null=-1, array=np.array([1, 2, -1], "i2"))]
    )
    hdu.header["TSCAL1"], hdu.header["TZERO1"] = 0.5, 10
    hdu.writeto(tmp_path / "t.fits")
    assert read_table(tmp_path / "t.fits").to_pydict() == {"m": [10.5, 11.0, None]}


def test_an_ascii_table_without_rows_keeps_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.fits"
    columns = [
        fits.Column("a", "I4", array=np.array([1])),
        fits.Column("s", "A3", array=np.array(["x"])),
        fits.Column("v", "F8.3", array=np.array([0.5])),
    ]
    fits.TableHDU.from_columns(columns).writeto(path)
    one, none = (b"NAXIS2  =                    %d" % rows for rows in (1, 0))
    path.write_bytes(path.read_bytes().replace(one, none))
    assert read_table(tmp_path / "a.fits").to_pydict() == {"a": [], "s": [], "v": []}


def test_compressed_fits_is_read(tmp_path: Path) -> None:
    plain = _write(tmp_path / "t.fits", fits.Column("a", "J", array=np.array([1])))
    (tmp_path / "u.fits.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert read_table(tmp_path / "u.fits.gz").to_pydict() == {"a": [1]}


def test_batches_are_as_long_as_asked(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.fits", fits.Column("a", "J", array=np.arange(10)))
    with open_table(path) as reader:
        assert [b.num_rows for b in reader.batches(batch_rows=4)] == [4, 4, 2]


def test_a_cut_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.fits", fits.Column("a", "J", array=np.arange(10_000)))
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(TruncatedFileError, match=r"t\.fits.*10,000 rows.*cut off"):
        read_table(path)


@pytest.mark.parametrize("size", [100, 3000, 5770])
def test_a_file_cut_in_its_headers_is_refused(size: int, tmp_path: Path) -> None:
    path = _write(tmp_path / "t.fits", fits.Column("a", "J", array=np.arange(10)))
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(TableError, match=r"t\.fits"):
        read_table(path)


def test_a_header_that_lies_about_its_rows_is_refused(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.fits", fits.Column("a", "J", array=np.arange(10)))
    true = b"NAXIS2  =                   10"
    lie = path.read_bytes().replace(true, b"NAXIS2  =      999999999999999")
    path.write_bytes(lie)
    with pytest.raises(TableError, match=r"t\.fits"):
        read_table(path)


def test_images_alone_are_no_table(tmp_path: Path) -> None:
    fits.PrimaryHDU(np.zeros((3, 3))).writeto(tmp_path / "i.fits")
    with pytest.raises(NotATableError, match=r"i\.fits.*no table"):
        read_table(tmp_path / "i.fits")


def test_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "t.fits",
        fits.Column("aa", "J", array=np.array([1])),
        fits.Column("bb", "J", array=np.array([1])),
    )
    path.write_bytes(path.read_bytes().replace(b"'bb      '", b"'aa      '"))
    with pytest.raises(DuplicateColumnsError, match="'aa'"):
        read_table(path)


def test_a_table_without_columns_is_refused(tmp_path: Path) -> None:
    fits.BinTableHDU.from_columns([]).writeto(tmp_path / "t.fits")
    with pytest.raises(NoColumnsError):
        read_table(tmp_path / "t.fits")


def test_text_that_is_not_utf8_is_refused_naming_the_value(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.fits", fits.Column("s", "3A", array=np.array([b"ok", b"\xe9t"])))
    with pytest.raises(EncodingError, match=r"column 's'.*'ét'"):
        read_table(path)


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.h5", "t.vot"])
def test_fits_under_another_suffix_is_refused_saying_what_it_is(name: str, tmp_path: Path) -> None:
    path = _write(tmp_path / "t.fits", fits.Column("a", "J", array=np.array([1])))
    wrong = path.rename(tmp_path / name)
    with pytest.raises(WrongSuffixError, match=r"content is fits.*'t\.fits'"):
        read_table(wrong)


def test_text_under_the_suffix_of_fits_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.fits").write_text("a,b\n1,2\n")
    with pytest.raises(WrongSuffixError, match="begins as text"):
        read_table(tmp_path / "t.fits")


@pytest.mark.parametrize("name", ["", " ", "ž", "a" * 69])
def test_a_column_whose_name_fits_cannot_hold_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueNotStorableError, match="Rename the column"):
        write_table(pa.table({name: [1.0]}), tmp_path / "t.fits")
