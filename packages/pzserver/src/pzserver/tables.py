"""Files of products as tables in memory. Needs the extra ``pzserver[tables]``."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, Final, Literal

from pzserver.errors import Invalid, PzServerError

TableKind = Literal["astropy", "pandas", "arrow", "lsdb"]
TABLE_KINDS: Final = ("astropy", "pandas", "arrow", "lsdb")


class MissingExtra(PzServerError, ImportError):  # noqa: N818 - reads as a state
    """A library that this call needs is not installed."""

    default_code = "missing_extra"


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
    if kind not in TABLE_KINDS:
        raise Invalid(f"kind {kind!r} is not one of {', '.join(TABLE_KINDS)}")
    if is_directory:
        path = _unpack(path)
    if kind == "lsdb":
        return _open_with_lsdb(path, is_directory=is_directory)
    return _converted(_read_arrow(path), kind)


def _read_arrow(path: Path) -> Any:
    try:
        from pztables.formats import read_table
    except ImportError as error:
        raise _missing("tables", error) from error
    return read_table(path)


def _converted(table: Any, kind: TableKind) -> Any:
    if kind == "arrow":
        return table
    frame = table.to_pandas()
    if kind == "pandas":
        return frame
    from astropy.table import Table

    return Table.from_pandas(frame)


def _open_with_lsdb(path: Path, *, is_directory: bool) -> Any:
    if not is_directory:
        raise Invalid("only HATS catalogs open with LSDB; ask for astropy, pandas or arrow")
    try:
        import lsdb
    except ImportError as error:
        raise _missing("lsdb", error) from error
    return lsdb.open_catalog(str(path))


def _unpack(archive: Path) -> Path:
    """Unpack a zipped catalog beside the archive and return the folder with its properties."""
    target = archive.with_suffix("")
    with zipfile.ZipFile(archive) as file:
        for member in file.infolist():
            if not (target / member.filename).resolve().is_relative_to(target.resolve()):
                raise Invalid(f"the archive {archive.name} holds an unsafe path: {member.filename}")
        file.extractall(target)
    for name in ("collection.properties", "hats.properties", "properties"):
        found = sorted(target.rglob(name), key=lambda path: len(path.parts))
        if found:
            return found[0].parent
    return target


def _missing(extra: str, error: ImportError) -> MissingExtra:
    return MissingExtra(f"{error.name} is not installed: pip install 'pzserver[{extra}]'")
