"""Subsets as files: written whole beside everything else, then sent, then gone."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

import pyarrow as pa

from pzhub.config import hub_config
from pzhub.core import storage
from pzhub.tables.engine import opened_engine
from pzhub.tables.errors import SubsetTooLargeError
from pzhub.tables.query import Plan, Question, plan_question
from pzhub.tables.services.look import prepared, read_rows
from pzhub.tables.table import StoredTable
from pztables.formats import open_writer

#: Key of the provenance in the metadata of a file.
PROVENANCE_KEY: Final = "pz.provenance"
_BATCH_ROWS: Final = 50_000
_ADVICE: Final = (
    "Set a limit, narrow the filter or the region, ask for fewer columns, or download the "
    "product's main file."
)


@dataclass(frozen=True, slots=True)
class SubsetFormat:
    """A format of subsets: its word, suffix and media type."""

    name: str
    suffix: str
    media_type: str


SUBSET_FORMATS: Final = {
    item.name: item
    for item in (
        SubsetFormat("csv", ".csv", "text/csv"),
        SubsetFormat("parquet", ".parquet", "application/vnd.apache.parquet"),
        SubsetFormat("fits", ".fits", "application/fits"),
        SubsetFormat("hdf5", ".hdf5", "application/x-hdf5"),
        SubsetFormat("votable", ".vot", "application/x-votable+xml"),
        SubsetFormat("arrow", ".arrows", "application/vnd.apache.arrow.stream"),
    )
}


@dataclass(frozen=True, slots=True)
class Subset:
    """A written subset.

    Attributes
    ----------
    file
        Open at its beginning; it has no name any more, so closing it removes it.
    n_rows
        How many rows it has.
    """

    file: BinaryIO
    n_rows: int


class _Writer(Protocol):
    def write(self, rows: pa.RecordBatch) -> None: ...


def write_subset(
    table: StoredTable,
    question: Question,
    *,
    subset_format: SubsetFormat,
    provenance: dict[str, Any],
) -> Subset:
    """Write the rows of a question as a file.

    Parameters
    ----------
    table
        From `pzhub.tables.selectors.table_for`.
    question
        What is asked for; all rows that fit when it has no limit.
    subset_format
        One of `SUBSET_FORMATS`.
    provenance
        Where the rows come from, for the metadata of the file.

    Raises
    ------
    InvalidError
        If the question does not fit the table.
    SubsetTooLargeError
        If there are more rows or bytes than one answer may have.
    SubsetTooCostlyError
        If it takes too long.
    pztables.errors.ValueNotStorableError
        If the format cannot hold a column.
    """
    path = storage.staging_dir() / f"subset-{secrets.token_hex(8)}{subset_format.suffix}"
    try:
        n_rows = write_subset_to(
            path, table, question, subset_format=subset_format, provenance=provenance
        )
        return Subset(path.open("rb"), n_rows)
    finally:
        path.unlink(missing_ok=True)


def write_subset_to(
    path: Path,
    table: StoredTable,
    question: Question,
    *,
    subset_format: SubsetFormat,
    provenance: dict[str, Any],
) -> int:
    """Write the rows of a question to a path and return how many; see `write_subset`."""
    most = hub_config().data_max_rows
    if question.limit is not None and question.limit > most:
        raise _too_many(most)
    limit = most + 1 if question.limit is None else question.limit
    plan = plan_question(table, replace(question, limit=limit))
    return _written(plan, path, subset_format, _schema(plan, provenance), most)


def _schema(plan: Plan, provenance: dict[str, Any]) -> pa.Schema:
    text = json.dumps(provenance, default=str, ensure_ascii=True)
    return plan.schema.with_metadata({PROVENANCE_KEY: text})


def _written(
    plan: Plan, path: Path, subset_format: SubsetFormat, schema: pa.Schema, most: int
) -> int:
    n_rows = 0
    with (
        opened_engine(plan.table.path) as engine,
        _opened_writer(path, schema, subset_format) as writer,
    ):
        plan = prepared(engine, plan)
        for batch in read_rows(engine, plan, _BATCH_ROWS):
            n_rows += batch.num_rows
            if n_rows > most:
                raise _too_many(most)
            writer.write(batch)
            _require_space(path, writer)
    return n_rows


def _require_space(path: Path, writer: _Writer) -> None:
    most = hub_config().data_max_bytes
    parts = path.parent.glob(f"{path.name}*")  # a writer keeps its rows beside the file first
    written = sum(part.stat().st_size for part in parts)
    # FITS and VOTable give every text the room of the longest: known before they do it.
    if max(written, getattr(writer, "expected_bytes", 0)) > most:
        raise SubsetTooLargeError(
            f"The subset is larger than the {most // 1_000_000:,} MB that one answer may have. "
            f"{_ADVICE}",
            bytes=most,
        )


def _too_many(most: int) -> SubsetTooLargeError:
    return SubsetTooLargeError(
        f"The subset has more than the {most:,} rows that one answer may have. {_ADVICE}",
        rows=most,
    )


@contextmanager
def _opened_writer(path: Path, schema: pa.Schema, subset_format: SubsetFormat) -> Iterator[_Writer]:
    if subset_format.name == "arrow":
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            yield stream
        return
    with open_writer(path, schema, subset_format.name) as writer:
        yield writer
