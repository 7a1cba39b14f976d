"""Writes the collection: checked before, built beside, moved into its place when whole."""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from pzpipelines.objects.importing.errors import ImportLibraryMissingError, ObjectTablesError
from pzpipelines.objects.importing.positions import check_positions
from pzpipelines.objects.importing.tables import ObjectTables, Wishes, find_tables, read_tables

MARGIN_ARCSEC: Final = 10.0
ROWS_PER_PARTITION: Final = 1_000_000
#: Deepest partitions: of some square arcminutes.
_DEEPEST_ORDER: Final = 10
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")
INSTALL: Final = "pip install 'pzpipelines[objects]'"

#: Told what happens, in a few words.
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How the collection is written.

    Attributes
    ----------
    wishes
        What the columns are.
    margin_arcsec
        Width of the margin around partitions; 0 for none.
    max_rows
        Rows of a partition at most.
    workers
        Processes that read and write; 1: this one alone.
    skip_bad_rows
        Leave out rows without a valid position instead of refusing the tables.
    progress
        Whether bars are drawn on standard error.
    """

    wishes: Wishes
    margin_arcsec: float = MARGIN_ARCSEC
    max_rows: int = ROWS_PER_PARTITION
    workers: int = 1
    skip_bad_rows: bool = False
    progress: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """What was written.

    Attributes
    ----------
    path
        Of the collection.
    tables
        What it was made of.
    n_rows, n_left_out
        Rows written, rows without a valid position.
    """

    path: Path
    tables: ObjectTables
    n_rows: int
    n_left_out: int


def import_objects(
    sources: Sequence[Path], out: Path, options: ImportOptions, tell: Told
) -> Imported:
    """Make a HATS collection of object tables.

    Parameters
    ----------
    sources
        Tables (Parquet, CSV, FITS, HDF5, VOTable), or folders of them.
    out
        Folder of the collection; must not exist. It appears when it is whole.
    options
        How.
    tell
        Told what is done.

    Raises
    ------
    ImportLibraryMissingError
        If hats-import is not installed.
    ObjectTablesError, pztables.errors.UserError
        If tables, columns or positions cannot be used; nothing is written.
    """
    require_library()
    _require_new(out)
    tables = read_tables(find_tables(sources), options.wishes)
    tell(f"{len(tables.files)} tables with {len(tables.schema)} columns; RA {tables.ra}, "
         f"Dec {tables.dec}, identifier {tables.object_id or 'none'}")  # fmt: skip
    n_rows, n_bad = check_positions(
        tables,
        skip_bad_rows=options.skip_bad_rows,
        on_file=lambda file: tell(f"Reading the positions of {file.name}"),
    )
    tell(f"Writing {n_rows:,} rows" + (f", leaving out {n_bad:,}" if n_bad else ""))
    with _built_beside(out) as folder:
        _write(tables, folder, n_rows, options)
    return Imported(out, tables, n_rows, n_bad)


def require_library() -> None:
    """Refuse with the command that installs the library, where it is not there.

    Raises
    ------
    ImportLibraryMissingError
        If hats-import is not installed.
    """
    if find_spec("hats_import") is None:
        raise ImportLibraryMissingError(
            f"Writing HATS needs the library hats-import, which is not installed: {INSTALL}",
            command=INSTALL,
        )


def _require_new(out: Path) -> None:
    if out.exists():
        raise ObjectTablesError(
            f"{out}: is there already; give a new folder, or remove this one first", path=str(out)
        )
    if not out.parent.is_dir():
        raise ObjectTablesError(
            f"{out.parent}: there is no such folder; make it first", path=str(out.parent)
        )
    if not _NAME.fullmatch(out.name):
        raise ObjectTablesError(
            f"{out.name!r}: name the folder with up to 100 letters, digits, dots, hyphens and "
            "underscores",
            path=str(out),
        )


@contextmanager
def _built_beside(out: Path) -> Iterator[Path]:
    """Give a folder to build in; it moves into its place when all went well."""
    beside = out.parent / f".{out.name}.partial-{secrets.token_hex(4)}"
    beside.mkdir()
    try:
        yield beside / out.name
        os.rename(beside / out.name, out)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _write(tables: ObjectTables, folder: Path, n_rows: int, options: ImportOptions) -> None:
    from hats_import.collection.arguments import CollectionArguments
    from hats_import.pipeline import pipeline_with_client

    from pzpipelines.objects.importing.reader import TableRows

    beside = folder.parent
    pq.write_metadata(tables.schema, beside / "schema.parquet")
    arguments: Any = CollectionArguments(
        output_path=beside,
        output_artifact_name=folder.name,
        tmp_dir=beside / "pieces",
        resume=False,
        progress_bar=options.progress,
        simple_progress_bar=options.progress,
    )
    arguments.catalog(
        output_artifact_name="catalog",
        input_file_list=[str(file.resolve()) for file in tables.files],
        file_reader=TableRows(tables, skip_bad_rows=options.skip_bad_rows),
        ra_column=tables.ra,
        dec_column=tables.dec,
        sort_columns=tables.object_id,
        use_schema_file=beside / "schema.parquet",
        expected_total_rows=n_rows,
        highest_healpix_order=_DEEPEST_ORDER,
        pixel_threshold=options.max_rows,
        addl_hats_properties=_properties(tables),
    )
    if options.margin_arcsec:
        arguments.add_margin(
            output_artifact_name=f"margin_{options.margin_arcsec:g}arcs",
            margin_threshold=options.margin_arcsec,
            is_default=True,
        )
    with _workers(options.workers, beside / "workers") as client:
        pipeline_with_client(arguments, client)


def _properties(tables: ObjectTables) -> dict[str, Any]:
    return {"hats_cols_survey_id": tables.object_id} if tables.object_id else {}


@contextmanager
def _workers(number: int, folder: Path) -> Iterator[Any]:
    from distributed import Client

    with (
        _quiet_libraries(),
        Client(
            n_workers=number,
            threads_per_worker=1,
            processes=number > 1,
            dashboard_address=None,
            local_directory=str(folder),
        ) as client,
    ):
        yield client


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Keep what the libraries say to programmers away: our own checks came before."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
