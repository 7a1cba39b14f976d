"""One look at a main file: schema, first rows, canonical copy, checks."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pztables.errors import EmptyTableError, ForeignReferenceError, TableError, UserError
from pztables.formats import read_table, write_table
from pztables.inspection import Inspection, inspect_main_file, json_value


@pytest.fixture
def out_dir(tmp_path: Path) -> Path:
    """Return an empty output directory."""
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


@pytest.mark.parametrize("suffix", ["csv", "fits", "hdf5", "parquet", "vot", "csv.gz"])
def test_a_table_of_every_format_is_described_and_copied(
    suffix: str, catalog_table: pa.Table, tmp_path: Path, out_dir: Path
) -> None:
    path = tmp_path / f"cat.{suffix}"
    if suffix == "csv.gz":
        import gzip

        write_table(catalog_table, tmp_path / "plain.csv")
        path.write_bytes(gzip.compress((tmp_path / "plain.csv").read_bytes()))
    else:
        write_table(catalog_table, path)
    found = inspect_main_file(path, out_dir, tabular_required=True)
    assert (found.is_table, found.n_rows, found.is_directory) == (True, 4, False)
    assert found.format == suffix.removesuffix(".gz").replace("vot", "votable")
    assert [column.name for column in found.columns] == ["id", "ra", "dec", "z", "survey"]
    assert [column.n_null for column in found.columns] == [0, 0, 0, 1, 1]
    assert found.columns[4].samples == ["DESI", "VVDS"]
    assert found.first_rows[0] == {
        "id": 39627652591521181, "ra": 10.0, "dec": -10.0, "z": 0.5, "survey": "DESI",
    }  # fmt: skip
    assert [row["z"] for row in found.first_rows] == [0.5, None, None, 1.25]
    assert found.unpacked == ("unpacked/cat.csv" if suffix == "csv.gz" else None)
    copy = read_table(out_dir / "canonical.parquet").to_pydict()
    assert copy["survey"] == ["DESI", "VVDS", None, "DESI"]
    assert copy["z"][1] is None
    assert math.isnan(copy["z"][2])
    profile = json.loads((out_dir / "profile.json").read_text())
    assert profile["n_rows"] == 4


def test_an_inspection_survives_json(catalog_csv: Path, out_dir: Path) -> None:
    found = inspect_main_file(catalog_csv, out_dir, tabular_required=True)
    assert (found.delimiter, found.has_header) == (",", True)
    assert Inspection.from_dict(json.loads(json.dumps(found.as_dict()))) == found


def test_only_the_first_ten_rows_are_shown(tmp_path: Path, out_dir: Path) -> None:
    pq.write_table(pa.table({"a": range(100)}), tmp_path / "t.parquet")
    found = inspect_main_file(tmp_path / "t.parquet", out_dir, tabular_required=True)
    assert found.first_rows == [{"a": number} for number in range(10)]


def test_units_and_ucds_reach_the_canonical_copy(tmp_path: Path, out_dir: Path) -> None:
    from astropy.table import Table

    table = Table({"ra": [1.0, 2.0]}, units={"ra": "deg"})
    table.write(tmp_path / "t.fits")
    found = inspect_main_file(tmp_path / "t.fits", out_dir, tabular_required=True)
    assert found.columns[0].unit == "deg"
    ours = Table.read(out_dir / "canonical.parquet", format="parquet.votable")
    assert str(ours["ra"].unit) == "deg"


def test_what_the_reader_noticed_is_among_the_checks(tmp_path: Path, out_dir: Path) -> None:
    rows = "".join(f"{number},{'bad' if number == 5 else number}\n" for number in range(50))
    (tmp_path / "t.csv").write_text("id,z\n" + rows)
    found = inspect_main_file(tmp_path / "t.csv", out_dir, tabular_required=True)
    notes = [check["message"] for check in found.checks if check["code"] == "reading_note"]
    assert notes == [
        "Column 'z' stays text: 1 of its 50 values are not numbers, first 'bad' in row 6."
    ]


def test_a_table_without_rows_is_refused_where_a_table_is_required(
    tmp_path: Path, out_dir: Path
) -> None:
    (tmp_path / "t.csv").write_text("id,ra,dec\n")
    with pytest.raises(EmptyTableError, match=r"t\.csv.*id, ra, dec.*no row"):
        inspect_main_file(tmp_path / "t.csv", out_dir, tabular_required=True)


@pytest.mark.parametrize("data", [b"\x80\x04K\x01.", b"%PDF-1.4 ...", b"", b"\x00\x01\x02" * 100])
def test_what_is_no_table_is_refused_or_kept_with_the_reason(
    data: bytes, tmp_path: Path, out_dir: Path
) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(data)
    with pytest.raises(TableError, match=r"model\.bin"):
        inspect_main_file(path, out_dir, tabular_required=True)
    found = inspect_main_file(path, out_dir, tabular_required=False)
    assert (found.is_table, found.canonical, found.reason is None) == (False, None, False)
    assert list(out_dir.iterdir()) == []


def test_an_archive_that_is_refused_for_tables_is_kept_for_other_products(
    tmp_path: Path, out_dir: Path
) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../out.csv", "a,b\n1,2\n")
    with pytest.raises(UserError, match="leads out"):
        inspect_main_file(tmp_path / "a.zip", out_dir, tabular_required=True)
    found = inspect_main_file(tmp_path / "a.zip", out_dir, tabular_required=False)
    assert (found.is_table, found.unpacked) == (False, None)


def test_a_hostile_file_is_not_read_even_where_no_table_is_required(
    tmp_path: Path, out_dir: Path
) -> None:
    import h5py

    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["a"] = h5py.ExternalLink("/etc/passwd", "/")
    found = inspect_main_file(tmp_path / "t.h5", out_dir, tabular_required=False)
    assert (found.is_table, "never followed" in str(found.reason)) == (False, True)
    with pytest.raises(ForeignReferenceError):
        inspect_main_file(tmp_path / "t.h5", out_dir, tabular_required=True)


def test_json_values_lose_no_digit_and_hold_no_nan() -> None:
    from datetime import date
    from decimal import Decimal

    values = [2**63, 0.1, float("nan"), float("-inf"), b"\xff", Decimal("1.10"), date(2020, 1, 2)]
    assert json_value(values) == [2**63, 0.1, None, None, "ff", "1.10", "2020-01-02"]
    assert json_value({"a": [None, True]}) == {"a": [None, True]}
    assert json_value("x" * 20_000) == "x" * 10_000 + "…"


def test_a_refusal_leaves_no_partial_copy(tmp_path: Path, out_dir: Path) -> None:
    noise = np.random.default_rng(1).normal(size=200_000)
    pq.write_table(pa.table({"a": noise}), tmp_path / "t.parquet", row_group_size=100_000)
    data = bytearray((tmp_path / "t.parquet").read_bytes())
    data[1_000_000:1_400_000] = bytes(400_000)
    (tmp_path / "t.parquet").write_bytes(data)
    with pytest.raises(UserError):
        inspect_main_file(tmp_path / "t.parquet", out_dir, tabular_required=True)
    assert not (out_dir / "canonical.parquet").exists()
