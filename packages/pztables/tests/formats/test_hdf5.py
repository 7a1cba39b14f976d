"""HDF5 tables as h5py, tables_io, pandas and astropy write them, and hostile ones."""

from __future__ import annotations

import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from pztables.errors import (
    EncodingError,
    ForeignReferenceError,
    NotATableError,
    TableError,
    TooCostlyError,
)
from pztables.formats import open_table, read_table, write_table


def test_columns_in_a_group_come_in_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    for tracked in (False, True):
        path = tmp_path / "t.hdf5"
        with h5py.File(path, "w", track_order=tracked) as file:
            file["z"] = np.array([0.5, 1.5])
            file["id"] = np.array([1, 2])
            file["a"] = np.array([b"x", "é".encode()])
        assert read_table(path).to_pydict() == {"z": [0.5, 1.5], "id": [1, 2], "a": ["x", "é"]}


def test_every_kind_of_dataset_is_read(tmp_path: Path) -> None:
    path = tmp_path / "T.H5"
    with h5py.File(path, "w", track_order=True) as file:
        group = file.create_group("photoz/data", track_order=True)
        group["big"] = np.array([1, 2], ">i8")
        group["b"] = np.array([True, False])
        group["s"] = np.array(["a", "é"], dtype=h5py.string_dtype())
        group["half"] = np.array([0.5, 1], "f2")
        group["v"] = np.arange(4.0).reshape(2, 2)
        group["cube"] = np.arange(8).reshape(2, 2, 2)
        group["c"] = np.array([1 + 2j, 3j])
        group.create_dataset("var", (2,), dtype=h5py.vlen_dtype(np.int32))
        group["var"][0], group["var"][1] = [1, 2], [3]
        group["s"].attrs["description"] = "names"
        group["v"].attrs["units"] = "nJy"
    with open_table(path) as reader:
        assert reader.read().to_pydict() == {
            "big": [1, 2],
            "b": [True, False],
            "s": ["a", "é"],
            "half": [0.5, 1.0],
            "v": [[0.0, 1.0], [2.0, 3.0]],
            "cube": [[0, 1, 2, 3], [4, 5, 6, 7]],
            "c": [[1.0, 2.0], [0.0, 3.0]],
            "var": [[1, 2], [3]],
        }
        meanings = {c.name: (c.unit, c.description) for c in reader.schema.columns}
    assert (meanings["s"], meanings["v"]) == ((None, "names"), ("nJy", None))


def test_a_compound_dataset_is_read_with_its_vectors(tmp_path: Path) -> None:
    rows = np.array([(1, b"a", [1.0, 2.0])], dtype=[("i", ">i4"), ("s", "S3"), ("v", "f4", (2,))])
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["table"] = rows
    found = read_table(tmp_path / "t.h5").to_pydict()
    assert found == {"i": [1], "s": ["a"], "v": [[1.0, 2.0]]}


@pytest.mark.parametrize("serialize", [True, False])
def test_astropy_tables_are_read_with_masks_and_units(serialize: bool, tmp_path: Path) -> None:
    table = Table({"a": MaskedColumn([1, 2], mask=[True, False]), "s": ["x", "é"], "r": [1.0, 2.0]})
    table["r"].unit = "deg"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table.write(tmp_path / "t.hf5", path="t", format="hdf5", serialize_meta=serialize)
    with open_table(tmp_path / "t.hf5") as reader:
        assert reader.read().to_pydict() == {"a": [None, 2], "s": ["x", "é"], "r": [1.0, 2.0]}
        assert reader.schema.columns[2].unit == ("deg" if serialize else None)


