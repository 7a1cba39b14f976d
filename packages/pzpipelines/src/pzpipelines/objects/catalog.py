"""Opens a HATS object catalog: its partitions, columns, margin; no data is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from pzpipelines.arrays import IntArray
from pzpipelines.objects.errors import NotAnObjectCatalogError
from pzpipelines.objects.partitions import Partition, list_partitions
from pzpipelines.objects.reading import PartitionReader
from pztables.errors import ForeignReferenceError
from pztables.formats.arrays import ARROW_REFUSALS
from pztables.formats.hats import CATALOG_FILES, COLLECTION_FILE, read_properties

_OBJECT_KINDS: Final = ("object", "source")
#: Where a row is in the tree, and the index of HATS: not columns of the catalog itself.
_TREE_COLUMNS: Final = frozenset({"Norder", "Dir", "Npix", "_healpix_29", "_hipscat_index"})


@dataclass(frozen=True, slots=True)
class Margin:
    """The margin catalog of a collection.

    Attributes
    ----------
    path
        Its folder.
    threshold_arcsec
        How far outside of a partition its rows lie at most.
    """

    path: Path
    threshold_arcsec: float


@dataclass(frozen=True, slots=True)
class ObjectCatalog:
    """A HATS catalog of objects.

    Attributes
    ----------
    path
        Folder of the catalog (inside of its collection).
    name
        For messages.
    ra, dec
        Names of the position columns, ICRS degrees.
    partitions
        In the order of their place on the sky.
    schema
        Own columns: those that say where a row is in the tree are left out.
    margin
        Of the collection, or ``None``; matching does not need it.
    properties
        As the properties file has them.
    """

    path: Path
    name: str
    ra: str
    dec: str
    partitions: tuple[Partition, ...]
    schema: pa.Schema
    margin: Margin | None
    properties: dict[str, str]

    @property
    def n_rows(self) -> int:
        """Rows: as the properties say, else as the footers of all partitions say."""
        told = self.properties.get("hats_nrows", "")
        return int(told) if told.isdecimal() else sum(part.n_rows for part in self.partitions)

    def read_columns(self, partition: Partition, names: list[str]) -> pa.Table:
        """Return columns of all rows of a partition, in the order of the files.

        Raises
        ------
        PartitionUnreadableError
            If the partition is missing, cut off, damaged, or lacks a column.
        """
        return PartitionReader(partition, self.path).read(names)

    def read_rows(self, partition: Partition, names: list[str], rows: IntArray) -> pa.Table:
        """Return columns of some rows; only the row groups that hold them are read.

        Parameters
        ----------
        partition, names
            As for `read_columns`.
        rows
            Row numbers in the partition, ascending, shape ``(m,)``.

        Raises
        ------
        PartitionUnreadableError
            If the partition is missing, cut off, damaged, or lacks a column.
        """
        return PartitionReader(partition, self.path).take(names, rows)


def is_hats(path: Path) -> bool:
    """Tell whether a folder says that it is a HATS catalog or collection."""
    return any((path / name).is_file() for name in (COLLECTION_FILE, *CATALOG_FILES))


def open_objects(path: Path, *, name: str | None = None) -> ObjectCatalog:
    """Open a HATS catalog or the main catalog of a collection.

    Parameters
    ----------
    path
        Folder with ``hats.properties``, ``properties`` or ``collection.properties``.
    name
        For messages; else as the properties or the folder are called.

    Raises
    ------
    NotAnObjectCatalogError
        If the folder is no HATS catalog of objects, or has no partition.
    PartitionUnreadableError
        If the columns cannot be told because the first partition is missing or damaged.
    ForeignReferenceError
        If the collection names a catalog outside of itself.
    """
    root = path.resolve()
    folder, margin = _members(root)
    properties = _properties(folder)
    label = name or _label(path, root, properties)
    kind = properties.get("dataproduct_type") or properties.get("catalog_type")
    if kind not in _OBJECT_KINDS:
        raise NotAnObjectCatalogError(
            f"{label}: is a HATS catalog of the kind '{kind}', not of objects; "
            "give the catalog that holds the objects",
            catalog=label,
        )
    partitions = list_partitions(folder, properties.get("hats_npix_suffix", ".parquet"))
    if not partitions:
        raise NotAnObjectCatalogError(
            f"{label}: has no partitions, so there are no objects in it; copy the catalog again",
            catalog=label,
        )
    schema = _schema(folder, partitions[0], properties)
    ra, dec = (properties.get(f"hats_col_{role}", role) for role in ("ra", "dec"))
    _require_positions(label, schema, ra, dec)
    return ObjectCatalog(folder, label, ra, dec, partitions, schema, margin, properties)


def _members(root: Path) -> tuple[Path, Margin | None]:
    """Return the folder of the catalog and the margin of a catalog or collection."""
    if not (root / COLLECTION_FILE).is_file():
        return root, None
    collection = read_properties(root / COLLECTION_FILE)
    folder = _inside(root, collection.get("hats_primary_table_url", ""))
    margins = collection.get("all_margins", "").split()
    chosen = collection.get("default_margin") or (margins[0] if margins else "")
    return folder, _margin(_inside(root, chosen)) if chosen else None


def _margin(folder: Path) -> Margin | None:
    try:
        return Margin(folder, float(_properties(folder).get("hats_margin_threshold", "")))
    except (NotAnObjectCatalogError, ValueError):
        return None  # matching does not need it


def _inside(root: Path, name: str) -> Path:
    folder = (root / name).resolve()
    if not name or not folder.is_relative_to(root):
        raise ForeignReferenceError(
            f"{root.name}: its {COLLECTION_FILE} names a catalog outside of the collection "
            f"('{name}'), which is never followed. Put the catalog into the collection.",
            file=root.name,
        )
    return folder


def _properties(folder: Path) -> dict[str, str]:
    for name in CATALOG_FILES:
        if (folder / name).is_file():
            return read_properties(folder / name)
    raise NotAnObjectCatalogError(
        f"{folder.name}: is no HATS catalog: there is no {COLLECTION_FILE}, "
        f"{' or '.join(CATALOG_FILES)} in it; give the folder of a HATS catalog or collection",
        catalog=folder.name,
    )


def _label(path: Path, root: Path, properties: dict[str, str]) -> str:
    told = properties.get("obs_collection", "")
    return root.name or str(path) if told in ("", "catalog") else told


def _schema(folder: Path, first: Partition, properties: dict[str, str]) -> pa.Schema:
    """Return the own columns, as ``_common_metadata`` or the first partition has them."""
    tree = _TREE_COLUMNS | {properties.get("hats_col_healpix", "")}
    schema = _common_schema(folder) or PartitionReader(first, folder).schema
    own = [field.remove_metadata() for field in schema if field.name not in tree]
    return pa.schema(own)


def _common_schema(folder: Path) -> pa.Schema | None:
    for path in (folder / "dataset" / "_common_metadata", folder / "_common_metadata"):
        if path.is_file():
            try:
                return pq.read_schema(path)
            except (OSError, *ARROW_REFUSALS):
                return None  # the partitions themselves say it too
    return None


def _require_positions(label: str, schema: pa.Schema, ra: str, dec: str) -> None:
    for column in (ra, dec):
        kind = schema.field(column).type if column in schema.names else None
        if kind is None or not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
            problem = "there is no such column" if kind is None else f"the column is {kind}"
            raise NotAnObjectCatalogError(
                f"{label}: its properties say that positions are in columns {ra} and {dec}, "
                f"but {problem}: {column}; make the catalog again",
                catalog=label,
                column=column,
            )
