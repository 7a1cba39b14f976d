"""Columns in HDF5: one dataset each, or the fields of one compound dataset."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import h5py
import numpy as np
import pyarrow as pa

from pztables.errors import EncodingError, TableError
from pztables.formats.arrays import arrow_type, decode_texts, native, null_nan_mask, to_arrow
from pztables.formats.hdf5_guard import ordered_names
from pztables.formats.model import ColumnInfo

if TYPE_CHECKING:
    from collections.abc import Callable

META_SUFFIX: Final = ".__table_column_meta__"
_META_BYTES: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """One column: what it is, and how to read some of its rows."""

    info: ColumnInfo
    read: Callable[[int, int], pa.Array]
    width: int = 1


class RowCache:
    """The last slice read of a dataset, shared by the columns that live in it."""

    def __init__(self, dataset: h5py.Dataset) -> None:
        self.dataset = dataset
        self._range = (-1, -1)
        self._rows: Any = None

    def rows(self, start: int, stop: int) -> Any:
        """Return rows ``start`` to ``stop``."""
        if self._range != (start, stop):
            self._rows, self._range = self.dataset[start:stop], (start, stop)
        return self._rows


def dataset_sources(group: h5py.Group, file: str) -> tuple[list[Source], int] | None:
    """Return the columns of a group of equally long datasets, or ``None`` if it is none."""
    datasets: dict[str, h5py.Dataset] = {}
    for name in ordered_names(group):
        if isinstance(group.get(name, getlink=True), h5py.HardLink):
            item = group[name]
            if isinstance(item, h5py.Dataset) and item.shape:
                datasets[name] = item
    lengths = {len(item) for item in datasets.values()}
    if len(lengths) != 1 or any(item.dtype.names for item in datasets.values()):
        return None
    return [_dataset_source(name, item, file) for name, item in datasets.items()], lengths.pop()


def _dataset_source(name: str, dataset: h5py.Dataset, file: str) -> Source:
    info = ColumnInfo(
        name,
        stored_type(dataset.dtype, dataset.shape[1:], file, name),
        text_attribute(dataset, "unit", "units", "UNIT", "UNITS"),
        text_attribute(dataset, "ucd", "UCD"),
        text_attribute(dataset, "description", "DESCRIPTION"),
    )
    if text_attribute(dataset, "logical") is not None:
        info = replace(info, type=pa.bool_())
    fill = dataset.attrs.get("_FillValue")
    padded = _is_blank_padded(dataset)

    def read(start: int, stop: int) -> pa.Array:
        return to_column(dataset[start:stop], info, file, fill=fill, blank_padded=padded)

    return Source(info, read, math.prod(dataset.shape[1:]))


def compound_sources(dataset: h5py.Dataset, file: str) -> list[Source]:
    """Return the fields of a compound dataset; astropy's mask fields become nulls."""
    meanings = _astropy_meanings(dataset)
    fields = dataset.dtype.fields or {}
    masks = {f"{name}.mask" for name in fields} & set(fields)
    cache = RowCache(dataset)
    sources = []
    for name in dataset.dtype.names or ():
        if name in masks:
            continue
        base, shape = fields[name][0].subdtype or (fields[name][0], ())
        info = ColumnInfo(name, stored_type(base, shape, file, name))
        info = info.with_meaning(meanings.get(name))
        mask_name = f"{name}.mask" if f"{name}.mask" in masks else None
        sources.append(_field_source(cache, info, mask_name, math.prod(shape), file))
    return sources


def _field_source(
    cache: RowCache, info: ColumnInfo, mask_name: str | None, width: int, file: str
) -> Source:
    def read(start: int, stop: int) -> pa.Array:
        rows = cache.rows(start, stop)
        mask = None if mask_name is None else np.asarray(rows[mask_name], dtype=bool)
        return to_column(rows[info.name], info, file, mask=mask)

    return Source(info, read, width)


def stored_type(dtype: np.dtype[Any], shape: tuple[int, ...], file: str, name: str) -> pa.DataType:
    """Return the Arrow type of stored values.

    Raises
    ------
    TableError
        If they are references, opaque or nested: naming the column.
    """
    width = math.prod(shape)
    plain = _plain_stored_type(dtype)
    if plain is None:
        raise TableError(
            f"{file}: column '{name}' holds {dtype}, which is not read. Store numbers, text or "
            "booleans.",
            file=file, column=name,
        )  # fmt: skip
    if dtype.kind == "c":
        return pa.list_(plain, 2 * width)
    return pa.list_(plain, width) if shape else plain


