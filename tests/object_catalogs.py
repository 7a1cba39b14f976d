"""Generated object catalogs in HATS, for tests and benchmarks: the same for the same arguments.

Photometry is a hash of the object's number, so that any row can be made alone,
in any order, and equal rows of a catalog and its margin are equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pzpipelines.runtime.hats import write_hats_collection
from pzpipelines.sky.healpix import healpix_pixels
from pzpipelines.sky.partitions import partition_sky

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FIRST_ID: Final = 2_200_000_000_000_000_000
BANDS: Final = "ugrizy"
MODELS: Final = ("cModel", "gaap1p0")
MAGNITUDES: Final = tuple(
    f"{band}_{model}Mag{error}_sfd" for model in MODELS for band in BANDS for error in ("", "Err")
)
_MIXERS: Final = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_INDEX: Final = "_healpix_29"


def uniform_sky(
    n: int, *, ra: tuple[float, float], dec: tuple[float, float], seed: int
) -> tuple[FloatArray, FloatArray]:
    """Return positions that are spread evenly over a box; right ascension may begin below 0."""
    random = np.random.default_rng(seed)
    sines = np.sin(np.radians(dec))
    lon = random.uniform(*ra, n) % 360
    return lon, np.degrees(np.arcsin(random.uniform(*sines, n)))


def photometry(numbers: IntArray) -> pa.Table:
    """Return 12 magnitudes (18 to 27) and their errors (0.001 to 0.2) of objects, as float32."""
    columns: dict[str, Any] = {"objectId": numbers + FIRST_ID}
    for place, name in enumerate(MAGNITUDES):
        uniform = _hashed(numbers, place)
        low, width = (0.001, 0.199) if "Err" in name else (18.0, 9.0)
        columns[name] = (low + width * uniform).astype(np.float32)
    return pa.table(columns)


def _hashed(numbers: IntArray, place: int) -> FloatArray:
    """Return a number from 0 to 1 for each object and column (splitmix64)."""
    mixed = numbers.astype(np.uint64) * np.uint64(64) + np.uint64(place)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in zip((30, 27), _MIXERS, strict=True):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * factor
    return (mixed >> np.uint64(40)).astype(np.float64) / 2**24


def objects_at(ra: FloatArray, dec: FloatArray, numbers: IntArray) -> pa.Table:
    """Return whole rows (``objectId``, ``ra``, ``dec``, photometry) of objects by number."""
    table = photometry(numbers)
    table = table.add_column(1, "ra", pa.array(ra[numbers]))
    return table.add_column(2, "dec", pa.array(dec[numbers]))


def write_object_collection(folder: Path, ra: FloatArray, dec: FloatArray) -> None:
    """Write a HATS collection with a margin of five arcseconds, as its LSDB users have them."""
    write_hats_collection(
        folder,
        name=folder.name,
        ra=ra,
        dec=dec,
        schema=objects_at(ra, dec, np.empty(0, np.int64)).schema,
        take=lambda rows: objects_at(ra, dec, rows),
        progress=lambda share: None,
    )


def write_hats(
    folder: Path,
    table: pa.Table,
    *,
    ra: str = "ra",
    dec: str = "dec",
    max_rows: int = 1_000_000,
    files_per_pixel: int = 1,
    row_group_rows: int | None = None,
    legacy: bool = False,
) -> None:
    """Write a table as one HATS catalog without a margin, in one of the layouts that exist.

    Parameters
    ----------
    folder
        Made here.
    table
        With the position columns, degrees.
    ra, dec
        Names of the position columns.
    max_rows
        Rows per partition: few make many partitions of several orders.
    files_per_pixel
        1: ``Npix=N.parquet``; more: folders ``Npix=N/``.
    row_group_rows
        Rows per row group.
    legacy
        As hats-import 0.4 wrote: only ``properties``, tree columns in the rows.
    """
    lon, lat = (table[name].to_numpy().astype(np.float64) for name in (ra, dec))
    index = healpix_pixels(lon % 360, lat, 29)
    table = table.add_column(0, _INDEX, pa.array(index))
    places = []
    for part in partition_sky(lon % 360, lat, radius_arcsec=1.0, max_rows=max_rows):
        rows = part.rows[np.argsort(index[part.rows], kind="stable")]
        piece = table.take(pa.array(rows))
        if legacy:
            piece = _with_tree_columns(piece, part.order, part.pixel)
        _write_pixel(folder, part.order, part.pixel, piece, files_per_pixel, row_group_rows)
        places.append((part.order, part.pixel))
    lines = ["Norder,Npix", *(f"{order},{pixel}" for order, pixel in places)]
    (folder / "partition_info.csv").write_text("\n".join(lines) + "\n")
    pq.write_metadata(table.schema, folder / "dataset" / "_common_metadata")
    _write_properties(folder, table.num_rows, ra, dec, files_per_pixel > 1, legacy)


def _write_pixel(
    folder: Path, order: int, pixel: int, piece: pa.Table, n_files: int, group_rows: int | None
) -> None:
    parent = folder / f"dataset/Norder={order}/Dir={pixel // 10_000 * 10_000}"
    if n_files == 1:
        parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(piece, parent / f"Npix={pixel}.parquet", row_group_size=group_rows)
        return
    (parent / f"Npix={pixel}").mkdir(parents=True)
    for number, rows in enumerate(_slices(piece, n_files)):
        path = parent / f"Npix={pixel}" / f"part{number}.parquet"
        pq.write_table(rows, path, row_group_size=group_rows)


def _slices(table: pa.Table, n: int) -> Iterator[pa.Table]:
    cuts = np.linspace(0, table.num_rows, n + 1).astype(int)
    for first, last in pairwise(cuts):
        yield table.slice(first, last - first)


def _with_tree_columns(piece: pa.Table, order: int, pixel: int) -> pa.Table:
    for name, value in (("Norder", order), ("Dir", pixel // 10_000 * 10_000), ("Npix", pixel)):
        piece = piece.append_column(name, pa.array([value] * len(piece), pa.int64()))
    return piece


def _write_properties(
    folder: Path, n_rows: int, ra: str, dec: str, folders: bool, legacy: bool
) -> None:
    content = {
        "obs_collection": folder.name, "dataproduct_type": "object", "hats_nrows": n_rows,
        "hats_col_ra": ra, "hats_col_dec": dec, "hats_order": 0, "moc_sky_fraction": 0.0,
        "hats_max_rows": 1_000_000,
    }  # fmt: skip
    if not legacy:
        content |= {
            "hats_col_healpix": _INDEX, "hats_col_healpix_order": 29,
            "hats_npix_suffix": "/" if folders else ".parquet", "hats_version": "v1.0",
        }  # fmt: skip
    text = "#HATS catalog\n" + "".join(f"{key}={value}\n" for key, value in content.items())
    for name in ("properties",) if legacy else ("hats.properties", "properties"):
        (folder / name).write_text(text)
