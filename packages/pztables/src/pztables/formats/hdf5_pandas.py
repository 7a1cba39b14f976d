"""HDF5 as ``DataFrame.to_hdf`` writes it, in both of its formats, without unpickling."""

from __future__ import annotations

from typing import Any, Final

import h5py
import numpy as np
import pyarrow as pa

from pztables.errors import TableError
from pztables.formats.arrays import ARROW_REFUSALS, arrow_type, native
from pztables.formats.hdf5_columns import RowCache, Source, text_attribute, to_column
from pztables.formats.model import ColumnInfo
from pztables.formats.pickle_literals import Call, read_literals

_NAT: Final = np.iinfo(np.int64).min


def fixed_sources(group: h5py.Group, file: str) -> tuple[list[Source], int]:
    """Return the columns of a frame in the fixed format: blocks of columns of one type."""
    order = _labels(group["axis0"])
    n_rows = len(group["axis1"])
    found: dict[str, Source] = {}
    for number in range(int(group.attrs["nblocks"])):
        labels = _labels(group[f"block{number}_items"])
        values = group[f"block{number}_values"]
        for source in _block_sources(labels, values, file):
            found[source.info.name] = source
    return [found[name] for name in order if name in found], n_rows


def _block_sources(labels: list[str], values: h5py.Dataset, file: str) -> list[Source]:
    if values.attrs.get("CLASS") == b"VLARRAY":
        return _pickled_sources(labels, values, file)
    cache = RowCache(values)
    kind = text_attribute(values, "value_type") or ""
    data_type = _value_type(values.dtype, kind, _is_bitfield(values.id.get_type()), file, labels[0])
    return [
        _block_source(cache, ColumnInfo(name, data_type), number, file)
        for number, name in enumerate(labels)
    ]


def _block_source(cache: RowCache, info: ColumnInfo, number: int, file: str) -> Source:
    def read(start: int, stop: int) -> pa.Array:
        return _plain_column(cache.rows(start, stop)[:, number], info, file)

    return Source(info, read)


def _pickled_sources(labels: list[str], values: h5py.Dataset, file: str) -> list[Source]:
    """Return columns of a block of Python objects: text, numbers and None only."""
    stored = values[0] if len(values) else np.zeros(0, np.uint8)
    array = read_literals(np.asarray(stored, dtype=np.uint8).tobytes())
    state = array.state if isinstance(array, Call) else None
    if not isinstance(state, tuple) or len(state) != 5 or not isinstance(state[4], list):
        raise _unusual(file, labels)
    _, shape, _, column_major, items = state
    n_rows = shape[0] if len(shape) == 2 else len(items)
    if not isinstance(column_major, bool) or n_rows * len(labels) != len(items):
        raise _unusual(file, labels)
    grid = np.empty(len(items), dtype=object)
    grid[:] = [None if _is_missing(item) else item for item in items]
    grid = grid.reshape((n_rows, len(labels)), order="F" if column_major else "C")
    return [_object_source(name, grid[:, number], file) for number, name in enumerate(labels)]


def _is_missing(item: Any) -> bool:
    return item is None or (isinstance(item, float) and item != item)


def _object_source(name: str, items: Any, file: str) -> Source:
    try:
        column = pa.array(items.tolist())
    except ARROW_REFUSALS as error:
        raise _unusual(file, [name]) from error
    if pa.types.is_null(column.type):
        column = column.cast(pa.string())
    if pa.types.is_nested(column.type):
        raise _unusual(file, [name])

    def read(start: int, stop: int) -> pa.Array:
        return column.slice(start, stop - start)

    return Source(ColumnInfo(name, column.type), read)


def _unusual(file: str, labels: list[str]) -> TableError:
    return TableError(
        f"{file}: column '{labels[0]}' holds pickled Python objects other than text and numbers, "
        "which are never loaded. Convert it to text or numbers.",
        file=file, columns=labels,
    )  # fmt: skip