def _plain_stored_type(dtype: np.dtype[Any]) -> pa.DataType | None:
    if h5py.check_string_dtype(dtype) is not None or dtype.kind == "S":
        return pa.string()
    inner = h5py.check_vlen_dtype(dtype)
    if inner is not None and np.dtype(inner).kind in "iufb":
        return pa.list_(arrow_type(np.dtype(inner)))
    if dtype.kind in "iufb" and dtype.itemsize <= 8:
        return arrow_type(dtype)
    if dtype.kind == "c" and dtype.itemsize <= 16:
        return arrow_type(np.dtype(np.float32 if dtype.itemsize == 8 else np.float64))
    return None


def to_column(
    values: Any,
    info: ColumnInfo,
    file: str,
    *,
    mask: Any = None,
    fill: Any = None,
    blank_padded: bool = False,
) -> pa.Array:
    """Return values as they are stored, as an Arrow array of the column's type.

    Parameters
    ----------
    values
        Shape ``(n,)`` or ``(n, …)``.
    info
        Of the column.
    file
        Name to show.
    mask
        True is null.
    fill
        The value that means null, if any.
    blank_padded
        Whether blanks at the end of text are padding.
    """
    flat = np.asarray(values)
    if flat.dtype.kind in "SO" and not _is_vlen_list(info.type):
        return _texts(flat, info, file, mask, fill, blank_padded)
    if flat.dtype.kind == "O":
        return pa.array([native(np.asarray(item)) for item in flat], type=info.type)
    flat = native(flat)
    if flat.dtype.kind == "c":
        flat = flat.view(np.float32 if flat.dtype.itemsize == 8 else np.float64)
    if flat.dtype == np.float16:
        flat = flat.astype(np.float32)
    if pa.types.is_fixed_size_list(info.type):
        flat = flat.reshape(len(values), info.type.list_size)
    if fill is not None:
        mask = flat == np.asarray(fill).reshape(-1)[0]
    elif mask is None and flat.dtype.kind == "f":
        mask = null_nan_mask(flat)
    if info.type == pa.bool_():
        flat = flat.astype(bool)
    return to_arrow(flat, mask if mask is None else mask.reshape(flat.shape), info.type)


def _is_vlen_list(data_type: pa.DataType) -> bool:
    return bool(pa.types.is_list(data_type))


def _texts(
    values: Any, info: ColumnInfo, file: str, mask: Any, fill: Any, blank_padded: bool
) -> pa.Array:
    flat = values.reshape(-1)
    if flat.dtype.kind == "O":
        raw = [
            item.encode("utf-8", "surrogateescape") if isinstance(item, str) else item
            for item in flat
        ]
        flat = np.array(raw, dtype=object)
    elif blank_padded:
        flat = np.char.rstrip(flat, b" ")
    if fill is not None:
        sentinel = fill.encode() if isinstance(fill, str) else bytes(fill)
        mask = np.fromiter((item == sentinel for item in flat), bool, len(flat))
    texts = decode_texts(
        flat, None if mask is None else mask.reshape(-1), file=file, column=info.name
    )
    if pa.types.is_fixed_size_list(info.type):
        return pa.FixedSizeListArray.from_arrays(texts, type=info.type)
    return texts


def _is_blank_padded(dataset: h5py.Dataset) -> bool:
    kind = dataset.id.get_type()
    if kind.get_class() != h5py.h5t.STRING:
        return False
    return bool(kind.get_strpad() == h5py.h5t.STR_SPACEPAD)


def text_attribute(item: Any, *names: str) -> str | None:
    """Return the first of some attributes that is text and not empty."""
    for name in names:
        value = item.attrs.get(name)
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def _astropy_meanings(dataset: h5py.Dataset) -> dict[str, ColumnInfo]:
    """Read units and descriptions that astropy keeps beside its tables, as YAML."""
    parent, name = dataset.parent, dataset.name.rsplit("/", 1)[-1] + META_SUFFIX
    if not isinstance(parent.get(name, getlink=True, default=None), h5py.HardLink):
        return {}
    lines = parent[name]
    if not isinstance(lines, h5py.Dataset) or lines.ndim != 1:
        return {}
    if lines.size * lines.dtype.itemsize > _META_BYTES:
        return {}
    try:
        text = b"\n".join(bytes(line) for line in lines[:]).decode()
    except (UnicodeDecodeError, TypeError) as error:
        raise EncodingError(f"'{name}' is not UTF-8 text.") from error
    entries = _plain_yaml(text).get("datatype")
    return {
        str(entry.get("name")): ColumnInfo(
            str(entry.get("name")),
            pa.null(),
            _text(entry.get("unit")),
            None,
            _text(entry.get("description")),
        )
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict)
    }


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _plain_yaml(text: str) -> dict[str, Any]:
    """Return YAML as plain values; tags are never turned into objects."""
    import yaml

    class Loader(yaml.SafeLoader):
        """Tags say nothing here."""

    def untagged(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return node.value

    Loader.add_multi_constructor("!", untagged)
    try:
        value = yaml.load(text, Loader=Loader)
    except yaml.YAMLError:
        return {}
    return value if isinstance(value, dict) else {}
