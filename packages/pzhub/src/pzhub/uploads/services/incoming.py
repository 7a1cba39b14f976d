"""Incoming bytes: one file per resumable upload, written by one process at a time.

How much has arrived is the size of the file and nothing else: no row has to agree with it. The
kernel drops the lock of a process that is killed. Bytes with a checksum of their own count only
once it was compared: until then a note beside the file says where they begin, and whoever takes
the lock next cuts them off.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pzhub.core import storage
from pzhub.core.errors import ConflictError, InvalidError

#: At most so many bytes wait to be written to the disk.
SYNC_BYTES: Final = 32 << 20
#: How long a request waits for another that writes the same file.
WAIT_SECONDS: Final = 3.0
_NOTE_SUFFIX: Final = ".unverified"


class UploadBusyError(ConflictError):
    """Another request is writing to the same upload."""

    code = "upload_busy"


class UploadGoneError(ConflictError):
    """The upload is no longer kept."""

    code = "upload_gone"


class PieceChecksumError(InvalidError):
    """What arrived is not what the sender computed the checksum of."""

    code = "checksum_mismatch"


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a piece must hash to: an algorithm of `hashlib` and the digest."""

    algorithm: str
    digest: bytes


class IncomingFile:
    """The bytes of one upload, while this process alone may change them."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path, self._descriptor = path, descriptor

    @property
    def offset(self) -> int:
        """How many bytes have arrived."""
        return os.fstat(self._descriptor).st_size

    def append(self, blocks: Iterable[bytes], checksum: Checksum | None = None) -> None:
        """Write blocks behind what is there; they are on the disk afterwards.

        Without a checksum whatever arrived stays, also when the blocks break off; with one,
        all of them stay or none.

        Raises
        ------
        PieceChecksumError
            If the blocks do not hash to the checksum.
        """
        if checksum is None:
            try:
                self._write(blocks)
            finally:
                self.sync()
        else:
            self._append_verified(blocks, checksum)

    def _append_verified(self, blocks: Iterable[bytes], checksum: Checksum) -> None:
        note = _note_of(self.path)
        _write_note(note, self.offset)
        try:
            digest = hashlib.new(checksum.algorithm)
            self._write(_hashed(blocks, digest))
            if digest.digest() != checksum.digest:
                raise PieceChecksumError(
                    f"The bytes do not have the {checksum.algorithm} checksum that was sent with "
                    "them: they were discarded, send them again"
                )
            self.sync()
            note.unlink()
        finally:
            self.forget_unverified()
        storage.sync_folder(self.path.parent)

    def _write(self, blocks: Iterable[bytes]) -> None:
        os.lseek(self._descriptor, 0, os.SEEK_END)
        waiting = 0
        for block in blocks:
            view = memoryview(block)
            while view:
                view = view[os.write(self._descriptor, view) :]
            waiting += len(block)
            if waiting >= SYNC_BYTES:
                self.sync()
                waiting = 0

    def sync(self) -> None:
        """Bring what is there to the disk."""
        os.fdatasync(self._descriptor)

    def forget_unverified(self) -> None:
        """Cut off bytes whose checksum was never compared."""
        note = _note_of(self.path)
        if note.exists():
            os.ftruncate(self._descriptor, int(note.read_text()))
            self.sync()
            note.unlink()

    def sha256(self) -> str:
        """Return the SHA-256 of everything that is there, hexadecimal."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def linked(self, target: Path) -> Path:
        """Give the bytes a second name, so that either may be removed without the other."""
        os.link(self.path, target)
        os.utime(target)  # what looks for forgotten files goes by their age
        return target

    def remove(self) -> None:
        """Remove the bytes; who waits for the lock finds them gone."""
        _note_of(self.path).unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


def create(upload_id: str) -> None:
    """Make the empty file of an upload."""
    path = path_of(upload_id)
    path.touch(mode=0o600, exist_ok=False)
    storage.sync_folder(path.parent)


def path_of(upload_id: str) -> Path:
    """Return where the bytes of an upload lie."""
    return storage.incoming_dir() / upload_id


def arrived_bytes(upload_id: str) -> int:
    """Return how many bytes of an upload seem to be there, without waiting for anybody."""
    path = path_of(upload_id)
    try:
        return int(_note_of(path).read_text())
    except FileNotFoundError:
        return path.stat().st_size if path.exists() else 0


def all_ids() -> list[str]:
    """Return the uploads that have a file."""
    return [path.name for path in storage.incoming_dir().iterdir() if not path.suffix]


@contextmanager
def held(upload_id: str, *, wait_seconds: float | None = None) -> Iterator[IncomingFile]:
    """Hold the bytes of an upload alone for the time of a block.

    Parameters
    ----------
    upload_id
        Whose bytes.
    wait_seconds
        How long to wait for another request that has them; `WAIT_SECONDS` when not given.

    Raises
    ------
    UploadBusyError
        If another request still holds them after the wait.
    UploadGoneError
        If they are not kept any more.
    """
    path = path_of(upload_id)
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        raise _gone() from None
    try:
        _lock(descriptor, WAIT_SECONDS if wait_seconds is None else wait_seconds)
        if os.fstat(descriptor).st_nlink == 0 or not path.exists():
            raise _gone()
        file = IncomingFile(path, descriptor)
        file.forget_unverified()
        yield file
    finally:
        os.close(descriptor)  # which gives the lock back


def _lock(descriptor: int, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise UploadBusyError(
                    "Another request is sending bytes of this upload: try again in a moment"
                ) from None
            time.sleep(0.02)
        else:
            return


def _gone() -> UploadGoneError:
    return UploadGoneError("This upload is no longer kept: begin it again")


def _note_of(path: Path) -> Path:
    return path.with_name(path.name + _NOTE_SUFFIX)


def _write_note(note: Path, offset: int) -> None:
    beside = note.with_suffix(".partial")
    with beside.open("w") as file:
        file.write(str(offset))
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, note)
    storage.sync_folder(note.parent)


def _hashed(blocks: Iterable[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    for block in blocks:
        digest.update(block)
        yield block
