"""Bytes of a file, decompressed on the way, never more than its budget."""

from __future__ import annotations

import io
import lzma
import shutil
import tempfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, cast

import pyarrow as pa

from pztables.errors import TableError, TooCostlyError, TruncatedFileError
from pztables.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

_BROKEN = (EOFError, zlib.error, lzma.LZMAError, OSError, pa.ArrowInvalid)


def open_bytes(path: Path, limits: Limits = DEFAULT_LIMITS) -> BinaryIO:
    """Open a file for reading, decompressing gzip, bzip2, xz and zstandard streams.

    Parameters
    ----------
    path
        Compression is recognised by content, whatever the suffix.
    limits
        How far a compressed stream may grow.

    Raises
    ------
    TableError
        If the file cannot be opened.
    """
    from pztables.formats.sniff import compression_of

    try:
        raw = path.open("rb")
    except OSError as error:
        raise TableError(
            f"{path.name}: cannot be opened ({error.strerror}).", file=path.name
        ) from error
    head = raw.read(8)
    raw.seek(0)
    kind = compression_of(head)
    if kind is None:
        return raw
    allowance = limits.unpacked_allowance(path.stat().st_size)
    inner = _decompressor(raw, kind)
    return cast("BinaryIO", io.BufferedReader(_Bounded(inner, raw, path.name, allowance), 1 << 20))


def _decompressor(raw: IO[bytes], kind: str) -> Any:
    if kind == "gzip":
        import gzip

        return gzip.GzipFile(fileobj=raw, mode="rb")
    if kind == "bz2":
        import bz2

        return bz2.BZ2File(raw)
    if kind == "xz":
        # memlimit: a crafted header asks for gigabytes of dictionary
        return _XzStream(raw)
    return pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")


class _XzStream:
    """An xz stream whose decoder may not take more than 256 MB."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._decoder = lzma.LZMADecompressor(memlimit=256_000_000)

    def read(self, size: int) -> bytes:
        while True:
            if self._decoder.eof:
                return self._next_stream(size)
            fresh = self._raw.read(65_536) if self._decoder.needs_input else b""
            if self._decoder.needs_input and not fresh:
                raise EOFError
            piece = self._decoder.decompress(fresh, max_length=size)
            if piece:
                return piece

    def _next_stream(self, size: int) -> bytes:
        rest = (self._decoder.unused_data + self._raw.read(65_536)).lstrip(b"\0")
        if not rest:
            return b""
        self._decoder = lzma.LZMADecompressor(memlimit=256_000_000)
        return self._decoder.decompress(rest, max_length=size) or self.read(size)

    def close(self) -> None:
        """Nothing of its own to close."""


class _Bounded(io.RawIOBase):
    """Hand out decompressed bytes up to an allowance, and broken streams as refusals."""

    def __init__(self, inner: Any, raw: IO[bytes], name: str, allowance: int) -> None:
        self._inner, self._raw, self._name = inner, raw, name
        self._left, self._allowance = allowance, allowance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            piece = self._inner.read(min(len(buffer), 1 << 20))
        except _BROKEN as error:
            raise TruncatedFileError(
                f"{self._name}: its compressed content is damaged or cut off. "
                "Compress and upload it again.",
                file=self._name,
            ) from error
        self._left -= len(piece)
        if self._left < 0:
            raise TooCostlyError(
                f"{self._name}: grows beyond {self._allowance:,} bytes when decompressed. "
                "Upload it uncompressed, or split it.",
                file=self._name, allowed=self._allowance,
            )  # fmt: skip
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._inner.close()
            self._raw.close()
        super().close()


@contextmanager
def plain_file(path: Path, limits: Limits) -> Iterator[Path]:
    """Yield a path that holds the uncompressed bytes: the file itself, or a temporary copy.

    For libraries that must seek (FITS, HDF5, Parquet, VOTable).
    """
    from pztables.formats.sniff import compression_of

    with path.open("rb") as raw:
        compressed = compression_of(raw.read(8)) is not None
    if not compressed:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="pztables-") as folder:
        copy = Path(folder) / path.name
        with open_bytes(path, limits) as stream, copy.open("wb") as out:
            shutil.copyfileobj(stream, out, 1 << 20)
        yield copy
