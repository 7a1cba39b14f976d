"""Files to and from the server: progress, resume, checksum, atomic rename."""

from __future__ import annotations

import hashlib
import os
from email.message import Message
from pathlib import Path
from typing import Final

import httpx

from pzserver._http import Connection
from pzserver._parallel import Patience, Turn
from pzserver.errors import PzServerError, ServerFault, Unreachable

_PASSING_STATUSES: Final = frozenset({429, 502, 503, 504})


def download(
    connection: Connection,
    url: str,
    folder: Path,
    *,
    checksum: str | None = None,
    size: int | None = None,
    turn: Turn | None = None,
) -> Path:
    """Download a file into a folder and return its path.

    The bytes go to ``<name>.part``, which is kept when the network fails or the program ends and
    continued by the next call; the file gets its name only when it is whole and its SHA-256 is
    right.

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
    turn
        Place among other transfers.

    Raises
    ------
    ServerFault
        If the file that arrived is not the one that was promised.
    """
    folder.mkdir(parents=True, exist_ok=True)
    delivery = _Delivery(connection, url, folder, size, turn or Turn())
    partial, resumed = delivery.fetch_stubbornly()
    if resumed and checksum and sha256_of(partial) != checksum:
        # The part belonged to other content: once more, from the first byte.
        partial.unlink()
        partial, _ = delivery.fetch_stubbornly()
    return _accept(partial, checksum)


class _Delivery:
    """One file on its way into a folder."""

    def __init__(
        self, connection: Connection, url: str, folder: Path, size: int | None, turn: Turn
    ) -> None:
        self._connection, self._url, self._folder = connection, url, folder
        self._size, self._turn, self._patience = size, turn, Patience(turn)

    def fetch_stubbornly(self) -> tuple[Path, bool]:
        """Fetch, continuing after interruptions; return the ``.part`` and whether it was begun."""
        interrupted = False
        while True:
            try:
                partial, begun_before = self._fetch()
            except PzServerError as error:
                if not isinstance(error, Unreachable) and error.status not in _PASSING_STATUSES:
                    raise
                interrupted = True
                self._patience.after(error)
            else:
                return partial, interrupted or begun_before

    def _fetch(self) -> tuple[Path, bool]:
        """Bring the rest of the file to its ``.part``; return it and whether it was begun."""
        with self._connection.stream(self._url) as response:
            partial = self._folder / f"{_file_name(response)}.part"
            if not partial.exists():
                self._write(response, partial, 0)
                return partial, False
        start_byte = partial.stat().st_size
        try:
            with self._connection.stream(self._url, start_byte=start_byte) as response:
                self._write(response, partial, start_byte if response.status_code == 206 else 0)
        except PzServerError as error:
            if error.status != 416:
                raise
            # Nothing lies beyond the bytes that are here: it is whole, or the checksum will tell.
        return partial, True

    def _write(self, response: httpx.Response, partial: Path, start_byte: int) -> None:
        announced = response.headers.get("Content-Length")
        total = start_byte + int(announced) if announced else self._size
        mode = "ab" if start_byte else "wb"
        with partial.open(mode) as file, self._turn.bar(partial.stem, total, start_byte) as bar:
            for block in response.iter_bytes():
                self._turn.check()
                file.write(block)
                bar.update(len(block))
                start_byte += len(block)
                self._patience.reached(start_byte)


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
