"""HATS catalogs and collections without the HATS library."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pztables.errors import ForeignReferenceError, NotATableError, TableError
from pztables.formats import TableFormat, open_table, read_table, sniff_format


def make_catalog(folder: Path, parts: dict[str, pa.Table], kind: str = "object") -> Path:
    """Write a small HATS catalog: path below ``dataset`` → rows."""
    for place, table in parts.items():
        target = folder / "dataset" / place
        target.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, target)
    (folder / "hats.properties").write_text(
        f"#HATS catalog\ndataproduct_type={kind}\nhats_col_healpix=_healpix_29\n"
    )
    return folder


def test_partitions_are_read_in_the_order_of_the_sky(tmp_path: Path) -> None:
    catalog = make_catalog(
        tmp_path / "cat",
        {
            "Norder=1/Dir=0/Npix=11.parquet": pa.table({"_healpix_29": [9], "a": [3]}),
            "Norder=0/Dir=0/Npix=1.parquet": pa.table({"_healpix_29": [5], "a": [1]}),
            "Norder=1/Dir=0/Npix=8.parquet": pa.table({"_healpix_29": [8], "a": [2]}),
        },
    )
    assert sniff_format(catalog) is TableFormat.HATS
    assert read_table(catalog).to_pydict() == {"a": [1, 2, 3]}


def test_real_collections_and_catalogs_are_read_whole(hats_samples: Path) -> None:
    with open_table(hats_samples / "elaisfbmc_collection") as reader:
        assert (reader.schema.n_rows, reader.schema.names[:3]) == (
            3762,
            ["ELAIS", "RAdeg", "DEdeg"],
        )
        assert sum(batch.num_rows for batch in reader.batches(["RAdeg"], 1000)) == 3762
    assert read_table(hats_samples / "object_dr2/mag/auto/sfd/catalog").num_rows == 40


def test_a_collection_that_names_a_catalog_elsewhere_is_refused(tmp_path: Path) -> None:
    make_catalog(tmp_path / "other", {"Norder=0/Dir=0/Npix=1.parquet": pa.table({"a": [1]})})
    collection = tmp_path / "collection"
    collection.mkdir()
    (collection / "collection.properties").write_text("hats_primary_table_url=../other\n")
    with pytest.raises(ForeignReferenceError, match=r"'\.\./other'"):
        open_table(collection)


def test_a_partition_that_is_a_link_out_is_refused(tmp_path: Path) -> None:
    catalog = make_catalog(
        tmp_path / "cat", {"Norder=0/Dir=0/Npix=1.parquet": pa.table({"a": [1]})}
    )
    pq.write_table(pa.table({"a": [2]}), tmp_path / "secret.parquet")
    (catalog / "dataset/Norder=0/Dir=0/Npix=2.parquet").symlink_to(tmp_path / "secret.parquet")
    with pytest.raises(ForeignReferenceError, match="never followed"):
        open_table(catalog)


def test_partitions_that_disagree_are_refused(tmp_path: Path) -> None:
    catalog = make_catalog(
        tmp_path / "cat",
        {
            "Norder=0/Dir=0/Npix=1.parquet": pa.table({"a": [1], "b": [1]}),
            "Norder=0/Dir=0/Npix=2.parquet": pa.table({"a": [1]}),
        },
    )
    with pytest.raises(TableError, match="has no column b"):
        read_table(catalog)


def test_other_directories_are_refused(tmp_path: Path) -> None:
    margin = make_catalog(
        tmp_path / "margin", {"Norder=0/Dir=0/Npix=1.parquet": pa.table({"a": [1]})}, "margin"
    )
    for folder in (tmp_path, margin):
        with pytest.raises(NotATableError, match="no HATS catalog"):
            open_table(folder)
