"""What becomes of object tables before they are written as HATS: columns, types, rows, refusals.

A collection is written for real in the tests of the command `pzhub import-objects`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pzpipelines.objects.importing import (
    BadPositionsError,
    ImportLibraryMissingError,
    ImportOptions,
    ObjectTablesError,
    Wishes,
    import_objects,
)
from pzpipelines.objects.importing.positions import check_positions
from pzpipelines.objects.importing.tables import find_tables, read_tables
from pztables.formats import write_table

ROWS = {
    "objectId": [11, 12, 13],
    "coord_ra": [10.0, 20.0, 30.0],
    "coord_dec": [-1.0, 0.0, 1.0],
    "g_cModelFlux": [1.5, 2.5, 3.5],
    "detect_isPrimary": [True, False, True],
}


def table(folder: Path, name: str, **changes: Any) -> Path:
    """Write a table of objects with some columns changed."""
    columns = {**ROWS, **changes}
    path = folder / name
    write_table(pa.table({name: each for name, each in columns.items() if each is not None}), path)
    return path


def refused(sources: list[Path], out: Path, wishes: Wishes = Wishes(), **options: Any) -> str:  # noqa: B008
    """Return the sentence of a refusal, once it is sure that nothing was written."""
    before = sorted(out.parent.rglob("*"))
    with pytest.raises(ObjectTablesError) as refusal:
        import_objects(sources, out, ImportOptions(wishes, **options), lambda words: None)
    assert sorted(out.parent.rglob("*")) == before
    return refusal.value.message


def test_columns_are_found_by_what_they_are_called(tmp_path: Path) -> None:
    tables = read_tables([table(tmp_path, "a.parquet")], Wishes())
    assert (tables.ra, tables.dec, tables.object_id) == ("coord_ra", "coord_dec", "objectId")
    assert tables.schema.names == list(ROWS)


def test_position_and_identifier_are_kept_with_chosen_columns(tmp_path: Path) -> None:
    wishes = Wishes(columns=("g_cModelFlux",), primary_column="detect_isPrimary")
    tables = read_tables([table(tmp_path, "a.parquet")], wishes)
    assert tables.schema.names == ["objectId", "coord_ra", "coord_dec", "g_cModelFlux"]
    (rows,) = tables.rows_of(tables.files[0])
    assert rows.to_pydict() == {
        "objectId": [11, 13],
        "coord_ra": [10.0, 30.0],
        "coord_dec": [-1.0, 1.0],
        "g_cModelFlux": [1.5, 3.5],
    }


def test_a_missing_truth_value_is_no(tmp_path: Path) -> None:
    path = table(tmp_path, "a.parquet", detect_isPrimary=[None, True, False])
    tables = read_tables([path], Wishes(primary_column="detect_isPrimary"))
    assert [rows["objectId"].to_pylist() for rows in tables.rows_of(path)] == [[12]]


def test_tables_of_several_formats_get_one_type_per_column(tmp_path: Path) -> None:
    table(tmp_path, "a.parquet", g_cModelFlux=pa.array([1, 2, 3], pa.int32()))
    table(tmp_path, "b.csv")
    table(tmp_path, "c.fits")
    (tmp_path / "_metadata").write_text("not a table")
    tables = read_tables(find_tables([tmp_path]), Wishes())
    assert [file.name for file in tables.files] == ["a.parquet", "b.csv", "c.fits"]
    assert tables.schema.field("g_cModelFlux").type == pa.float64()
    rows = [rows["g_cModelFlux"].to_pylist() for file in tables.files
            for rows in tables.rows_of(file)]  # fmt: skip
    assert rows == [[1.0, 2.0, 3.0], [1.5, 2.5, 3.5], [1.5, 2.5, 3.5]]


def test_columns_of_an_earlier_import_are_left_out(tmp_path: Path) -> None:
    path = table(tmp_path, "a.parquet", Norder=[1, 1, 1], Npix=[2, 2, 2], _healpix_29=[3, 4, 5])
    assert read_tables([path], Wishes()).schema.names == list(ROWS)


def test_positions_are_checked_before_anything_is_written(tmp_path: Path) -> None:
    path = table(tmp_path, "a.parquet", coord_ra=[10.0, 400.0, None])
    wishes = Wishes(ra="coord_ra")
    with pytest.raises(BadPositionsError) as refusal:
        import_objects([path], tmp_path / "out", ImportOptions(wishes), lambda words: None)
    assert refusal.value.data["count"] == 2
    assert refusal.value.data["first_rows"][0] == {"row": 2, "ra": 400.0, "dec": 0.0}
    assert "a.parquet: 2 of 3 rows have no valid position" in refusal.value.message
    assert [each.name for each in tmp_path.iterdir()] == ["a.parquet"]
    tables = read_tables([path], wishes)
    assert check_positions(tables, skip_bad_rows=True, on_file=lambda file: None) == (1, 2)


def test_tables_of_other_columns_or_kinds_are_refused(tmp_path: Path) -> None:
    first = table(tmp_path, "a.parquet")
    other = table(tmp_path, "b.parquet", g_cModelFlux=None, r_cModelFlux=[1.0, 2.0, 3.0])
    said = refused([first, other], tmp_path / "out")
    assert "b.parquet: its columns are not those of a.parquet" in said
    assert "g_cModelFlux, r_cModelFlux" in said
    words = table(tmp_path, "c.parquet", g_cModelFlux=["a", "b", "c"])
    assert "another kind of values" in refused([first, words], tmp_path / "out")


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        (Wishes(ra="RA"), "a.parquet: has no column RA"),
        (Wishes(columns=("g", "objectId")), "has no column g; it has objectId"),
        (Wishes(object_id="id"), "has no column id"),
        (Wishes(primary_column="isPrimary"), "has no column isPrimary"),
        (Wishes(dec="detect_isPrimary"), "is no number (bool)"),
        (Wishes(primary_column="g_cModelFlux"), "holds double, not true or false"),
    ],
)
def test_columns_that_cannot_be_used_are_named(tmp_path: Path, wishes: Wishes, said: str) -> None:
    assert said in refused([table(tmp_path, "a.parquet")], tmp_path / "out", wishes)


def test_tables_without_a_position_ask_for_it(tmp_path: Path) -> None:
    path = table(tmp_path, "a.parquet", coord_ra=None, x=[1.0, 2.0, 3.0])
    assert "name it with --ra" in refused([path], tmp_path / "out")


def test_tables_without_a_row_to_write_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path, "a.parquet", detect_isPrimary=[False] * 3)
    wishes = Wishes(primary_column="detect_isPrimary")
    assert "no row that could be written" in refused([path], tmp_path / "out", wishes)


def test_the_place_of_the_result_is_checked_first(tmp_path: Path) -> None:
    path = table(tmp_path, "a.parquet")
    (tmp_path / "there").mkdir()
    assert "is there already" in refused([path], tmp_path / "there")
    assert "no such folder" in refused([path], tmp_path / "x" / "out")
    assert "letters, digits, dots" in refused([path], tmp_path / "my catalog")
    assert "no such file" in refused([tmp_path / "nothing"], tmp_path / "out")


def test_without_the_library_the_command_that_installs_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "hats_import", None)
    with pytest.raises(ImportLibraryMissingError, match=r"pip install 'pzpipelines\[objects\]'"):
        import_objects([tmp_path], tmp_path / "out", ImportOptions(Wishes()), lambda words: None)