def table_sources(group: h5py.Group, file: str) -> tuple[list[Source], int]:
    """Return the columns of a frame in the table format: one compound dataset."""
    dataset = group["table"]
    if not isinstance(dataset, h5py.Dataset) or not dataset.dtype.names:
        raise _unusual(file, [group.name])
    cache = RowCache(dataset)
    found: dict[str, Source] = {}
    for number, field in enumerate(dataset.dtype.names):
        if field == "index":
            continue
        labels = [str(label) for label in _literal(dataset.attrs.get(f"{field}_kind"), [field])]
        bits = _is_bitfield(dataset.id.get_type().get_member_type(number))
        for place, label in enumerate(labels):
            found[label] = _table_source(group, cache, field, place, label, bits, file)
    axes = _literal(group.attrs.get("non_index_axes"), [])
    order = [str(label) for axis in axes for label in axis[1]] or list(found)
    named = [name for name in found if name not in order]
    return [found[name] for name in [*named, *order] if name in found], len(dataset)


def _table_source(
    group: h5py.Group, cache: RowCache, field: str, place: int, label: str, bits: bool, file: str
) -> Source:
    attributes = cache.dataset.attrs
    dtype = cache.dataset.dtype.fields[field][0]
    base = dtype.subdtype[0] if dtype.subdtype else dtype
    kind = text_attribute(cache.dataset, f"{field}_dtype") or ""
    categories = None
    if attributes.get(f"{field}_meta") == b"category":
        categories = _categories(group, field, file)
        data_type = categories.type
    else:
        data_type = _value_type(base, kind, bits, file, label)
    info = ColumnInfo(label, data_type)
    missing = attributes.get(f"{field}_nan_rep", b"nan")

    def read(start: int, stop: int) -> pa.Array:
        values = cache.rows(start, stop)[field]
        values = values[:, place] if values.ndim == 2 else values
        if categories is not None:
            codes = pa.array(values.astype(np.int64), mask=values < 0)
            return categories.take(codes)
        if base.kind == "S":
            return to_column(values, info, file, fill=bytes(missing))
        return _plain_column(values, info, file)

    return Source(info, read)


def _categories(group: h5py.Group, field: str, file: str) -> pa.Array:
    meta = group[f"meta/{field}/meta/table"]
    values = meta["values"]
    if values.dtype.kind == "S":
        return to_column(values, ColumnInfo(field, pa.string()), file)
    return pa.array(native(values))


def _plain_column(values: Any, info: ColumnInfo, file: str) -> pa.Array:
    if pa.types.is_timestamp(info.type):
        stamps = native(values).astype(np.int64)
        return pa.array(stamps, mask=stamps == _NAT).cast(info.type)
    return to_column(values, info, file)


def _value_type(dtype: np.dtype[Any], kind: str, bits: bool, file: str, name: str) -> pa.DataType:
    if kind.startswith("datetime64"):
        unit = kind.partition("[")[2][:2].rstrip("]") or "ns"
        return pa.timestamp(unit if unit in ("s", "ms", "us", "ns") else "ns")
    if bits or kind == "bool":
        return pa.bool_()
    if dtype.kind == "S":
        return pa.string()
    if dtype.kind in "iuf":
        return arrow_type(dtype)
    raise _unusual(file, [name])


def _is_bitfield(kind: Any) -> bool:
    while kind.get_class() == h5py.h5t.ARRAY:
        kind = kind.get_super()
    return bool(kind.get_class() == h5py.h5t.BITFIELD)  # PyTables keeps booleans so


def _labels(dataset: h5py.Dataset) -> list[str]:
    if dataset.attrs.get("CLASS") == b"VLARRAY":
        array = read_literals(np.asarray(dataset[0], dtype=np.uint8).tobytes())
        items = array.state[4] if isinstance(array, Call) else array
        return [str(item) for item in items]
    values = dataset[:]
    if values.dtype.kind == "S":
        return [item.decode("utf-8", "surrogateescape") for item in values]
    return [str(item) for item in values.tolist()]


def _literal(value: Any, default: Any) -> Any:
    """Return a plain value that PyTables keeps as a pickled attribute."""
    return read_literals(bytes(value)) if isinstance(value, bytes) else default
