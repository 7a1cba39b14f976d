"""What libraries raise on damaged files, turned into one refusal.

A damaged or hostile file can make a reading library raise nearly anything but a
``MemoryError``; which error it is tells the user nothing.
"""

from __future__ import annotations

import binascii
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from xml.parsers.expat import ExpatError

from pztables.errors import TableError
from pztables.formats.arrays import ARROW_REFUSALS
from pztables.formats.model import TableFormat
from pztables.formats.pickle_literals import PickleRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LABELS: Final = {
    TableFormat.CSV: "delimited text", TableFormat.FITS: "FITS table",
    TableFormat.HDF5: "HDF5 table", TableFormat.PARQUET: "Parquet file",
    TableFormat.VOTABLE: "VOTable", TableFormat.HATS: "HATS catalog",
}  # fmt: skip
LIBRARY_ERRORS: Final = (
    ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError,
    RuntimeError, OSError, EOFError, BufferError, SystemError, struct.error, binascii.Error,
    ExpatError, PickleRefusedError, *ARROW_REFUSALS,
)  # fmt: skip


@contextmanager
def refuse_damage(name: str, table_format: TableFormat) -> Iterator[None]:
    """Refuse a file when the library that reads it fails.

    Raises
    ------
    TableError
        Naming the file, the format and the library's first words.
    """
    try:
        yield
    except LIBRARY_ERRORS as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise TableError(
            f"{name}: is not a readable {_LABELS[table_format]} ({reason}). It may be cut off, "
            "damaged or use unusual features: write and upload it again.",
            file=name,
        ) from error
