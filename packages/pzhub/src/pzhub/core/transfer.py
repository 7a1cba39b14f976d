"""Sending files: whole or in ranges, with validators, by the kernel where the server can."""

from __future__ import annotations

import mimetypes
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date, parse_http_date_safe

from pzhub.core.errors import NotFoundError

BLOCK_BYTES: Final = 1 << 20
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class _Span:
    """The bytes ``first`` to ``last`` of an open file, as a file of its own.

    It has a ``fileno`` positioned at the first byte: a server with ``sendfile``
    sends ``Content-Length`` bytes from there without reading them into Python.
    """

    def __init__(self, file: BinaryIO, first: int, length: int) -> None:
        self._file, self._left = file, length
        file.seek(first)

    def fileno(self) -> int:
        return self._file.fileno()

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        block = self._file.read(wanted)
        self._left -= len(block)
        return block

    def __iter__(self) -> Iterator[bytes]:
        while block := self.read(BLOCK_BYTES):
            yield block

    def close(self) -> None:
        self._file.close()


class SpanResponse(StreamingHttpResponse):
    """A streamed span of a file that the server may send with ``sendfile``."""

    block_size = BLOCK_BYTES

    def __init__(self, span: _Span, **options: Any) -> None:
        super().__init__(span, **options)  # which closes it in the end
        self.file_to_stream = span  # WSGIHandler hands it to wsgi.file_wrapper


def _span_of(header: str, size: int) -> tuple[int, int] | None:
    """Return first byte and length of a single range; ``None`` means the whole file.

    Several ranges, and what is no range at all, are answered with the whole file,
    as RFC 9110 allows. A range that begins beyond the end has length 0.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:  # the last so many bytes
        length = min(int(last), size)
        return size - length, length
    if last and int(last) < int(first):
        return None
    end = min(int(last), size - 1) if last else size - 1
    return int(first), max(end - int(first) + 1, 0)


def _is_range_current(request: HttpRequest, etag: str, modified: int) -> bool:
    """Tell whether ``If-Range`` still names this version of the file."""
    condition = request.headers.get("If-Range", "").strip()
    if not condition or condition == etag:
        return True
    return parse_http_date_safe(condition) == modified


def file_response(
    request: HttpRequest,
    path: Path,
    *,
    filename: str,
    etag: str,
    content_type: str | None = None,
    inline: bool = False,
) -> HttpResponseBase:
    """Answer a request with a file.

    Parameters
    ----------
    request
        Its ``Range``, ``If-Range``, ``If-None-Match`` and ``If-Modified-Since`` are honoured.
    path
        The file.
    filename
        Name that the user's file gets; folders in it are dropped.
    etag
        Changes with the content; its checksum.
    content_type
        By the name when absent.
    inline
        Show rather than save. What users uploaded is sandboxed either way.

    Raises
    ------
    NotFoundError
        If the file is gone.
    """
    try:
        file = path.open("rb", buffering=0)
    except (FileNotFoundError, IsADirectoryError):
        raise NotFoundError(f"{filename} is no longer on the server", filename=filename) from None
    status = os.fstat(file.fileno())
    size, modified, quoted = status.st_size, int(status.st_mtime), f'"{etag}"'
    response = _unchanged(request, quoted, modified) or _span_response(
        request, file, size, quoted, modified
    )
    if not isinstance(response, SpanResponse):
        file.close()
    name = Path(filename).name
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = quoted
    response["Last-Modified"] = http_date(modified)
    response["Cache-Control"] = "private, no-cache"
    response["Content-Security-Policy"] = "sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    if response.status_code in (200, 206):
        response["Content-Type"] = content_type or _type_of(name)
        response["Content-Disposition"] = content_disposition_header(not inline, name) or ""
    return response


def _type_of(name: str) -> str:
    kind, encoding = mimetypes.guess_type(name)
    return "application/octet-stream" if encoding or not kind else kind


def _unchanged(request: HttpRequest, etag: str, modified: int) -> HttpResponseBase | None:
    """Return the 304 or 412 that the request's conditions ask for, or ``None``."""
    return get_conditional_response(request, etag=etag, last_modified=modified)


def _span_response(
    request: HttpRequest, file: BinaryIO, size: int, etag: str, modified: int
) -> HttpResponseBase:
    """Return the whole file, the asked part of it, or the refusal of a range beyond its end."""
    span = _span_of(request.headers.get("Range", ""), size)
    if span is None or not _is_range_current(request, etag, modified):
        response: HttpResponseBase = SpanResponse(_Span(file, 0, size))
        response["Content-Length"] = str(size)
        return response
    first, length = span
    if length == 0:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    response = SpanResponse(_Span(file, first, length), status=206)
    response["Content-Length"] = str(length)
    response["Content-Range"] = f"bytes {first}-{first + length - 1}/{size}"
    return response
