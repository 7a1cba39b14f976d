"""Opening HATS catalogs in the layouts that exist, and what is no catalog of objects."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from object_catalogs import objects_at, uniform_sky, write_hats, write_object_collection
from pzpipelines.objects.catalog import ObjectCatalog, open_objects
from pzpipelines.objects.errors import NotAnObjectCatalogError, PartitionUnreadableError
from pztables.errors import ForeignReferenceError

RA, DEC = uniform_sky(600, ra=(40, 50), dec=(10, 20), seed=4)
TABLE = objects_at(RA, DEC, np.arange(600))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_hats(tmp_path / "objects", TABLE, max_rows=100)
    return tmp_path / "objects"


def rewrite(path: Path, **changes: str | None) -> None:
    """Change or remove lines of the properties files of a catalog."""
    for file in (path / "hats.properties", path / "properties"):
        lines = dict(line.split("=", 1) for line in file.read_text().splitlines()[1:])
        kept = {**lines, **changes}
        text = "".join(f"{key}={value}\n" for key, value in kept.items() if value is not None)
        file.write_text(text)


def all_rows(catalog: ObjectCatalog) -> pa.Table:
    """Return every row, in the order of the identifiers."""
    names = catalog.schema.names
    parts = [catalog.read_columns(partition, names) for partition in catalog.partitions]
    return pa.concat_tables(parts).sort_by("objectId")


@pytest.mark.parametrize(
    "layout",
    [
        {},
        {"legacy": True},
        {"files_per_pixel": 3},
        {"row_group_rows": 11, "max_rows": 50},
        {"max_rows": 10**6},
    ],
    ids=["today", "legacy", "folders", "row groups", "one partition"],
)
def test_every_layout_holds_the_same_rows_and_columns(
    tmp_path: Path, layout: dict[str, Any]
) -> None:
    write_hats(tmp_path / "objects", TABLE, **{"max_rows": 100, **layout})
    catalog = open_objects(tmp_path / "objects")
    assert (catalog.name, catalog.ra, catalog.dec, catalog.margin) == ("objects", "ra", "dec", None)
    assert catalog.schema.equals(TABLE.schema)
    assert catalog.n_rows == sum(partition.n_rows for partition in catalog.partitions) == 600
    assert all_rows(catalog).equals(TABLE)
    starts = [partition.first_index for partition in catalog.partitions]
    assert starts == sorted(starts)


def test_partitions_are_told_from_metadata_or_from_the_tree_where_no_list_is(folder: Path) -> None:
    expected = open_objects(folder).partitions
    (folder / "partition_info.csv").unlink()
    assert open_objects(folder).partitions == expected
    collected: list[Any] = []
    for partition in expected:
        metadata = pq.read_metadata(partition.path)
        metadata.set_file_path(partition.path.relative_to(folder / "dataset").as_posix())
        collected.append(metadata)
    schema = pq.read_schema(expected[0].path)
    pq.write_metadata(schema, folder / "dataset" / "_metadata", metadata_collector=collected)
    expected[0].path.unlink()
    assert open_objects(folder).partitions == expected  # the missing one is still known


def test_a_catalog_without_common_metadata_takes_its_columns_from_the_first_partition(
    folder: Path,
) -> None:
    (folder / "dataset" / "_common_metadata").write_bytes(b"no Parquet")
    assert open_objects(folder).schema.equals(TABLE.schema)
    (folder / "dataset" / "_common_metadata").unlink()
    assert open_objects(folder).schema.equals(TABLE.schema)


def test_a_collection_gives_its_catalog_and_tells_of_its_margin(tmp_path: Path) -> None:
    write_object_collection(tmp_path / "dr9", RA, DEC)
    catalog = open_objects(tmp_path / "dr9")
    assert (catalog.name, catalog.path) == ("dr9", tmp_path / "dr9" / "catalog")
    assert catalog.margin is not None
    assert (catalog.margin.path.name, catalog.margin.threshold_arcsec) == ("margin_5arcs", 5.0)
    assert all_rows(catalog).equals(TABLE)
    assert open_objects(tmp_path / "dr9", name="DR 9").name == "DR 9"
    shutil.rmtree(tmp_path / "dr9" / "margin_5arcs")
    assert open_objects(tmp_path / "dr9").margin is None


def test_rows_are_read_by_number_from_the_row_groups_that_hold_them(tmp_path: Path) -> None:
    write_hats(tmp_path / "o", TABLE, max_rows=10**6, row_group_rows=50, files_per_pixel=2)
    catalog = open_objects(tmp_path / "o")
    [partition] = catalog.partitions
    names = ["g_cModelMag_sfd", "objectId"]
    whole = catalog.read_columns(partition, names)
    rows = np.array([0, 49, 50, 299, 300, 555, 599])
    assert catalog.read_rows(partition, names, rows).equals(whole.take(pa.array(rows)))
    nothing = catalog.read_rows(partition, names, np.empty(0, np.int64))
    assert nothing.equals(whole.schema.empty_table())


def test_a_folder_that_is_no_catalog_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotAnObjectCatalogError, match="empty: is no HATS catalog"):
        open_objects(tmp_path / "empty")
    with pytest.raises(NotAnObjectCatalogError, match="nowhere: is no HATS catalog"):
        open_objects(tmp_path / "nowhere")


def test_a_margin_is_not_taken_for_objects(tmp_path: Path) -> None:
    write_object_collection(tmp_path / "dr9", RA, DEC)
    with pytest.raises(NotAnObjectCatalogError, match="of the kind 'margin', not of objects"):
        open_objects(tmp_path / "dr9" / "margin_5arcs")


def test_a_collection_that_points_elsewhere_is_not_followed(tmp_path: Path, folder: Path) -> None:
    outer = tmp_path / "collection"
    outer.mkdir()
    (outer / "collection.properties").write_text(f"hats_primary_table_url={folder}\n")
    with pytest.raises(ForeignReferenceError, match="outside of the collection"):
        open_objects(outer)


def test_a_partition_that_is_a_link_to_elsewhere_is_not_followed(
    tmp_path: Path, folder: Path
) -> None:
    first = open_objects(folder).partitions[0]
    first.path.rename(tmp_path / "elsewhere.parquet")
    os.symlink(tmp_path / "elsewhere.parquet", first.path)
    catalog = open_objects(folder)
    with pytest.raises(ForeignReferenceError, match="a link to elsewhere"):
        catalog.read_columns(first, ["ra"])


def test_position_columns_that_do_not_exist_or_are_text_are_refused(folder: Path) -> None:
    rewrite(folder, hats_col_ra="coord_ra")
    with pytest.raises(NotAnObjectCatalogError, match="no such column: coord_ra"):
        open_objects(folder)
    names = pa.schema([("ra", pa.string()), ("dec", pa.float64())])
    pq.write_metadata(names, folder / "dataset" / "_common_metadata")
    rewrite(folder, hats_col_ra="ra")
    with pytest.raises(NotAnObjectCatalogError, match="the column is string: ra"):
        open_objects(folder)


def test_properties_without_position_columns_mean_ra_and_dec(folder: Path) -> None:
    rewrite(folder, hats_col_ra=None, hats_col_dec=None)
    catalog = open_objects(folder)
    assert (catalog.ra, catalog.dec) == ("ra", "dec")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("Norder,Npix\n", "has no partitions"),
        ("order,pixel\n1,2\n", "is no list of partitions"),
        ("Norder,Npix\n1,many\n", "is no list of partitions"),
        ("Norder,Npix\n0,12\n", "there is no HEALPix pixel Norder=0/Npix=12"),
        ("Norder,Npix\n1,17\n2,69\n", "Norder=1/Npix=17 and Norder=2/Npix=69 cover the same sky"),
    ],
)
def test_a_list_of_partitions_that_cannot_be_is_refused(
    folder: Path, content: str, complaint: str
) -> None:
    (folder / "partition_info.csv").write_text(content)
    with pytest.raises(NotAnObjectCatalogError, match=complaint):
        open_objects(folder)


@pytest.mark.parametrize("size", [0, 3, 500])
def test_a_file_that_is_cut_off_is_named(folder: Path, size: int) -> None:
    catalog = open_objects(folder)
    cut = catalog.partitions[1]
    cut.path.write_bytes(cut.path.read_bytes()[:size])
    for read in (lambda: cut.n_rows, lambda: catalog.read_columns(cut, ["ra"])):
        with pytest.raises(PartitionUnreadableError, match=f"{cut.name}: .* cannot be read") as no:
            read()
        assert no.value.data == {"partition": cut.name, "file": cut.path.name}


def test_a_file_whose_pages_are_damaged_is_named(folder: Path) -> None:
    catalog = open_objects(folder)
    bad = catalog.partitions[1]
    content = bytearray(bad.path.read_bytes())
    content[4:2000] = b"\xff" * 1996
    bad.path.write_bytes(content)
    with pytest.raises(PartitionUnreadableError, match=f"{bad.name}: .* cannot be read"):
        catalog.read_columns(bad, catalog.schema.names)


def test_a_partition_that_lacks_a_column_is_named(folder: Path) -> None:
    catalog = open_objects(folder)
    other = catalog.partitions[2]
    pq.write_table(pq.ParquetFile(other.path).read(columns=["ra", "dec"]), other.path)
    with pytest.raises(PartitionUnreadableError, match=f"{other.name}: .*has no column objectId"):
        catalog.read_columns(other, ["ra", "objectId"])


def test_a_folder_of_files_without_any_is_a_missing_partition(tmp_path: Path) -> None:
    write_hats(tmp_path / "o", TABLE, max_rows=100, files_per_pixel=2)
    partition = open_objects(tmp_path / "o").partitions[0]
    for file in partition.files:
        file.unlink()
    with pytest.raises(PartitionUnreadableError, match=f"{partition.name} is listed"):
        _ = partition.size_bytes


def test_the_real_samples_open(samples: Path) -> None:
    shapes = {}
    for name in ("elaisfbmc_collection", "specz_collection", "object_dr2/mag/auto/sfd/catalog"):
        catalog = open_objects(samples / name)
        rows = sum(partition.n_rows for partition in catalog.partitions)
        assert rows == catalog.n_rows
        margin = catalog.margin.threshold_arcsec if catalog.margin else None
        shapes[catalog.name] = (rows, catalog.ra, len(catalog.schema), margin)
    assert shapes == {
        "elaisfbmc_collection": (3762, "RAdeg", 85, 10.0),
        "specz_collection": (80, "ra", 4, 10.0),
        "mini_dataset": (40, "ra", 3, None),
    }
