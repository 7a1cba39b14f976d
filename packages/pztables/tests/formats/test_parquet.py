"""Parquet with nested, encoded and annotated columns, and hostile files."""

from __future__ import annotations

import datetime
import time
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pztables.errors import (
    DuplicateColumnsError,
    ForeignReferenceError,
    NoColumnsError,
    TableError,
    TooCostlyError,
)
from pztables.formats import open_table, open_writer, read_table, write_table


def test_nested_and_encoded_columns_are_read(tmp_path: Path) -> None:
    when = datetime.datetime(2020, 1, 1)  # noqa: DTZ001
    table = pa.table(
        {
            "dict": pa.array(["a", "b", None]).dictionary_encode(),
            "list": [[1], None, []],
            "struct": [{"x": 1, "y": "a"}, None, {"x": None, "y": None}],
            "dec": pa.array([Decimal("1.10"), None, Decimal("2.25")]),
            "when": pa.array([when, None, when], pa.timestamp("ns")),
            "large": pa.array(["x", None, "z"], pa.large_string()),
            "none": pa.nulls(3),
            "a.b": [1, 2, 3],
        }
    )
    pq.write_table(table, tmp_path / "T.PQ")
    found = read_table(tmp_path / "T.PQ")
    assert found.to_pylist() == table.to_pylist()
    assert [str(t) for t in found.schema.types] == [
        "string", "list<item: int64>", "struct<x: int64, y: string>", "decimal128(3, 2)",
        "timestamp[ns]", "string", "string", "int64",
    ]  # fmt: skip


def test_row_groups_are_streamed_in_batches(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": range(1000)}), tmp_path / "t.parquet", row_group_size=300)
    with open_table(tmp_path / "t.parquet") as reader:
        batches = list(reader.batches(batch_rows=128))
    assert max(batch.num_rows for batch in batches) <= 128
    assert pa.Table.from_batches(batches).column("a").to_pylist() == list(range(1000))


def test_what_was_read_of_a_stream_leaves_memory(tmp_path: Path) -> None:
    n = 400_000
    values = {f"c{place}": np.random.default_rng(place).normal(size=n) for place in range(5)}
    pq.write_table(pa.table(values), tmp_path / "t.parquet", row_group_size=20_000)
    before = pa.total_allocated_bytes()
    with open_table(tmp_path / "t.parquet") as reader:
        held = []
        for _ in reader.batches(batch_rows=20_000):
            time.sleep(0.01)  # what is read ahead is there
            held.append(pa.total_allocated_bytes() - before)
    assert max(held) < 8 * 5 * n / 2


def test_units_and_ucds_of_voparquet_by_astropy_are_read_and_ours_by_astropy(
    tmp_path: Path,
) -> None:
    from astropy.table import Table

    table = Table({"ra": [1.0]}, units={"ra": "deg"})
    table["ra"].meta["ucd"] = "pos.eq.ra"
    table["ra"].description = "right ascension"
    metadata = {"ra": {"unit": "deg", "ucd": "pos.eq.ra", "description": "right ascension"}}
    table.write(tmp_path / "theirs.parquet", format="parquet.votable", metadata=metadata)
    with open_table(tmp_path / "theirs.parquet") as reader:
        column = reader.schema.columns[0]
    assert (column.unit, column.ucd) == ("deg", "pos.eq.ra")
    write_table(read_table(tmp_path / "theirs.parquet"), tmp_path / "ours.parquet")
    ours = Table.read(tmp_path / "ours.parquet", format="parquet.votable")
    assert (str(ours["ra"].unit), ours["ra"].meta["ucd"]) == ("deg", "pos.eq.ra")


def test_row_groups_of_what_we_write_are_large_whatever_the_batches(tmp_path: Path) -> None:
    schema = pa.schema([("a", pa.int64())])
    with open_writer(tmp_path / "t.parquet", schema) as writer:
        for start in range(0, 250_000, 10_000):
            writer.write(pa.table({"a": np.arange(start, start + 10_000)}))
    metadata = pq.read_metadata(tmp_path / "t.parquet")
    groups = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert groups == [100_000, 100_000, 50_000]
    assert metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_cut_file_is_refused(share: float, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": range(10_000)}), path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(TableError, match=r"t\.parquet.*not a readable Parquet"):
        read_table(path)


def test_damaged_pages_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": np.random.default_rng(1).normal(size=10_000)}), path)
    data = bytearray(path.read_bytes())
    data[4:4000] = bytes(3996)
    path.write_bytes(data)
    with pytest.raises(TableError, match=r"t\.parquet"):
        read_table(path)


def test_columns_of_one_name_and_no_columns_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), path)
    with pytest.raises(DuplicateColumnsError, match="'a'"):
        read_table(path)
    pq.write_table(pa.table({}), path)
    with pytest.raises(NoColumnsError):
        read_table(path)


def test_a_small_file_with_twenty_million_rows_is_refused_before_reading(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    batch = pa.record_batch({"a": pa.array(np.zeros(1_000_000, np.int8))})
    with pq.ParquetWriter(path, batch.schema, compression="zstd") as writer:
        for _ in range(20):
            writer.write_batch(batch, row_group_size=1_000_000)
    assert path.stat().st_size < 100_000
    with pytest.raises(TooCostlyError, match="20,000,000 rows"):
        open_table(path)


def test_voparquet_metadata_with_a_document_type_is_refused(tmp_path: Path) -> None:
    xml = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><VOTABLE>&e;</VOTABLE>'
    schema = pa.schema([("a", pa.int64())], {b"IVOA.VOTable-Parquet.content": xml})
    pq.write_table(pa.table([pa.array([1])], schema=schema), tmp_path / "t.parquet")
    with pytest.raises(ForeignReferenceError, match="DTD"):
        open_table(tmp_path / "t.parquet")
