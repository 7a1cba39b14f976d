"""Files to and from the server: progress, resume, checksum, atomic rename."""

from __future__ import annotations

import hashlib
from email.message import Message
from pathlib import Path
from typing import Final

import httpx

from pzserver._claim import Claim
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
    right. Who wants the same file in the same folder meanwhile waits.

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
    delivery = _Delivery(connection, url, folder, checksum, size, turn or Turn())
    try:
        return delivery.bring()
    finally:
        delivery.close()


class _Delivery:
    """One file on its way into a folder."""

    def __init__(
        self,
        connection: Connection,
        url: str,
        folder: Path,
        checksum: str | None,
        size: int | None,
        turn: Turn,
    ) -> None:
        self._connection, self._url, self._folder = connection, url, folder
        self._checksum, self._size = checksum, size
        self._turn, self._patience = turn, Patience(turn)
        self._claim: Claim | None = None

    def bring(self) -> Path:
        """Bring the file, and return it once it is whole and right."""
        claim, is_continued = self._fetch_stubbornly()
        if is_continued and not self._is_right(claim.path):
            # The part belonged to other content: once more, from the first byte.
            claim.begin(0)
            claim, _ = self._fetch_stubbornly()
        if not self._is_right(claim.path):
            claim.discard()
            raise ServerFault(
                f"{claim.path.stem} was discarded: its checksum differs from the server's; "
                "try again",
                code="checksum_differs",
            )
        return claim.finish(_target(claim))

    def close(self) -> None:
        """Let others have the file."""
        if self._claim is not None:
            self._claim.leave()

    def _fetch_stubbornly(self) -> tuple[Claim, bool]:
        """Fetch, continuing after interruptions; return the part and whether it was begun."""
        interrupted = False
        while True:
            try:
                claim, begun_before = self._fetch()
            except PzServerError as error:
                if not isinstance(error, Unreachable) and error.status not in _PASSING_STATUSES:
                    raise
                interrupted = True
                self._patience.after(error)
            else:
                return claim, interrupted or begun_before

    def _fetch(self) -> tuple[Claim, bool]:
        """Bring the rest of the file to its ``.part``; return it and whether it was begun."""
        if self._claim is None:
            with self._connection.stream(self._url) as response:
                self._claim = Claim(self._folder / f"{_file_name(response)}.part", self._turn)
                if not self._claim.size and not self._claim.has_waited:
                    self._write(self._claim, response, 0)
                    return self._claim, False
        claim = self._claim
        start_byte = claim.size
        try:
            with self._connection.stream(self._url, start_byte=start_byte) as response:
                self._write(claim, response, start_byte if response.status_code == 206 else 0)
        except PzServerError as error:
            if error.status != 416:
                raise
            # Nothing lies beyond the bytes that are here: it is whole, or the checksum will tell.
        return claim, start_byte > 0

    def _write(self, claim: Claim, response: httpx.Response, start_byte: int) -> None:
        announced = response.headers.get("Content-Length")
        total = start_byte + int(announced) if announced else self._size
        claim.begin(start_byte)
        with self._turn.bar(claim.path.stem, total, start_byte) as bar:
            for block in response.iter_bytes():
                self._turn.check()
                claim.write(block)
                bar.update(len(block))
                start_byte += len(block)
                self._patience.reached(start_byte)

    def _is_right(self, path: Path) -> bool:
        return self._checksum is None or sha256_of(path) == self._checksum


def _target(claim: Claim) -> Path:
    return claim.path.with_suffix("")


def _file_name(response: httpx.Response) -> str:
    message = Message()
    message["content-disposition"] = response.headers.get("Content-Disposition", "")
    return Path(message.get_filename() or "download").name


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
