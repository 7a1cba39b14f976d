"""Files of ensembles: their groups ``meta``, ``data`` and ``ancil``, in HDF5 or FITS."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

import h5py
import numpy as np
import pyarrow as pa

from pztables.errors import NotATableError, TableError
from pztables.formats.arrays import arrow_type, decode_texts, native, to_arrow
from pztables.formats.hdf5_columns import dataset_sources
from pztables.formats.hdf5_guard import require_self_contained
from pztables.formats.model import ColumnInfo, TableFormat
from pztables.formats.sniff import content_format
from pztables.formats.streams import plain_file
from pztables.qp.model import PARAMETERS, SHARED, FloatArray, Model

if TYPE_CHECKING:
    from pathlib import Path

    from pztables.limits import Limits

_LONGEST_SHARED: Final = 20_000
_HEAD: Final = 16


class UnknownDensitiesError(TableError):
    """An ensemble is represented in a way that is not drawn here."""

    code = "unknown_densities"


class _Column(Protocol):
    """Values of all objects that are read in pieces."""

    @property
    def info(self) -> ColumnInfo:
        """Name and type."""

    def read(self, start: int, stop: int) -> pa.Array: ...


class _FitsColumn:
    """A column of a FITS table with one number or text per row."""

    def __init__(self, data: Any, name: str, file: str) -> None:
        self._data, self._file = data, file
        kind = data.dtype[name]
        plain = pa.string() if kind.kind in "SU" else arrow_type(kind)
        self.info = ColumnInfo(name, plain)

    def read(self, start: int, stop: int) -> pa.Array:
        values = np.asarray(self._data[self.info.name][start:stop])
        if self.info.type == pa.string():
            raw = np.char.encode(values.astype(str), "utf-8")
            return decode_texts(raw, None, file=self._file, column=self.info.name)
        return to_arrow(native(values), None, self.info.type)


class Ensemble:
    """An open ensemble: how its densities are represented, and its objects in pieces.

    Attributes
    ----------
    model
        How they are represented.
    n_objects
        How many there are.
    ancil
        Columns beside the densities, by name.
    constructor
        How qp makes densities of quantiles; empty for other representations.
    format
        HDF5 or FITS.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self.ancil: dict[str, _Column] = {}
        self._stack = ExitStack()
        try:
            plain = self._stack.enter_context(plain_file(path, limits))
            with plain.open("rb") as raw:
                found = content_format(raw.read(_HEAD))
            self.format = found or TableFormat.HDF5
            is_fits = found == TableFormat.FITS
            meta = self._open_fits(plain) if is_fits else self._open_hdf5(plain)
            self._describe(meta, plain.stat().st_size, limits)
        except BaseException:
            self._stack.close()
            raise

    def _open_hdf5(self, plain: Path) -> Mapping[str, Any]:
        file = self._stack.enter_context(h5py.File(plain, "r"))
        require_self_contained(file, self.path.name)
        self._data: Mapping[str, Any] = dict(file["data"].items())
        ancil = file.get("ancil")
        if isinstance(ancil, h5py.Group) and len(ancil):
            found = dataset_sources(ancil, self.path.name)
            sources = found[0] if found else []
            self.ancil = {each.info.name: each for each in sources if _is_plain(each.info.type)}
            self._n_ancil = found[1] if found else 0
        return {name: _small(item) for name, item in file["meta"].items()}

    def _open_fits(self, plain: Path) -> Mapping[str, Any]:
        from astropy.io import fits

        hdus = self._stack.enter_context(
            fits.open(plain, memmap=True, disable_image_compression=True)
        )
        tables = {str(hdu.name).lower(): hdu.data for hdu in hdus if hdu.data is not None}
        data, meta = tables["data"], tables["meta"]
        self._data = {name: data[name] for name in data.dtype.names}
        if "ancil" in tables:
            ancil = tables["ancil"]
            names = [
                n
                for n in ancil.dtype.names
                if ancil.dtype[n].kind in "iufSUb" and not ancil.dtype[n].shape
            ]
            self.ancil = {name: _FitsColumn(ancil, name, self.path.name) for name in names}
            self._n_ancil = len(ancil)
        return {name: np.asarray(meta[name]) for name in meta.dtype.names}

    def _describe(self, meta: Mapping[str, Any], size_bytes: int, limits: Limits) -> None:
        name = _word(meta.get("pdf_name"))
        self.constructor = _word(meta.get("pdf_constructor_name"))
        if name not in PARAMETERS:
            raise UnknownDensitiesError(
                f"{self.path.name}: its densities are represented as '{name}', which is not read "
                f"here; {', '.join(PARAMETERS)} are. Convert the ensemble with qp, for example to "
                "interp.",
                file=self.path.name, representation=name,
            )  # fmt: skip
        missing = [each for each in PARAMETERS[name] if each not in self._data]
        shared_name = SHARED.get(name)
        if missing or (shared_name and shared_name not in meta):
            wanted = ", ".join([*missing, *([shared_name] if shared_name else [])])
            raise self._damaged(f"lacks {wanted} of the representation '{name}'")
        shared = np.asarray(meta[shared_name] if shared_name else [], dtype=np.float64).ravel()
        widths = {each: _width(self._data[each]) for each in PARAMETERS[name]}
        self.model = Model(name, shared, widths)
        lengths = {len(self._data[each]) for each in PARAMETERS[name]}
        self.n_objects = lengths.pop()
        self._require_whole(lengths)
        limits.require_cells(
            self.path.name, rows=self.n_objects, width=sum(widths.values()), size_bytes=size_bytes
        )

    def _require_whole(self, other_lengths: set[int]) -> None:
        shared, widths = self.model.shared, list(self.model.widths.values())
        extra = {"interp": 0, "hist": 1, "quant": 0}.get(self.model.name)
        if other_lengths or len(set(widths)) > 1 or self.n_objects == 0:
            raise self._damaged("has parameters of different lengths, or no object")
        if self.ancil and self._n_ancil != self.n_objects:
            raise self._damaged(f"has {self._n_ancil:,} rows beside {self.n_objects:,} densities")
        if extra is None:
            return
        if len(shared) != widths[0] + extra or len(shared) < 2 or len(shared) > _LONGEST_SHARED:
            raise self._damaged(f"has a grid of {len(shared):,} values for {widths[0]:,} in each")
        if not (np.isfinite(shared).all() and (np.diff(shared) > 0).all()):
            raise self._damaged("has a grid that does not rise from value to value")

    def _damaged(self, what: str) -> TableError:
        return TableError(
            f"{self.path.name}: the ensemble {what}. Write it again with qp.", file=self.path.name
        )

    def parameters(self, start: int, stop: int) -> dict[str, FloatArray]:
        """Return the parameters of some objects by name, shape ``(stop - start, width)``."""
        return {
            name: np.asarray(self._data[name][start:stop], dtype=np.float64).reshape(-1, width)
            for name, width in self.model.widths.items()
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def is_ensemble(path: Path) -> bool:
    """Return whether a file has the groups of an ensemble; it may be damaged otherwise."""
    with path.open("rb") as raw:
        found = content_format(raw.read(_HEAD))
    try:
        if found == TableFormat.HDF5:
            with h5py.File(path, "r") as file:
                return _is_group(file, "meta", "pdf_name") and _is_group(file, "data")
        return found == TableFormat.FITS and _is_fits_ensemble(path)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError):
        return False  # what is wrong with it, the reader of tables says


