"""Which format a file has: by its content first, by its name second."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pztables.errors import (
    NotATableError,
    TableError,
    TruncatedFileError,
    UnknownFormatError,
    WrongSuffixError,
)
from pztables.formats.model import TableFormat

if TYPE_CHECKING:
    from pathlib import Path

HEAD_BYTES: Final = 65_536

COMPRESSIONS: Final = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}

_SUFFIXES: Final = {
    ".csv": TableFormat.CSV, ".tsv": TableFormat.CSV, ".txt": TableFormat.CSV,
    ".dat": TableFormat.CSV, ".fits": TableFormat.FITS, ".fit": TableFormat.FITS,
    ".h5": TableFormat.HDF5, ".hf5": TableFormat.HDF5, ".hdf5": TableFormat.HDF5,
    ".hdf": TableFormat.HDF5, ".parquet": TableFormat.PARQUET, ".pq": TableFormat.PARQUET,
    ".vot": TableFormat.VOTABLE, ".vo": TableFormat.VOTABLE, ".xml": TableFormat.VOTABLE,
    ".votable": TableFormat.VOTABLE,
}  # fmt: skip
COMPRESSED_SUFFIXES: Final = (".gz", ".gzip", ".bz2", ".xz", ".zst")

# What else users send, so that the refusal can say what was found.
_FOREIGN: Final = {
    b"PK\x03\x04": "a zip archive (or a spreadsheet)",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"\x93NUMPY": "a numpy array",
    b"\x7fELF": "a program",
    b"SQLite format 3": "an SQLite database",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x80\x02": "a Python pickle", b"\x80\x03": "a Python pickle",
    b"\x80\x04": "a Python pickle", b"\x80\x05": "a Python pickle",
}  # fmt: skip

_PREFERRED: Final = {
    TableFormat.CSV: ".csv", TableFormat.FITS: ".fits", TableFormat.HDF5: ".hdf5",
    TableFormat.PARQUET: ".parquet", TableFormat.VOTABLE: ".vot",
}  # fmt: skip


def suffix_format(name: str) -> TableFormat | None:
    """Return the format that a file name announces, in any case, or ``None``."""
    stem = name.lower()
    for suffix in COMPRESSED_SUFFIXES:
        stem = stem.removesuffix(suffix)
    return next((known for end, known in _SUFFIXES.items() if stem.endswith(end)), None)


def compression_of(head: bytes) -> str | None:
    """Return ``gzip``, ``bz2``, ``xz`` or ``zstd`` when bytes begin as such a stream."""
    return next((name for magic, name in COMPRESSIONS.items() if head.startswith(magic)), None)


def foreign_kind(head: bytes) -> str | None:
    """Return what well-known other kind of file bytes begin as, for a sentence."""
    return next((kind for magic, kind in _FOREIGN.items() if head.startswith(magic)), None)


def content_format(head: bytes) -> TableFormat | None:
    """Return the format that the first bytes prove, or ``None`` (text proves nothing)."""
    if head.startswith(b"SIMPLE  ="):
        return TableFormat.FITS
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return TableFormat.HDF5
    if head.startswith((b"PAR1", b"PARE")):
        return TableFormat.PARQUET
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.match(rb"<(\?xml|!--|!DOCTYPE|\w*:?VOTABLE)", start, re.IGNORECASE) and re.search(
        rb"<(\w+:)?VOTABLE\b", head
    ):
        return TableFormat.VOTABLE
    return None


def is_text(head: bytes) -> bool:
    """Return whether bytes look like text of any one-byte encoding."""
    controls = sum(byte < 32 and byte not in (9, 10, 12, 13) for byte in head)
    return b"\0" not in head and controls * 50 <= len(head)  # a stray control does no harm


def sniff_format(path: Path) -> TableFormat:
    """Return the format of a file or of a HATS directory.

    Parameters
    ----------
    path
        A file, compressed or not, or a directory.

    Raises
    ------
    TableError
        If the content is no table, or another one than the suffix says; the sentence
        names the file, what was found and what to do.
    """
    if path.is_dir():
        from pztables.formats.hats import require_hats

        require_hats(path)
        return TableFormat.HATS
    head = read_head(path)
    announced = suffix_format(path.name)
    found = content_format(head)
    if found is not None and announced not in (None, found):
        raise WrongSuffixError(
            f"{path.name}: its name says {announced}, but its content is {found}. Rename it to "
            f"'{_stem(path.name)}{_PREFERRED[found]}', or export it again as {announced}.",
            file=path.name, announced=str(announced), found=str(found),
        )  # fmt: skip
    return found or _format_of_unproven(path.name, head, announced)


def _format_of_unproven(name: str, head: bytes, announced: TableFormat | None) -> TableFormat:
    if not head:
        raise TableError(f"{name}: the file is empty. Upload it again.", file=name)
    kind = foreign_kind(head) or ("text" if is_text(head) else "unknown binary data")
    if announced not in (None, TableFormat.CSV):
        error = TruncatedFileError if kind == "unknown binary data" else WrongSuffixError
        raise error(
            f"{name}: is not a readable {announced} file; its content begins as {kind}. "
            f"Export the table as {announced} again, or give the file its true suffix.",
            file=name, announced=str(announced), found=kind,
        )  # fmt: skip
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return TableFormat.CSV  # UTF-16: the text reader says what to do
    if kind != "text":
        error_type = UnknownFormatError if announced is None else WrongSuffixError
        raise error_type(
            f"{name}: is no table that can be read; its content begins as {kind}. "
            "Give CSV, FITS, HDF5, Parquet or VOTable.",
            file=name, found=kind,
        )  # fmt: skip
    if re.match(rb"\s*<(\?xml|!doctype|html)", head, re.IGNORECASE):
        raise NotATableError(
            f"{name}: is an XML or HTML page, not a table. Give CSV, FITS, HDF5, Parquet or "
            "VOTable.",
            file=name,
        )
    return TableFormat.CSV


def read_head(path: Path, size: int = HEAD_BYTES) -> bytes:
    """Return the first bytes of a file, decompressed when it is compressed.

    Raises
    ------
    TableError
        If the file cannot be opened or its compressed stream is broken.
    """
    from pztables.formats.streams import open_bytes

    with open_bytes(path) as stream:
        return stream.read(size)


def _stem(name: str) -> str:
    return name.rsplit(".", 1)[0]
