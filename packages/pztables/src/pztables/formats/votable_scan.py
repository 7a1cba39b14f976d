"""What a VOTable's XML declares, read without building anything, hostile parts refused."""

from __future__ import annotations

import binascii
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

from pztables.errors import ForeignReferenceError
from pztables.formats.voheader import local_name, refuse_doctype

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class VoField:
    """One ``FIELD`` of the first table."""

    name: str
    datatype: str
    arraysize: str | None
    unit: str | None
    ucd: str | None
    description: str | None = None
    null: str | None = None

    @property
    def is_fixed(self) -> bool:
        """Whether every value takes the same number of bytes."""
        return "*" not in (self.arraysize or "1")

    @property
    def length(self) -> int:
        """Values (or letters) in a cell; 1 for what is variable."""
        parts = (self.arraysize or "1").split("x")
        return math.prod(declared_integer(part.rstrip("*")) or 1 for part in parts)


def declared_integer(text: str) -> int:
    """Return a declared number, 0 when it is none."""
    return int(text) if text.strip().isdigit() else 0


@dataclass(slots=True)
class VoScan:
    """The first table of a VOTable as its XML declares it.

    Attributes
    ----------
    tables, rows
        Number of ``TABLE`` elements, and of ``TR`` in the first.
    declared_rows
        ``nrows`` of the first, 0 if absent.
    serialisation
        ``TABLEDATA``, ``BINARY``, ``BINARY2``, ``FITS`` or ``""``.
    data
        The decoded bytes of an inline base64 stream.
    """

    file: str
    tables: int = 0
    fields: list[VoField] = field(default_factory=list)
    rows: int = 0
    declared_rows: int = 0
    serialisation: str = ""
    data: bytearray = field(default_factory=bytearray)
    _path: list[str] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)
    _stream: bytearray | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take the beginning of an element into account."""
        name = local_name(tag)
        if name == "TR":
            self.rows += self.tables == 1
            return
        self._path.append(name)
        self._text.clear()
        self._refuse_reference(name, attributes)
        if name == "TABLE":
            self.tables += 1
            if self.tables == 1:
                self.declared_rows = declared_integer(attributes.get("nrows", "0"))
        elif self.tables == 1:
            self._start_in_table(name, attributes)

    def _start_in_table(self, name: str, attributes: dict[str, str]) -> None:
        if name == "FIELD":
            self.fields.append(
                VoField(
                    attributes.get("name") or attributes.get("ID") or "",
                    attributes.get("datatype", ""),
                    attributes.get("arraysize"),
                    attributes.get("unit", "").strip() or None,
                    attributes.get("ucd", "").strip() or None,
                )
            )
        elif name == "VALUES" and "FIELD" in self._path and self.fields:
            self.fields[-1].null = attributes.get("null")
        elif name in ("TABLEDATA", "BINARY", "BINARY2", "FITS"):
            self.serialisation = name
        elif name == "STREAM" and attributes.get("encoding") == "base64":
            self._stream = bytearray()

    def _refuse_reference(self, name: str, attributes: dict[str, str]) -> None:
        if name in ("STREAM", "include") and "href" in map(local_name, attributes):
            raise ForeignReferenceError(
                f"{self.file}: its values are stored elsewhere (<{name} href=…>), which is never "
                "followed. Save the table with its values inside.",
                file=self.file,
            )

    def end(self, tag: str) -> None:
        """Take the end of an element into account."""
        name = local_name(tag)
        if name == "TR":
            return
        self._path.pop()
        if name == "DESCRIPTION" and self._path and self._path[-1] == "FIELD" and self.fields:
            self.fields[-1].description = "".join(self._text).strip() or None
        elif name == "STREAM" and self._stream is not None:
            self._decode(len(self._stream))
            self._stream = None

    def text(self, piece: str) -> None:
        """Take character data into account."""
        if self._stream is not None:
            self._stream += "".join(piece.split()).encode("ascii", "replace")
            self._decode(len(self._stream) - len(self._stream) % 4)
        elif self._path and self._path[-1] == "DESCRIPTION":
            self._text.append(piece)

    def _decode(self, size: int) -> None:
        assert self._stream is not None
        self.data += binascii.a2b_base64(self._stream[:size])
        del self._stream[:size]


def scan_votable(plain: Path, file: str) -> VoScan:
    """Read what the XML of a file declares.

    Parameters
    ----------
    plain
        The file.
    file
        Name to show.

    Raises
    ------
    ForeignReferenceError
        If it declares a document type, or values that are stored elsewhere.
    xml.parsers.expat.ExpatError, binascii.Error
        If it is not well-formed.
    """
    scan = VoScan(file)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 1 << 18
    parser.StartDoctypeDeclHandler = refuse_doctype(file)
    parser.StartElementHandler, parser.EndElementHandler = scan.start, scan.end
    parser.CharacterDataHandler = scan.text
    with plain.open("rb") as stream:
        parser.ParseFile(stream)
    return scan
