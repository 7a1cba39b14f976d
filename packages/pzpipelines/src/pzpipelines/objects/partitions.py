"""The partitions of a HATS catalog: which there are, and in which files."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as pq

from pzpipelines.arrays import IntArray
from pzpipelines.objects.errors import NotAnObjectCatalogError, PartitionUnreadableError
from pztables.formats.arrays import ARROW_REFUSALS

DEEPEST_ORDER: Final = 29
_PIXELS_PER_FOLDER: Final = 10_000
_PLACE: Final = re.compile(r"Norder=(\d+)/(?:Dir=\d+/)?Npix=(\d+)(?:\.parquet|/[^/]+)?$")
#: Larger lists of row groups (``_metadata``) take longer to read than the tree to walk.
_METADATA_BYTES: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class Partition:
    """The objects of one HEALPix pixel (nested scheme).

    Attributes
    ----------
    order, pixel
        HEALPix order and nested index.
    path
        The Parquet file, or the folder of several.
    """

    order: int
    pixel: int
    path: Path

    @property
    def name(self) -> str:
        """``Norder=.../Npix=...``: what HATS calls it."""
        return f"Norder={self.order}/Npix={self.pixel}"

    @property
    def first_index(self) -> int:
        """The first pixel of order 29 inside."""
        return self.pixel << 2 * (DEEPEST_ORDER - self.order)

    @property
    def files(self) -> list[Path]:
        """Its Parquet files, in the order of their rows.

        Raises
        ------
        PartitionUnreadableError
            If there is none.
        """
        for path in (self.path, self.path.with_suffix(""), self.path.with_suffix(".parquet")):
            if path.is_file():
                return [path]
            if path.is_dir() and (files := _data_files(path)):
                return files
        raise PartitionUnreadableError(
            f"partition {self.name} is listed, but its file is missing ({self.path.name}); "
            "copy the catalog again",
            partition=self.name,
        )

    @property
    def size_bytes(self) -> int:
        """Bytes of its files."""
        return sum(file.stat().st_size for file in self.files)

    @property
    def n_rows(self) -> int:
        """Rows, as the footers of its files say."""
        return sum(read_footer(self, file).num_rows for file in self.files)


def read_footer(partition: Partition, file: Path) -> pq.FileMetaData:
    """Return the metadata of one file of a partition.

    Raises
    ------
    PartitionUnreadableError
        If it is no Parquet file, or not a whole one.
    """
    try:
        return pq.read_metadata(file)
    except (OSError, *ARROW_REFUSALS) as error:
        raise unreadable(partition, file, error) from error


def unreadable(partition: Partition, file: Path, error: Exception) -> PartitionUnreadableError:
    """Return the refusal of a file that a library could not read."""
    reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
    return PartitionUnreadableError(
        f"partition {partition.name}: {file.name} cannot be read ({reason}); it may be cut off "
        "or damaged: copy it again",
        partition=partition.name,
        file=file.name,
    )


def list_partitions(folder: Path, suffix: str) -> tuple[Partition, ...]:
    """Return the partitions of a catalog in the order of their place on the sky.

    They are taken from ``partition_info.csv``, else from ``_metadata``, else
    from the files that are there.

    Parameters
    ----------
    folder
        Of the catalog.
    suffix
        ``hats_npix_suffix`` of its properties: ``.parquet``, or ``/`` for folders.

    Raises
    ------
    NotAnObjectCatalogError
        If the list is no list, or two partitions overlap on the sky.
    """
    base = folder / "dataset" if (folder / "dataset").is_dir() else folder
    places = _listed(folder / "partition_info.csv")
    if places is None:
        places = _of_metadata(base / "_metadata")
    if places is None:
        places = _found(base)
    partitions = sorted(
        (Partition(order, pixel, base / _place(order, pixel, suffix)) for order, pixel in places),
        key=lambda partition: partition.first_index,
    )
    _require_apart(folder, partitions)
    return tuple(partitions)


def sky_ranges(partitions: Iterable[Partition]) -> tuple[IntArray, IntArray]:
    """Return the first pixel of order 29 of each partition, and the first one after it."""
    pairs = [
        (p.pixel << (shift := 2 * (DEEPEST_ORDER - p.order)), (p.pixel + 1) << shift)
        for p in partitions
    ]
    ranges = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return ranges[:, 0], ranges[:, 1]


def _place(order: int, pixel: int, suffix: str) -> str:
    folder = pixel // _PIXELS_PER_FOLDER * _PIXELS_PER_FOLDER
    return f"Norder={order}/Dir={folder}/Npix={pixel}{suffix.rstrip('/')}"


def _data_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("[!._]*") if p.suffix in (".parquet", "") and p.is_file())


def _listed(path: Path) -> set[tuple[int, int]] | None:
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        try:
            return {(int(row["Norder"]), int(row["Npix"])) for row in csv.DictReader(file)}
        except (KeyError, TypeError, ValueError) as error:
            raise NotAnObjectCatalogError(
                f"{path.parent.name}: {path.name} is no list of partitions (columns Norder and "
                "Npix with whole numbers); copy the catalog again",
                file=path.name,
            ) from error


def _of_metadata(path: Path) -> set[tuple[int, int]] | None:
    if not path.is_file() or path.stat().st_size > _METADATA_BYTES:
        return None
    try:
        metadata = pq.read_metadata(path)
    except (OSError, *ARROW_REFUSALS):
        return None
    groups = range(metadata.num_row_groups)
    return _parsed(metadata.row_group(group).column(0).file_path for group in groups) or None


def _found(base: Path) -> set[tuple[int, int]]:
    return _parsed(path.relative_to(base).as_posix() for path in base.rglob("Npix=*"))


def _parsed(places: Iterable[str]) -> set[tuple[int, int]]:
    matches = (_PLACE.search(place) for place in places)
    return {(int(match[1]), int(match[2])) for match in matches if match}


def _require_apart(folder: Path, partitions: list[Partition]) -> None:
    for partition in partitions:
        if partition.order > DEEPEST_ORDER or partition.pixel >= 12 << 2 * partition.order:
            raise NotAnObjectCatalogError(
                f"{folder.name}: there is no HEALPix pixel {partition.name}; "
                "make the catalog again",
                partition=partition.name,
            )
    starts, ends = sky_ranges(partitions)
    if len(overlaps := np.flatnonzero(starts[1:] < ends[:-1])):
        first, second = partitions[overlaps[0]], partitions[overlaps[0] + 1]
        raise NotAnObjectCatalogError(
            f"{folder.name}: partitions {first.name} and {second.name} cover the same sky; "
            "make the catalog again",
            partitions=[first.name, second.name],
        )
