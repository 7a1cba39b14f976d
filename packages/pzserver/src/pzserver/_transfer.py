"""Files to and from the server: progress, resume, checksum, atomic rename."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import Any, Final

import httpx
from tqdm import tqdm

from pzserver._http import Connection
from pzserver.errors import PzServerError, ServerFault, Unreachable

_MAX_ATTEMPTS: Final = 5


def download(
    connection: Connection,
    url: str,
    folder: Path,
    *,
    checksum: str | None = None,
    size: int | None = None,
) -> Path:
    """Download a file into a folder and return its path.

    The bytes go to ``<name>.part``, which is kept when the network fails and continued by the
    next call; the file gets its name only when it is whole and its SHA-256 is right.

    Parameters
    ----------
    connection
        Where from.
    url
        Address, absolute or below the API.
    folder
        Made when it does not exist.
    checksum
        SHA-256 in hexadecimal digits, checked when given.
    size
        Total size in bytes, for the progress bar.

    Raises
    ------
    ServerFault
        If the file that arrived is not the one that was promised.
    """
    folder.mkdir(parents=True, exist_ok=True)
    partial, resumed = _fetch_stubbornly(connection, url, folder, size=size)
    if resumed and checksum and sha256_of(partial) != checksum:
        # The part belonged to other content: once more, from the first byte.
        partial.unlink()
        partial, _ = _fetch_stubbornly(connection, url, folder, size=size)
    return _accept(partial, checksum)


def _fetch_stubbornly(
    connection: Connection, url: str, folder: Path, *, size: int | None
) -> tuple[Path, bool]:
    """Fetch, continuing after interruptions; return the ``.part`` and whether it was continued."""
    resumed = False
    for attempt in range(1, _MAX_ATTEMPTS + 1):
        try:
            partial, continued = _fetch(connection, url, folder, size=size)
            return partial, resumed or continued
        except Unreachable:
            if attempt == _MAX_ATTEMPTS:
                raise
            resumed = True
    raise AssertionError("the last attempt returns or raises")


def _fetch(
    connection: Connection, url: str, folder: Path, *, size: int | None
) -> tuple[Path, bool]:
    """Bring the rest of a file to its ``.part``; return it and whether it was begun before."""
    with connection.stream(url) as response:
        partial = folder / f"{_file_name(response)}.part"
        if not partial.exists():
            _write(response, partial, "wb", 0, size)
            return partial, False
    start_byte = partial.stat().st_size
    try:
        with connection.stream(url, start_byte=start_byte) as response:
            continues = response.status_code == 206
            _write(
                response, partial, "ab" if continues else "wb", start_byte if continues else 0, size
            )
    except PzServerError as error:
        if error.status != 416:
            raise
        # Nothing lies beyond the bytes that are here: the file is whole, or the checksum will tell.
    return partial, True


def _write(
    response: httpx.Response, partial: Path, mode: str, start_byte: int, size: int | None
) -> None:
    expected = (
        start_byte + int(response.headers["Content-Length"])
        if "Content-Length" in response.headers
        else size
    )
    with partial.open(mode) as file, _bar(partial.stem, expected, start_byte) as bar:
        for block in response.iter_bytes():
            file.write(block)
            bar.update(len(block))


def _accept(partial: Path, checksum: str | None) -> Path:
    if checksum and sha256_of(partial) != checksum:
        partial.unlink()
        raise ServerFault(
            f"{partial.stem} was discarded: its checksum differs from the server's; try again",
            code="checksum_differs",
        )
    target = partial.with_suffix("")
    os.replace(partial, target)
    return target


def _file_name(response: httpx.Response) -> str:
    message = Message()
    message["content-disposition"] = response.headers.get("Content-Disposition", "")
    return Path(message.get_filename() or "download").name


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _bar(name: str, total: int | None, initial: int) -> Iterator[Any]:
    """Show progress on a terminal; stay silent in scripts and logs."""
    with tqdm(
        desc=name,
        total=total,
        initial=initial,
        unit="B",
        unit_scale=True,
        disable=not sys.stderr.isatty(),
    ) as bar:
        yield bar
