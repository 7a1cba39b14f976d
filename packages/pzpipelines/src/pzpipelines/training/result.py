"""The training set: its columns, its rows in order, and how it is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pzpipelines.arrays import BoolArray, FloatArray, IntArray
from pzpipelines.runtime.writing import ROWS_PER_SLICE, write_slices
from pzpipelines.training.inputs import CARRIED_ROLES, RedshiftCatalog
from pzpipelines.training.naming import OWN_COLUMNS, OutputNames, name_columns
from pztables.formats import ColumnInfo
from pztables.formats.model import cast_column, plain_type

#: Key of the table's metadata (where the format has any): how photometry and split were made.
METADATA_KEY: Final = b"pz.training_set"
_OWN_FIELDS: Final = (
    ColumnInfo(
        OWN_COLUMNS[0],
        pa.float64(),
        unit="arcsec",
        ucd="pos.angDistance",
        description="separation of redshift and object on the sky",
    ).arrow_field(),
    ColumnInfo(
        OWN_COLUMNS[1], pa.int64(), description="1: for training; 0: for testing"
    ).arrow_field(),
)


@dataclass(frozen=True)
class TrainingSet:
    """Matched rows and what is written of them.

    Attributes
    ----------
    redshifts
        The whole redshift catalog.
    left
        Its row of each row of the result, shape ``(m,)``.
    photometry
        Photometric columns, ``m`` rows.
    separation_arcsec, is_training
        Shape ``(m,)``.
    metadata
        Choices that are recorded in the file.
    """

    redshifts: RedshiftCatalog
    left: IntArray
    photometry: pa.Table
    separation_arcsec: FloatArray
    is_training: BoolArray
    metadata: Mapping[str, Any]

    @cached_property
    def names(self) -> OutputNames:
        """Names of the columns."""
        return name_columns(self.redshifts.table.column_names, self.photometry.column_names)

    @cached_property
    def schema(self) -> pa.Schema:
        """Columns of the result: those of the redshifts, of photometry, the run's own."""
        inputs = [*self.redshifts.table.schema, *self.photometry.schema]
        named = zip((*self.names.redshifts, *self.names.photometry), inputs, strict=True)
        fields = [field.with_name(name).with_type(plain_type(field.type)) for name, field in named]
        text = json.dumps(self.metadata, ensure_ascii=False, default=str)
        return pa.schema([*fields, *_OWN_FIELDS], {METADATA_KEY: text.encode()})

    @property
    def columns_assoc(self) -> dict[str, str]:
        """Role to column of the result, for its registration."""
        final = dict(zip(self.redshifts.table.column_names, self.names.redshifts, strict=True))
        roles = self.redshifts.roles
        return {role: final[roles[role]] for role in CARRIED_ROLES if role in roles}

    def take(self, rows: IntArray) -> pa.Table:
        """Return rows of the result by number, in the order asked for."""
        chosen = pa.array(rows)
        return self._table(
            self.redshifts.table.take(pa.array(self.left[rows])), self.photometry.take(chosen), rows
        )

    def slices(self) -> Iterator[pa.Table]:
        """Yield all rows, in order."""
        for start in range(0, len(self.left), ROWS_PER_SLICE):
            rows = np.arange(start, min(start + ROWS_PER_SLICE, len(self.left)))
            redshifts = self.redshifts.table.take(pa.array(self.left[rows]))
            yield self._table(redshifts, self.photometry.slice(start, len(rows)), rows)

    def _table(self, redshifts: pa.Table, photometry: pa.Table, rows: IntArray) -> pa.Table:
        inputs = [*redshifts.columns, *photometry.columns]
        columns = [
            cast_column(column, field.type)
            for column, field in zip(inputs, self.schema, strict=False)
        ]
        columns.append(pa.array(self.separation_arcsec[rows]))
        columns.append(pa.array(self.is_training[rows].astype(np.int64)))
        return pa.Table.from_arrays(columns, schema=self.schema)


def write_training_set(
    result: TrainingSet,
    path: Path,
    output_format: str,
    *,
    catalog_name: str,
    progress: Callable[[float], None],
) -> None:
    """Write the training set.

    Parameters
    ----------
    path
        File, or folder for HATS; it must not exist.
    output_format
        ``parquet``, ``csv``, ``fits``, ``hdf5`` or ``hats``.
    catalog_name
        Of a HATS collection.
    progress
        Told the share of rows written, 0 to 1.
    """
    if output_format == "hats":
        from pzpipelines.runtime.hats import write_hats_collection

        roles = result.columns_assoc
        write_hats_collection(
            path,
            name=catalog_name,
            ra=result.redshifts.ra[result.left],
            dec=result.redshifts.dec[result.left],
            schema=result.schema,
            take=result.take,
            progress=progress,
            position_columns=(roles["ra"], roles["dec"]),
        )
        return
    write_slices(
        path,
        result.schema,
        result.slices(),
        output_format,
        n_rows=len(result.left),
        progress=progress,
    )