def _is_group(file: h5py.File, name: str, member: str | None = None) -> bool:
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        return False
    group = file[name]
    return isinstance(group, h5py.Group) and (
        member is None or isinstance(group.get(member, getlink=True), h5py.HardLink)
    )


def _is_fits_ensemble(path: Path) -> bool:
    from astropy.io import fits

    with fits.open(path, memmap=True, disable_image_compression=True) as hdus:
        names = {str(hdu.name).lower() for hdu in hdus}
        if not {"meta", "data"} <= names:
            return False
        header = hdus["META"].header
        return any(header.get(f"TTYPE{n}") == "pdf_name" for n in range(1, 30))


def open_ensemble(path: Path, limits: Limits) -> Ensemble:
    """Open an ensemble.

    Raises
    ------
    UnknownDensitiesError
        If its representation is not read here.
    UserError
        If it is damaged, refers to other files, or is too costly.
    """
    try:
        return Ensemble(path, limits)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, IndexError) as error:
        raise NotATableError(
            f"{path.name}: is an ensemble of qp that cannot be read ({error}). Write it again.",
            file=path.name,
        ) from error


def _small(item: Any) -> Any:
    if not isinstance(item, h5py.Dataset) or item.size > _LONGEST_SHARED:
        return np.zeros(0)
    return item[()]


def _word(value: Any) -> str:
    if value is None or np.size(value) == 0:
        return ""
    first = np.ravel(np.asarray(value))[0]
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first).strip()


def _width(values: Any) -> int:
    shape = values.shape
    if len(shape) > 2 or values.dtype.kind not in "iuf":
        raise ValueError(f"a parameter has the shape {shape} and the type {values.dtype}")
    return int(shape[1]) if len(shape) == 2 else 1


def _is_plain(kind: pa.DataType) -> bool:
    return not pa.types.is_nested(kind)
