"""Text on its way to the CSV parser: UTF-8 checked, comments dropped, blanks made tabs."""

from __future__ import annotations

import codecs
import io
import re
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from pztables.errors import EncodingError, TooCostlyError
from pztables.formats.csv_layout import BLANKS

if TYPE_CHECKING:
    from pztables.formats.csv_layout import Layout

_BLOCK: Final = 1 << 20
_LONGEST_LINE: Final = 32 << 20
_LONGEST_QUOTE: Final = 4 << 20
_BLANK_RUN: Final = re.compile(rb"[ \t]+")
_BLANK_RUN_OR_QUOTED: Final = re.compile(rb'("(?:[^"]|"")*"(?=[ \t\r\n]|$))|[ \t]+')
_COMMENT: Final = re.compile(rb"^[ \t]*#[^\n]*\n?", re.MULTILINE)


def require_utf8_start(head: bytes, file: str) -> None:
    """Refuse UTF-16 and UTF-32 text by its byte order mark."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise EncodingError(
            f"{file}: is UTF-16 text. Save it as UTF-8 and upload it again.", file=file
        )


class CleanText(io.RawIOBase):
    """A binary stream of the rows only: no byte order mark, no comments, no header.

    Lines that begin with ``#`` outside quotes are left out. With the blank delimiter,
    runs of blanks become one tab.
    """

    def __init__(self, source: BinaryIO, layout: Layout, file: str) -> None:
        self._source, self._layout, self._file = source, layout, file
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._skip = layout.skip_lines
        self._line = 1
        self._rest = b""
        self._ready = memoryview(b"")
        self._first = True
        self._bare_returns = False
        self._ended = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with clean text."""
        while not self._ready and not self._ended:
            self._ready = memoryview(self._next_block())
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def close(self) -> None:
        """Close the source too."""
        if not self.closed:
            self._source.close()
        super().close()

    def _next_block(self) -> bytes:
        fresh = self._source.read(_BLOCK)
        self._check_utf8(fresh)
        if self._first:
            fresh = fresh.removeprefix(codecs.BOM_UTF8)
            self._bare_returns = b"\r" in fresh and b"\n" not in fresh
            self._first = False
        if self._bare_returns:
            fresh = fresh.replace(b"\r", b"\n")
        block = self._rest + fresh
        if not fresh:
            self._ended = True
            self._rest = b""
            return self._clean(block if block.endswith(b"\n") or not block else block + b"\n")
        cut = _last_row_end(block)
        self._rest = block[cut:]
        if len(self._rest) > _LONGEST_LINE:
            raise TooCostlyError(
                f"{self._file}: line {self._line} is longer than {_LONGEST_LINE:,} bytes. "
                "Check its line ends and quotes.",
                file=self._file, line=self._line,
            )  # fmt: skip
        return self._clean(block[:cut])

    def _check_utf8(self, fresh: bytes) -> None:
        try:
            self._decoder.decode(fresh, final=not fresh)
        except UnicodeDecodeError as error:
            line = self._line + fresh[: error.start].count(b"\n")
            found = fresh[error.start : error.start + 1].hex()
            raise EncodingError(
                f"{self._file}: line {line} is not UTF-8 text (byte 0x{found}). It is probably "
                "Latin-1 or Windows-1252: save it as UTF-8 and upload it again.",
                file=self._file, line=line,
            ) from error  # fmt: skip
        self._line += fresh.count(b"\n")

    def _clean(self, block: bytes) -> bytes:
        if b"#" in block:
            block = _without_comments(block)
        if self._skip:
            block = self._without_header(block)
        if self._layout.delimiter == BLANKS:
            block = _tabbed(block)
        return block

    def _without_header(self, block: bytes) -> bytes:
        while self._skip and block:
            line, _, block = block.partition(b"\n")
            if line.strip():
                self._skip -= 1
        return block


def _last_row_end(block: bytes) -> int:
    """Return the offset after the last line end that stands outside quotes."""
    end = last = block.rfind(b"\n") + 1
    if b'"' not in block:
        return end
    while end > 0 and block.count(b'"', 0, end) % 2:
        end = block.rfind(b"\n", 0, end - 1) + 1
        if last - end > _LONGEST_QUOTE:
            return last  # a quote sign that opens nothing
    return end


def _without_comments(block: bytes) -> bytes:
    if b'"' not in block:
        return _COMMENT.sub(b"", block)
    kept = []
    inside = 0
    for line in block.split(b"\n"):
        if inside or not line.lstrip(b" \t").startswith(b"#"):
            kept.append(line)
            inside ^= line.count(b'"') % 2
    return b"\n".join(kept)


def _tabbed(block: bytes) -> bytes:
    if b'"' not in block:
        lines = (_BLANK_RUN.sub(b"\t", line.strip(b" \t\r")) for line in block.split(b"\n"))
    else:
        lines = (
            _BLANK_RUN_OR_QUOTED.sub(lambda found: found[1] or b"\t", line.strip(b" \t\r"))
            for line in block.split(b"\n")
        )
    return b"\n".join(lines)
