"""Look once at a user's main file: what it is, what it holds, and our own copy of it.

Run this through `pztables.isolation`, never in the process of a server.
"""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from pztables.errors import EmptyTableError, UserError
from pztables.formats import TableReader, open_table, open_writer
from pztables.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pztables.archives import Unpacked

CANONICAL_NAME: Final = "canonical.parquet"
PROFILE_NAME: Final = "profile.json"
PDFS_NAME: Final = "pdfs.npy"
DRAWN_NAME: Final = "pdfs.json"
#: Every file that an inspection may leave beside what it unpacked.
RESULT_NAMES: Final = (CANONICAL_NAME, PROFILE_NAME, PDFS_NAME, DRAWN_NAME)
UNPACKED_FOLDER: Final = "unpacked"
FIRST_ROWS: Final = 10
_SAMPLES: Final = 3
_SAMPLE_ROWS: Final = 1000
_CANONICAL_ROWS: Final = 100_000
# Values in memory at once: wide tables are read in shorter batches.
_CELLS_AT_ONCE: Final = 4_000_000
_LONGEST_TEXT: Final = 10_000
_LONGEST_LIST: Final = 10_000
_CONFIDENT: Final = 0.5


@dataclass(frozen=True, slots=True)
class ColumnReport:
    """One column as users see it when they associate columns."""

    name: str
    dtype: str
    unit: str | None
    ucd: str | None
    description: str | None
    n_null: int
    samples: list[Any]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a main file turned out to be; everything in it is JSON-safe.

    Attributes
    ----------
    format
        A `pztables.formats.TableFormat`, or ``None`` when it is no table.
    name
        Of the main file: its own, or its path inside the archive.
    columns, n_rows
        Of the table.
    delimiter, has_header
        Of delimited text.
    is_directory
        Whether it is a HATS directory.
    unpacked
        Path of what was unpacked from an archive, relative to the output directory.
    first_rows
        The first ten rows, column → value; null, NaN and infinity are ``None``, integers
        and floats have all their digits.
    canonical, profile
        File names in the output directory.
    suggestions
        ``{"column", "role", "confidence", "reason"}``.
    checks
        ``{"code", "ok", "message"}``.
    is_table, reason
        Whether it is a table, and why not.
    described
        What else is told of a pickle or of an ensemble of densities: see `pztables.pickles`
        and `pztables.qp`.
    """

    name: str
    is_table: bool
    format: str | None = None
    columns: list[ColumnReport] = field(default_factory=list)
    n_rows: int | None = None
    delimiter: str | None = None
    has_header: bool | None = None
    is_directory: bool = False
    unpacked: str | None = None
    first_rows: list[dict[str, Any]] = field(default_factory=list)
    canonical: str | None = None
    profile: str | None = None
    suggestions: list[dict[str, Any]] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    reason: str | None = None
    described: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Inspection:
        """Build an inspection from `as_dict`."""
        columns = [ColumnReport(**column) for column in values["columns"]]
        return cls(**{**values, "columns": columns})


def inspect_main_file(
    path: Path,
    out_dir: Path,
    *,
    tabular_required: bool,
    limits: Limits = DEFAULT_LIMITS,
    product_type: str | None = None,
) -> Inspection:
    """Read a main file once and keep a canonical Parquet copy and a profile of it.

    Parameters
    ----------
    path
        The uploaded file.
    out_dir
        An existing directory of our own: gets ``canonical.parquet``, ``profile.json`` and,
        for archives, ``unpacked/``.
    tabular_required
        Whether anything but a table with rows is refused.
    limits
        What the file may cost.
    product_type
        Name of the product type, if it is known, for better suggestions.

    Raises
    ------
    UserError
        If the file is hostile, too costly, or no table where one is required.
    """
    from pztables.archives import unpack_main
    from pztables.qp.ensemble import is_ensemble

    into = out_dir / UNPACKED_FOLDER
    into.mkdir(exist_ok=True)
    try:
        if not tabular_required and (pickled := _inspect_pickle(path, limits)):
            _remove_results(out_dir)
            return pickled
        found = unpack_main(path, into, limits, tabular_required=tabular_required)
        if found.kind == "opaque":
            return Inspection(path.name, is_table=False, reason=found.reason)
        if not tabular_required and is_ensemble(found.path):
            return _inspect_ensemble(found, out_dir, limits, product_type)
        with open_table(found.path, limits=limits) as reader:
            if tabular_required:
                _require_rows(reader, found.name)
            return _inspect_table(reader, found, out_dir, product_type)
    except UserError as error:
        if tabular_required:
            raise
        _remove_results(out_dir)
        return Inspection(path.name, is_table=False, reason=error.message)


def _inspect_pickle(path: Path, limits: Limits) -> Inspection | None:
    """Return what a pickle would import; it is never loaded. Nothing for other files."""
    from pztables.pickles import NotAPickleError, looks_like_pickle, scan_pickle

    if not path.is_file() or not looks_like_pickle(path):
        return None
    try:
        report = scan_pickle(path, limits)
    except NotAPickleError:
        return None  # its name only looks like one
    return Inspection(
        path.name,
        is_table=False,
        reason=f"{path.name}: is a Python pickle, which is never loaded here.",
        described={"kind": "pickle", **report.as_dict()},
    )


def _inspect_ensemble(
    found: Unpacked, out_dir: Path, limits: Limits, product_type: str | None
) -> Inspection:
    """Describe an ensemble of densities; its objects and their point estimates are the table."""
    from pztables.qp.ensemble import open_ensemble
    from pztables.qp.report import EnsembleTable, describe

    try:
        with open_ensemble(found.path, limits) as ensemble:
            described = describe(ensemble, out_dir)
            with EnsembleTable(ensemble) as reader:
                inspection = _inspect_table(reader, found, out_dir, product_type)
            return replace(inspection, described=described)
    except UserError as error:
        _remove_results(out_dir)
        described = {"kind": "qp", "problem": error.message}
        return Inspection(found.name, is_table=False, reason=error.message, described=described)


def _require_rows(reader: TableReader, name: str) -> None:
    if reader.schema.n_rows == 0:
        raise EmptyTableError(
            f"{name}: the table has columns ({', '.join(reader.schema.names[:10])}) but no row. "
            "Give a table with at least one row.",
            file=name,
        )


def _remove_results(out_dir: Path) -> None:
    for name in RESULT_NAMES:
        (out_dir / name).unlink(missing_ok=True)
    shutil.rmtree(out_dir / UNPACKED_FOLDER)


def _inspect_table(
    reader: TableReader, found: Unpacked, out_dir: Path, product_type: str | None
) -> Inspection:
    from pztables.sanity import sanity_checks

    schema = reader.schema
    nulls, n_rows, sample = _write_canonical(reader, out_dir / CANONICAL_NAME)
    suggestions = _suggestions(reader, sample, product_type)
    roles = {
        item["role"]: item["column"] for item in suggestions if item["confidence"] >= _CONFIDENT
    }
    profile = _write_profile(out_dir, roles)
    columns = [
        ColumnReport(
            column.name, str(column.type), column.unit, column.ucd, column.description,
            nulls[column.name], _samples(sample.column(column.name)),
        )
        for column in schema.columns
    ]  # fmt: skip
    base = out_dir.resolve()
    inner = found.path.resolve()
    return Inspection(
        name=found.name,
        is_table=True,
        format=str(schema.format),
        columns=columns,
        n_rows=n_rows,
        delimiter=schema.delimiter,
        has_header=schema.has_header,
        is_directory=found.kind == "hats",
        unpacked=str(inner.relative_to(base)) if inner.is_relative_to(base) else None,
        first_rows=json_rows(sample.slice(0, FIRST_ROWS)),
        canonical=CANONICAL_NAME,
        profile=PROFILE_NAME,
        suggestions=suggestions,
        checks=[
            *(_note_check(note) for note in schema.notes),
            *sanity_checks(schema.columns, sample, roles),
            *profile["checks"],
        ],
    )


def _note_check(note: str) -> dict[str, Any]:
    return {"code": "reading_note", "ok": False, "message": note}


def _write_canonical(reader: TableReader, target: Path) -> tuple[dict[str, int], int, pa.Table]:
    """Copy all rows; return the nulls per column, the number of rows and the first rows."""
    arrow = reader.schema.arrow
    nulls = dict.fromkeys(arrow.names, 0)
    n_rows = 0
    first: list[pa.RecordBatch] = []
    batch_rows = max(1000, min(_CANONICAL_ROWS, _CELLS_AT_ONCE // len(arrow)))
    with open_writer(target, arrow, "parquet") as writer:
        for batch in reader.batches(batch_rows=batch_rows):
            writer.write(batch)
            if n_rows < _SAMPLE_ROWS:
                first.append(batch.slice(0, _SAMPLE_ROWS - n_rows))
            n_rows += batch.num_rows
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                nulls[name] += column.null_count
    return nulls, n_rows, pa.Table.from_batches(first, schema=arrow)


def _suggestions(
    reader: TableReader, sample: pa.Table, product_type: str | None
) -> list[dict[str, Any]]:
    from pztables.associate import suggest_roles

    found = suggest_roles(reader.schema.columns, sample, product_type)
    return [
        {
            "column": item.column,
            "role": item.role,
            "confidence": float(item.confidence),
            "reason": item.reason,
        }
        for item in found
    ]


def _write_profile(out_dir: Path, roles: Mapping[str, str]) -> dict[str, Any]:
    from pztables.profile import build_profile

    profile = build_profile(out_dir / CANONICAL_NAME, roles=roles)
    partial = out_dir / (PROFILE_NAME + ".partial")
    partial.write_text(json.dumps(profile, allow_nan=False), "utf-8")
    partial.replace(out_dir / PROFILE_NAME)
    return profile


def _samples(column: pa.ChunkedArray) -> list[Any]:
    """Return a few different values."""
    distinct: list[Any] = []
    for value in column.drop_null().slice(0, 100).to_pylist():
        safe = json_value(value)
        if safe is not None and safe not in distinct:
            distinct.append(safe)
        if len(distinct) == _SAMPLES:
            break
    return distinct


def json_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Return rows as dicts of JSON-safe values (see `json_value`)."""
    columns: list[Sequence[Any]] = [column.to_pylist() for column in table.columns]
    return [
        {
            name: json_value(values[row])
            for name, values in zip(table.column_names, columns, strict=True)
        }
        for row in range(table.num_rows)
    ]


def json_value(value: Any) -> Any:
    """Return a value that JSON can hold: no digit is lost; NaN and infinity become ``None``.

    Dates and times become ISO 8601 text, decimals text, bytes hexadecimal. What is longer
    than 10,000 letters or values ends in an ellipsis.
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_TEXT else value[:_LONGEST_TEXT] + "…"
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        shown = [json_value(item) for item in value[:_LONGEST_LIST]]
        return shown if len(value) <= _LONGEST_LIST else [*shown, "…"]
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal | timedelta):
        return str(value)
    return str(value)
