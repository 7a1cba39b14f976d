"""A file that arrives in a folder, written by one program or thread at a time."""

from __future__ import annotations

import errno
import os
from io import FileIO
from pathlib import Path
from typing import Final

from pzserver._parallel import Turn

try:
    import fcntl
except ImportError:  # Windows: nobody else is kept away
    fcntl = None  # type: ignore[assignment]

_POLL_SECONDS: Final = 0.2
_BINARY: Final = getattr(os, "O_BINARY", 0)
_HELD: Final = frozenset({errno.EWOULDBLOCK, errno.EACCES})


class Claim:
    """The ``.part`` of a file: held from the first byte until the file has its name.

    Two that fetch the same file into the same folder would otherwise write into each other's
    bytes. The system gives the claim back when the program ends, however it ends.

    Parameters
    ----------
    path
        Made when it does not exist.
    turn
        Asked while another holds the file.
    """

    def __init__(self, path: Path, turn: Turn) -> None:
        self.path = path
        self.has_waited = False
        self._file = self._held(turn)

    @property
    def size(self) -> int:
        """How many bytes are there."""
        return os.fstat(self._file.fileno()).st_size

    def begin(self, start_byte: int) -> None:
        """Go on at a byte; what lies behind it is dropped."""
        self._file.truncate(start_byte)
        self._file.seek(start_byte)

    def write(self, block: bytes) -> None:
        """Write bytes where the last ones ended; they are the system's when this returns."""
        rest = memoryview(block)
        while rest:
            rest = rest[self._file.write(rest) :]

    def finish(self, target: Path) -> Path:
        """Give the file its name."""
        os.replace(self.path, target)
        self._file.close()
        return target

    def discard(self) -> None:
        """Remove what is there."""
        self.path.unlink(missing_ok=True)
        self._file.close()

    def leave(self) -> None:
        """Give it back; what arrived stays for the next attempt."""
        if self._file.closed:
            return
        if not self.size:
            self.path.unlink(missing_ok=True)
        self._file.close()

    def _held(self, turn: Turn) -> FileIO:
        while True:
            file = FileIO(os.open(self.path, os.O_RDWR | os.O_CREAT | _BINARY, 0o666), "r+")
            try:
                if self._take(file) and self._is_current(file):
                    return file
            except BaseException:
                file.close()
                raise
            file.close()
            self.has_waited = True
            turn.stop.wait(_POLL_SECONDS)
            turn.check()

    @staticmethod
    def _take(file: FileIO) -> bool:
        if fcntl is None:
            return True
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # Some network file systems know no locks: better without than not at all.
            return error.errno not in _HELD
        return True

    def _is_current(self, file: FileIO) -> bool:
        """Whether the file was not renamed or removed by the one who had it before."""
        try:
            there, ours = self.path.stat(), os.fstat(file.fileno())
        except FileNotFoundError:
            return False
        return os.path.samestat(there, ours)
