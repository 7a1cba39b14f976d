"""Writes the result slice by slice: the next slice is computed while one is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pzpipelines.arrays import BoolArray, IntArray
from pzpipelines.combine.explain import Explanation
from pzpipelines.combine.footprints import is_in_dp1_fields, is_in_rubin_footprint
from pzpipelines.combine.outputs import CatalogRows, Links, table_of
from pzpipelines.combine.store import PreparedStore
from pzpipelines.runtime.writing import ROWS_PER_SLICE, write_slices


@dataclass(frozen=True, slots=True)
class Matched:
    """What matching adds to the rows of the whole.

    Attributes
    ----------
    tie_result
        Shape ``(n,)``.
    group_id
        Number of the group of each row that is written, shape ``(n_written,)``.
    links
        Neighbours of each row.
    rows
        Catalog and number of each row.
    explanation
        Why, if asked for.
    """

    tie_result: NDArray[np.int8]
    group_id: IntArray
    links: Links
    rows: CatalogRows
    explanation: Explanation | None


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that the written rows consist of.

    Attributes
    ----------
    store
        Prepared catalogs.
    schema
        Of the result.
    stays
        Which rows are written, shape ``(n,)``; ``None`` for all.
    matched
        ``None`` for a plain concatenation.
    """

    store: PreparedStore
    schema: pa.Schema
    stays: BoolArray | None
    matched: Matched | None

    @property
    def written_before(self) -> IntArray:
        """How many rows are written before each catalog, and in all at the end."""
        bounds = self.store.first_rows
        if self.stays is None:
            return bounds
        counted = np.concatenate([[0], np.cumsum(self.stays)])
        counts: IntArray = counted[bounds]
        return counts

    def slices(self) -> Iterator[pa.Table]:
        """Yield the rows to write, in order."""
        n_written = 0
        for first, prepared in self.store.slices(ROWS_PER_SLICE):
            rows = np.arange(first, first + len(prepared))
            if self.stays is not None:
                stays = self.stays[first : first + len(prepared)]
                rows = rows[stays]
                kept = prepared.filter(pa.array(stays))
            else:
                kept = prepared
            if len(rows):
                yield self._table(kept, rows, n_written)
            n_written += len(rows)

    def take(self, written: IntArray) -> pa.Table:
        """Return written rows by their number among the written, in the order asked for."""
        order = np.argsort(written, kind="stable")
        rows = written if self.stays is None else np.flatnonzero(self.stays)[written]
        pieces = [self._table(*piece) for piece in self._pieces(rows[order], written[order])]
        back = np.empty(len(order), dtype=np.int64)
        back[order] = np.arange(len(order))
        return pa.concat_tables(pieces).take(pa.array(back))

    def _pieces(
        self, rows: IntArray, written: IntArray
    ) -> Iterator[tuple[pa.Table, IntArray, IntArray]]:
        bounds = self.store.first_rows
        for table, first, last in zip(self.store.tables, bounds, bounds[1:], strict=False):
            low, high = np.searchsorted(rows, [first, last])
            yield table.take(pa.array(rows[low:high] - first)), rows[low:high], written[low:high]

    def _table(self, prepared: pa.Table, rows: IntArray, written: int | IntArray) -> pa.Table:
        return table_of(self.schema, prepared, self._computed(prepared, rows, written))

    def _computed(
        self, prepared: pa.Table, rows: IntArray, written: int | IntArray
    ) -> dict[str, pa.Array]:
        columns: dict[str, pa.Array] = {}
        ra, dec = prepared["ra"].to_numpy(), prepared["dec"].to_numpy()
        if "is_in_DP1_fields" in self.schema.names:
            columns["is_in_DP1_fields"] = pa.array(is_in_dp1_fields(ra, dec).astype(np.int64))
        if "is_in_rubin_footprint" in self.schema.names:
            inside = is_in_rubin_footprint(ra, dec)
            columns["is_in_rubin_footprint"] = pa.array(inside.astype(np.int64))
        if self.matched is not None:
            columns |= self._matched_columns(self.matched, rows, written)
        return columns

    @staticmethod
    def _matched_columns(
        matched: Matched, rows: IntArray, written: int | IntArray
    ) -> dict[str, pa.Array]:
        places = slice(written, written + len(rows)) if isinstance(written, int) else written
        columns = {
            "tie_result": pa.array(matched.tie_result[rows]),
            "compared_to": matched.links.compared_to(rows, matched.rows),
            "group_id": pa.array(matched.group_id[places]),
        }
        if matched.explanation is not None:
            columns |= matched.explanation.columns(rows, matched.rows)
        return columns


def write_result(
    result: Result, path: Path, output_format: str, progress: Callable[[float], None]
) -> None:
    """Write the result.

    Parameters
    ----------
    path
        File, or folder for HATS; it must not exist.
    output_format
        ``parquet``, ``csv``, ``fits``, ``hdf5`` or ``hats``.
    progress
        Told the share of rows written, 0 to 1.
    """
    n_rows = int(result.written_before[-1])
    if output_format == "hats":
        _write_hats(result, path, progress)
        return
    write_slices(
        path, result.schema, result.slices(), output_format, n_rows=n_rows, progress=progress
    )


def _write_hats(result: Result, path: Path, progress: Callable[[float], None]) -> None:
    from pzpipelines.runtime.hats import write_hats_collection

    slices = [(table["ra"].to_numpy(), table["dec"].to_numpy()) for table in result.store.tables]
    ra, dec = (np.concatenate(parts) for parts in zip(*slices, strict=True))
    if result.stays is not None:
        ra, dec = ra[result.stays], dec[result.stays]
    write_hats_collection(
        path,
        name=path.name,
        ra=ra,
        dec=dec,
        schema=result.schema,
        take=result.take,
        progress=progress,
    )
