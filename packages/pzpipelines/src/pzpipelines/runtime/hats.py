"""Writes a HATS collection: a catalog in HEALPix partitions, and its margin.

The layout is that of HATS v1.0 (https://www.ivoa.net/documents/Notes/HATS/); LSDB
opens the folder as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pzpipelines.arrays import FloatArray, IntArray
from pzpipelines.sky.healpix import healpix_pixels
from pzpipelines.sky.partitions import Partition, partition_sky

INDEX_ORDER: Final = 29
INDEX_COLUMN: Final = f"_healpix_{INDEX_ORDER}"
MARGIN_ARCSEC: Final = 5.0
ROWS_PER_PARTITION: Final = 1_000_000
_PIXELS_PER_FOLDER: Final = 10_000

#: Gives the rows of the result with these row numbers, in this order.
TakeRows = Callable[[IntArray], pa.Table]


def write_hats_collection(
    folder: Path,
    *,
    name: str,
    ra: FloatArray,
    dec: FloatArray,
    schema: pa.Schema,
    take: TakeRows,
    progress: Callable[[float], None],
    position_columns: tuple[str, str] = ("ra", "dec"),
) -> None:
    """Write rows as a HATS collection with a margin of five arcseconds.

    Parameters
    ----------
    folder
        Made here; it must not exist.
    name
        Of the collection.
    ra, dec
        ICRS degrees of all rows, finite, shape ``(n,)``.
    schema
        Of the rows.
    take
        Gives rows by number.
    progress
        Told the share of rows written, 0 to 1.
    position_columns
        Names of the columns that hold ``ra`` and ``dec``.
    """
    indices = healpix_pixels(ra, dec, INDEX_ORDER)
    indexed = pa.schema([pa.field(INDEX_COLUMN, pa.int64()), *schema], schema.metadata)
    catalog = _Dataset(folder / "catalog", indexed)
    margin = _Dataset(folder / f"margin_{MARGIN_ARCSEC:.0f}arcs", indexed)
    rows_done = 0
    for part in partition_sky(ra, dec, radius_arcsec=MARGIN_ARCSEC, max_rows=ROWS_PER_PARTITION):
        catalog.add(part, part.rows, indices, take)
        margin.add(part, part.margin, indices, take)
        rows_done += len(part.rows)
        progress(rows_done / len(ra))
    positions = dict(zip(("hats_col_ra", "hats_col_dec"), position_columns, strict=True))
    catalog.close(dataproduct_type="object", **positions)
    margin.close(
        **positions,
        dataproduct_type="margin",
        hats_primary_table_url="catalog",
        hats_margin_threshold=MARGIN_ARCSEC,
    )
    _write_properties(
        [folder / "collection.properties"],
        "HATS Collection",
        {
            "obs_collection": name,
            "hats_primary_table_url": "catalog",
            "all_margins": margin.folder.name,
            "default_margin": margin.folder.name,
            **_provenance(),
        },
    )


@dataclass(slots=True)
class _Dataset:
    """One table of the collection while it is written."""

    folder: Path
    schema: pa.Schema
    n_rows: int = 0
    n_bytes: int = 0
    pixels: list[tuple[int, int]] = field(default_factory=list)
    _metadata: list[Any] = field(default_factory=list)

    def add(self, part: Partition, rows: IntArray, indices: IntArray, take: TakeRows) -> None:
        """Write some rows as the file of a partition's pixel; none are no file."""
        if len(rows) == 0:
            return
        rows = rows[np.argsort(indices[rows], kind="stable")]
        table = take(rows).add_column(0, self.schema.field(0), pa.array(indices[rows]))
        table = table.replace_schema_metadata(self.schema.metadata)
        place = (
            f"Norder={part.order}/Dir={part.pixel // _PIXELS_PER_FOLDER * _PIXELS_PER_FOLDER}"
            f"/Npix={part.pixel}.parquet"
        )
        path = self.folder / "dataset" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        collected: list[Any] = []
        pq.write_table(table, path, compression="zstd", metadata_collector=collected)
        collected[0].set_file_path(place)
        self._metadata += collected
        self.pixels.append((part.order, part.pixel))
        self.n_rows += len(rows)
        self.n_bytes += path.stat().st_size

    def close(self, **properties: object) -> None:
        """Write what describes the files."""
        dataset = self.folder / "dataset"
        dataset.mkdir(parents=True, exist_ok=True)
        pq.write_metadata(self.schema, dataset / "_common_metadata")
        pq.write_metadata(self.schema, dataset / "_metadata", metadata_collector=self._metadata)
        lines = ["Norder,Npix", *(f"{order},{pixel}" for order, pixel in self.pixels)]
        (self.folder / "partition_info.csv").write_text("\n".join(lines) + "\n")
        content = {
            "obs_collection": self.folder.name,
            **properties,
            "hats_nrows": self.n_rows,
            "hats_col_healpix": INDEX_COLUMN,
            "hats_col_healpix_order": INDEX_ORDER,
            "hats_npix_suffix": ".parquet",
            "hats_max_rows": ROWS_PER_PARTITION,
            "hats_order": max((order for order, _ in self.pixels), default=0),
            "moc_sky_fraction": round(_sky_fraction(self.pixels), 5),
            "hats_estsize": self.n_bytes // 1024,
            **_provenance(),
        }
        names = ("hats.properties", "properties")  # the second is what earlier readers look for
        _write_properties([self.folder / name for name in names], "HATS catalog", content)


def _sky_fraction(pixels: Iterable[tuple[int, int]]) -> float:
    return float(sum(1 / (12 * 4.0**order) for order, _ in pixels))


def _provenance() -> dict[str, object]:
    now = datetime.now(UTC)
    return {
        "hats_builder": "pzpipelines",
        "hats_creation_date": now.strftime("%Y-%m-%dT%H:%MUTC"),
        "hats_release_date": "2025-08-22",
        "hats_version": "v1.0",
    }


def _write_properties(paths: Iterable[Path], title: str, content: dict[str, object]) -> None:
    text = f"#{title}\n" + "".join(f"{key}={value}\n" for key, value in content.items())
    for path in paths:
        path.write_text(text, encoding="utf-8")
