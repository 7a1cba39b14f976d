"""Large files to the server, over as many connections as it takes: the tus protocol, 1.0.0."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pzserver._http import Connection
from pzserver._memory import Memory, fingerprint
from pzserver._parallel import Patience, Turn
from pzserver.errors import PzServerError, ServerFault, Unreachable

_VERSION: Final = {"Tus-Resumable": "1.0.0"}
_STREAM: Final = {"Content-Type": "application/offset+octet-stream"}
#: One request carries so many bytes: a proxy that keeps requests until they are whole loses
#: no more than one of them.
PIECE_BYTES: Final = 32 << 20
_BLOCK_BYTES: Final = 1 << 18
#: Worth another attempt: time-outs, too often, a server or proxy that is busy or restarting, and
#: an earlier request of ours that the server still believes to be there.
_PASSING_STATUSES: Final = frozenset({408, 423, 429, 500, 502, 503, 504})
#: The server does not keep the upload, or what arrived is not the file: it has to begin again.
_LOST_STATUSES: Final = frozenset({404, 410, 460})


@dataclass(frozen=True)
class Shipment:
    """One file on its way to a product.

    Attributes
    ----------
    path
        The file.
    product_id
        Of the draft or product.
    role
        Number of its role.
    mimetype
        Media type, if it is known.
    """

    path: Path
    product_id: int
    role: int
    mimetype: str | None = None

    def facts(self, server: str) -> dict[str, Any]:
        """Return what the upload is remembered by: server, product, role and the file's facts."""
        return {
            "server": server,
            "product": self.product_id,
            "role": self.role,
            **fingerprint(self.path),
        }

    def metadata(self, sha256: str) -> str:
        """Return the header that announces the file."""
        pairs = {
            "filename": self.path.name,
            "filetype": self.mimetype or "",
            "product": self.product_id,
            "role": self.role,
            "sha256": sha256,
        }
        return ",".join(
            f"{name} {base64.b64encode(str(value).encode()).decode()}"
            for name, value in pairs.items()
        )


class ResumableSender:
    """Sends one file, from wherever an earlier attempt stopped.

    Parameters
    ----------
    connection
        Where to.
    shipment
        What.
    turn
        Its place among other transfers.
    memory
        Where the address of the upload is remembered until it is done.
    """

    def __init__(
        self, connection: Connection, shipment: Shipment, turn: Turn, memory: Memory
    ) -> None:
        self._connection, self._shipment, self._turn = connection, shipment, turn
        self._memory, self._facts = memory, shipment.facts(connection.base_url)
        self._size: int = self._facts["size"]

    def send(self) -> dict[str, Any]:
        """Send the file and return what the server made of it, as ``product-files/`` lists it.

        Raises
        ------
        Unreachable
            If the server does not come back; another call goes on where this one stopped.
        ServerFault
            If what arrived is not what was sent.
        """
        sha256 = _sha256_of(self._shipment.path, self._turn)
        address = self._memory.recall(self._facts)
        try:
            return self._send_to(address or self._begin(sha256), sha256)
        except PzServerError as error:
            if error.status not in _LOST_STATUSES:
                raise
        self._memory.forget(self._facts)
        return self._send_to(self._begin(sha256), sha256)

    def _begin(self, sha256: str) -> str:
        patience = Patience(self._turn)
        headers = {
            **_VERSION,
            "Upload-Length": str(self._size),
            "Upload-Metadata": self._shipment.metadata(sha256),
        }
        while True:
            try:
                answer = self._connection.exchange("POST", "uploads/", headers=headers)
            except PzServerError as error:
                if not _is_passing(error):
                    raise
                patience.after(error)
            else:
                address = str(answer.headers["Location"])
                self._memory.remember(self._facts, address)
                return address

    def _send_to(self, address: str, sha256: str) -> dict[str, Any]:
        with self._turn.bar(self._shipment.path.name, self._size) as bar:
            self._send_rest(address, bar)
        upload = self._finished(address)
        self._memory.forget(self._facts)
        if upload["sha256"] != sha256:
            raise ServerFault(
                f"{self._shipment.path.name} arrived with another checksum than it left with; "
                "remove it from the product and send it again",
                code="checksum_differs",
            )
        return dict(self._connection.get(f"product-files/{upload['file']}/"))

    def _send_rest(self, address: str, bar: Any) -> None:
        """Send what has not arrived, again and again until all of it has."""
        patience = Patience(self._turn)
        while True:
            try:
                offset = self._offset(address)
                while offset < self._size:
                    patience.reached(offset)
                    _move(bar, offset)
                    offset = self._send_piece(address, offset, bar)
                return
            except PzServerError as error:
                if not _is_passing(error):
                    raise
                patience.after(error)

    def _offset(self, address: str) -> int:
        answer = self._connection.exchange("HEAD", address, headers=_VERSION)
        return int(answer.headers["Upload-Offset"])

    def _send_piece(self, address: str, offset: int, bar: Any) -> int:
        length = min(PIECE_BYTES, self._size - offset)
        answer = self._connection.exchange(
            "PATCH",
            address,
            headers={
                **_VERSION,
                **_STREAM,
                "Upload-Offset": str(offset),
                "Content-Length": str(length),
            },
            content=self._blocks(offset, length, bar),
        )
        return int(answer.headers["Upload-Offset"])

    def _blocks(self, offset: int, length: int, bar: Any) -> Iterator[bytes]:
        with self._shipment.path.open("rb", buffering=0) as file:
            file.seek(offset)
            while length and (block := file.read(min(_BLOCK_BYTES, length))):
                self._turn.check()
                yield block
                length -= len(block)
                bar.update(len(block))

    def _finished(self, address: str) -> dict[str, Any]:
        """Return the upload once it is a file; ask for that when the server died over it."""
        upload = dict(self._connection.get(address))
        if upload["file"] is None:
            self._connection.exchange(
                "PATCH",
                address,
                headers={
                    **_VERSION,
                    **_STREAM,
                    "Upload-Offset": str(self._size),
                    "Content-Length": "0",
                },
            )
            upload = dict(self._connection.get(address))
        return upload


def _is_passing(error: PzServerError) -> bool:
    """Tell whether an error may be gone at the next attempt."""
    return (
        isinstance(error, Unreachable)
        or error.status in _PASSING_STATUSES
        or error.code == "offset_conflict"
    )


def _move(bar: Any, offset: int) -> None:
    """Set a bar to where the server is, which may be behind what was sent."""
    bar.update(offset - bar.n)


def _sha256_of(path: Path, turn: Turn) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while block := file.read(1 << 20):
            turn.check()
            digest.update(block)
    return digest.hexdigest()
