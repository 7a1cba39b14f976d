"""Files of products as tables in memory. Needs the extra ``pzserver[tables]``."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, Final, Literal

from pzserver._extras import needed
from pzserver.errors import Invalid

TableKind = Literal["astropy", "pandas", "arrow", "lsdb"]
TABLE_KINDS: Final = ("astropy", "pandas", "arrow", "lsdb")


def read_main_file(path: Path, *, is_directory: bool, kind: TableKind) -> Any:
    """Read a downloaded main file.

    Parameters
    ----------
    path
        A table in any format that the server accepts, or the .zip of a HATS catalog.
    is_directory
        Whether the file is a zipped HATS catalog.
    kind
        What to return: an astropy Table, a pandas DataFrame, an Arrow table or an LSDB catalog.

    Raises
    ------
    Invalid
        If ``kind`` is unknown, or LSDB is asked for a product that is not a HATS catalog.
    MissingExtra
        If the library for it is not installed.
    """
    check_kind(kind)
    if is_directory:
        path = unpacked(path, path.with_suffix(""))
    if kind == "lsdb":
        return open_with_lsdb(path, is_directory=is_directory)
    return converted(read_arrow(path), kind)


def check_kind(kind: str) -> None:
    """Refuse a kind of table that there is not.

    Raises
    ------
    Invalid
        With those that there are.
    """
    if kind not in TABLE_KINDS:
        raise Invalid(f"kind {kind!r} is not one of {', '.join(TABLE_KINDS)}")


def read_arrow(path: Path) -> Any:
    """Return a file, or a HATS catalog in a folder, as an Arrow table."""
    formats = needed("pztables.formats")
    user_error = needed("pztables.errors").UserError
    try:
        return formats.read_table(path)
    except user_error as error:
        raise Invalid(str(error), code=error.code) from error


def converted(table: Any, kind: TableKind) -> Any:
    """Return an Arrow table as astropy Table, pandas DataFrame or itself."""
    if kind == "arrow":
        return table
    if kind == "pandas":
        needed("pandas")
        return table.to_pandas()
    astropy_table = needed("astropy.table").Table
    needed("pandas")
    made = astropy_table.from_pandas(table.to_pandas())
    for name in _texts_without_values(table):
        nothing = needed("numpy").full(len(made), "", "U1")
        made.replace_column(name, needed("astropy.table").MaskedColumn(nothing, mask=True))
    return made


def _texts_without_values(table: Any) -> list[str]:
    """Return the columns of text that hold none, which pandas and astropy take for numbers."""
    types = needed("pyarrow.types")
    return [
        field.name
        for field, column in zip(table.schema, table.columns, strict=True)
        if (types.is_string(field.type) or types.is_large_string(field.type))
        and column.null_count == len(column)
    ]


def open_with_lsdb(path: Path, *, is_directory: bool) -> Any:
    """Return a HATS catalog as LSDB opens it: lazily, from the files below ``path``.

    Raises
    ------
    Invalid
        If the product is another kind of file.
    MissingExtra
        If LSDB is not installed.
    """
    if not is_directory:
        raise Invalid("only HATS catalogs open with LSDB; ask for astropy, pandas or arrow")
    return needed("lsdb").open_catalog(str(path))


def unpacked(archive: Path, target: Path) -> Path:
    """Unpack a zipped catalog into a folder and return the part of it with the properties.

    Raises
    ------
    Invalid
        If a member would lie outside the folder.
    """
    with zipfile.ZipFile(archive) as file:
        for member in file.infolist():
            if not (target / member.filename).resolve().is_relative_to(target.resolve()):
                raise Invalid(f"the archive {archive.name} holds an unsafe path: {member.filename}")
        file.extractall(target)
    return catalog_root(target)


def catalog_root(folder: Path) -> Path:
    """Return the folder of a HATS catalog or collection at or below a folder."""
    for name in ("collection.properties", "hats.properties", "properties"):
        found = sorted(folder.rglob(name), key=lambda path: len(path.parts))
        if found:
            return found[0].parent
    return folder
