"""Tables of products, whole or in part, as files."""

from __future__ import annotations

import os
import shutil
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from pzserver.cli.base import (
    JsonOption,
    Output,
    ProductArgument,
    connect,
    examples,
    product_named,
    talk,
)
from pzserver.cli.selecting import (
    ColumnsOption,
    ConeOption,
    LimitOption,
    MocOption,
    WhereOption,
    selection_of,
)
from pzserver.client import PzServer
from pzserver.errors import Invalid
from pzserver.reading import borrowed_main_file
from pzserver.subsets import Selection, fetch_subset


class TableFormat(StrEnum):
    """Formats that ``pz get`` writes."""

    CSV = "csv"
    FITS = "fits"
    HDF5 = "hdf5"
    PARQUET = "parquet"
    VOTABLE = "vot"


#: Suffixes of files, and the format that they mean.
_SUFFIXES = {
    ".csv": TableFormat.CSV,
    ".fits": TableFormat.FITS,
    ".fit": TableFormat.FITS,
    ".h5": TableFormat.HDF5,
    ".hdf5": TableFormat.HDF5,
    ".parquet": TableFormat.PARQUET,
    ".pq": TableFormat.PARQUET,
    ".vot": TableFormat.VOTABLE,
    ".xml": TableFormat.VOTABLE,
}
#: Words for formats that the server writes itself.
_ON_THE_WIRE = {
    TableFormat.CSV: "csv",
    TableFormat.FITS: "fits",
    TableFormat.HDF5: "hdf5",
    TableFormat.PARQUET: "parquet",
    TableFormat.VOTABLE: "votable",
}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    lines = (
        "pz get 2_vvdslike_ecdfs -o vvds.fits",
        'pz get 2_vvdslike_ecdfs --where "Z > 0.5" --limit 100 -o distant.csv',
        "pz get 2_vvdslike_ecdfs --columns ALPHA,DELTA,Z --cone 53.1,-27.8,0.2 -o field.parquet",
        "pz get 2_vvdslike_ecdfs --moc product:1_2dfgrslike_ecdfs -o both.hdf5",
    )
    app.command(epilog=examples(*lines))(get)


def get(
    product: ProductArgument,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write.")] = None,
    columns: ColumnsOption = None,
    where: WhereOption = None,
    cone: ConeOption = None,
    moc: MocOption = None,
    limit: LimitOption = None,
    table_format: Annotated[
        TableFormat | None,
        typer.Option("--format", help="By default that of the output's name, or the product's."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Get the table of a product, whole or in part, as it is or in another format.

    The server selects rows and columns: a small part is a small download.
    """
    selection = selection_of(columns, where, cone, moc, limit)
    table_format = table_format or _format_of(output)
    with connect() as pz:
        record = product_named(pz, product)
        if selection.is_everything:
            path = _whole(pz, record, output, table_format)
        else:
            if output and output.suffix and not (table_format or output.is_dir()):
                talk(f"{output} is written as Parquet; --format chooses another.")
            path = _part(pz, record, selection, output, table_format or TableFormat.PARQUET)
    Output(as_json).record({"product": record["internal_name"], "path": str(path)}, str(path))


def _whole(
    pz: PzServer, record: dict[str, Any], output: Path | None, table_format: TableFormat | None
) -> Path:
    """Write the main file, converted when it has another format."""
    with borrowed_main_file(pz.api, record["id"], pz.cache) as path:
        same = table_format is None or _SUFFIXES.get(path.suffix.lower()) == table_format
        name = path.name if same else f"{path.stem}.{table_format}"
        target = output or Path(name)
        if same:
            return _placed(path, target)
        with tempfile.TemporaryDirectory() as folder:
            converted = Path(folder) / name
            _convert(path, converted)
            return _placed(converted, target)


def _part(
    pz: PzServer,
    record: dict[str, Any],
    selection: Selection,
    output: Path | None,
    table_format: TableFormat,
) -> Path:
    """Write the part that is wanted: from the server as it is, or selected here."""
    name = f"{record['internal_name']}_part.{table_format}"
    target = output or Path(name)
    wire = _ON_THE_WIRE.get(table_format)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        if wire and fetch_subset(pz.api.connection, record["id"], selection, path, suffix=wire):
            return _placed(path, target)
        talk("This is selected here, from the whole file.") if wire else None
        table = pz.get_product(
            record["id"],
            kind="arrow",
            columns=selection.columns,
            where=selection.where,
            cone=selection.cone,
            moc=selection.moc,
            limit=selection.limit,
        )
        _write(table, path)
        return _placed(path, target)


def _placed(path: Path, target: Path) -> Path:
    """Copy a file to where it is wanted, whole or not at all."""
    if target.is_dir():
        target = target / path.name
    if not target.parent.is_dir():
        raise Invalid(f"there is no folder {target.parent}: make it, or choose another --output")
    beside = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        shutil.copyfile(path, beside)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return target


def _convert(path: Path, target: Path) -> None:
    """Write a main file, or the table of a zipped HATS catalog, in another format."""
    from pzserver.tables import read_main_file

    _write(read_main_file(path, is_directory=path.suffix == ".zip", kind="arrow"), target)


def _write(table: Any, target: Path) -> None:
    from pzserver._extras import needed

    needed("pztables.formats").write_table(table, target)


def _format_of(output: Path | None) -> TableFormat | None:
    """Return the format that an output's name means; unknown ones mean none."""
    return _SUFFIXES.get(output.suffix.lower()) if output else None