@pytest.mark.parametrize(
    "options", [{}, {"format": "table"}, {"format": "table", "data_columns": ["ra"]}]
)
def test_pandas_frames_are_read_without_unpickling(
    options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("tables")
    frame = pandas.DataFrame(
        {
            "ra": [1.5, 2.5],
            "name": ["a", None],
            "id": [2**60 + 1, 2],
            "when": pandas.to_datetime(["2020-01-01", None]),
            "good": [True, False],
            "é": ["x", "ü"],
        }
    )
    path = tmp_path / "t.h5"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.to_hdf(path, key="df", mode="w", **options)
    for name in ("load", "loads", "Unpickler"):
        monkeypatch.delattr(pickle, name)
    found = read_table(path)
    found = found.set_column(3, "when", found.column("when").cast("string").combine_chunks())
    assert found.slice(0, 1).to_pylist()[0] | {"when": None} == {
        "ra": 1.5, "name": "a", "id": 2**60 + 1, "when": None, "good": True, "é": "x",
    }  # fmt: skip
    assert found.slice(1).to_pylist() == [
        {"ra": 2.5, "name": None, "id": 2, "when": None, "good": False, "é": "ü"}
    ]


def test_tables_io_reads_what_we_write_and_the_other_way_round(tmp_path: Path) -> None:
    tables_io = pytest.importorskip("tables_io")
    import pyarrow as pa

    source = pa.table({"z": [0.5, 1.5], "id": [2, 1], "s": ["x", "é"]})
    write_table(source, tmp_path / "ours.hdf5")
    theirs = tables_io.read(str(tmp_path / "ours.hdf5"))
    assert {k: v.tolist() for k, v in theirs.items()} == {
        "z": [0.5, 1.5], "id": [2, 1], "s": [b"x", "é".encode()],
    }  # fmt: skip
    data = {"z": np.array([0.5, 1.5]), "id": np.array([2, 1])}
    for suffix in ("hdf5", "hf5"):
        target = data if suffix == "hdf5" else {"data": Table(data)}
        written = tables_io.write(target, str(tmp_path / "theirs"), suffix)
        assert read_table(written).to_pydict() == {"z": [0.5, 1.5], "id": [2, 1]}


def test_datasets_of_different_lengths_are_no_table(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["a"], file["b"] = np.arange(3), np.arange(4)
    with pytest.raises(NotATableError, match=r"/a \(3,\), /b \(4,\)"):
        read_table(tmp_path / "t.h5")


def test_text_that_is_not_utf8_is_refused_naming_the_value(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["s"] = np.array([b"ok", b"\xe9t"])
    with pytest.raises(EncodingError, match="'ét'"):
        read_table(tmp_path / "t.h5")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_file_is_refused(share: float, tmp_path: Path) -> None:
    path = tmp_path / "t.h5"
    with h5py.File(path, "w") as file:
        file["a"] = np.arange(10_000)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(TableError, match=r"t\.h5.*not a readable"):
        read_table(path)


def _secret(folder: Path) -> Path:
    secret = folder / "secret.bin"
    with h5py.File(secret, "w") as file:
        file["a"] = np.arange(4)
    return secret


def _external_storage(path: Path, secret: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("a", (4,), "u1", external=[(str(secret), 0, 4)])


def _external_link(path: Path, secret: Path) -> None:
    with h5py.File(path, "w") as file:
        file["a"] = h5py.ExternalLink(str(secret), "/a")


def _external_link_below(path: Path, secret: Path) -> None:
    with h5py.File(path, "w") as file:
        file["group"] = h5py.ExternalLink(str(secret), "/")
        file["b"] = np.arange(4)


def _soft_link_through_external(path: Path, secret: Path) -> None:
    with h5py.File(path, "w") as file:
        file["b"] = np.arange(4)
        file["deep/er/out"] = h5py.ExternalLink(str(secret), "/")
        file["a"] = h5py.SoftLink("/deep/er/out/a")


def _virtual_dataset(path: Path, secret: Path) -> None:
    layout = h5py.VirtualLayout((4,), "i8")
    layout[:] = h5py.VirtualSource(str(secret), "a", (4,))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("a", layout)


@pytest.mark.parametrize(
    "make",
    [_external_storage, _external_link, _external_link_below, _soft_link_through_external,
     _virtual_dataset],
)  # fmt: skip
def test_hdf5_that_reads_other_files_is_refused(make: Any, tmp_path: Path) -> None:
    make(tmp_path / "t.h5", _secret(tmp_path))
    with pytest.raises(ForeignReferenceError, match=r"t\.h5.*never followed"):
        read_table(tmp_path / "t.h5")


def test_a_small_file_that_declares_gigabytes_is_refused_before_reading(tmp_path: Path) -> None:
    path = tmp_path / "t.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("a", (10**9,), "f8")
    assert path.stat().st_size < 5000
    with pytest.raises(TooCostlyError, match=r"1,000,000,000 rows"):
        open_table(path)


def test_huge_chunks_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "a", (10,), "f8", maxshape=(None,), chunks=(2**29 - 1,), compression="gzip"
        )
    with pytest.raises(TooCostlyError, match="chunks"):
        open_table(path)


class _Evil:
    def __reduce__(self) -> Any:
        return os.mkdir, ("pwned",)


def test_a_pickle_in_a_frame_is_never_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with h5py.File(tmp_path / "t.h5", "w") as file:
        group = file.create_group("df")
        group.attrs["pandas_type"] = np.bytes_(b"frame_table")
        group.attrs["non_index_axes"] = np.bytes_(pickle.dumps(_Evil(), 0))
        table = group.create_dataset("table", data=np.zeros(2, [("index", "i8"), ("a", "f8")]))
        table.attrs["a_kind"] = np.bytes_(pickle.dumps(_Evil(), 0))
    with pytest.raises(TableError):
        read_table(tmp_path / "t.h5")
    assert not (tmp_path / "pwned").exists()
