"""One server per data folder, one listening socket per server."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from pathlib import Path
from typing import Final, TextIO

from pzhub.core.errors import ConflictError

#: How long the parts of a server that was killed may take to let go of its port, seconds.
RELEASE_SECONDS: Final = 8.0


class DataFolderInUseError(ConflictError):
    """Another server uses the data folder."""

    code = "data_folder_in_use"


class PortInUseError(ConflictError):
    """Another program listens on the port."""

    code = "port_in_use"


class FolderLock:
    """The exclusive right to serve a data folder, held for as long as this process lives."""

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = (data_dir / "serve.lock").open("a+")
        self._take(data_dir)
        self._file.seek(0)
        #: The last server of this folder did not end by itself.
        self.was_killed = bool(self._file.read().strip())

    def _take(self, data_dir: Path) -> None:
        # Parts of a server that was killed may hold the folder for a moment.
        deadline = time.monotonic() + 2.0
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    self._refuse(data_dir)
                time.sleep(0.1)

    def _refuse(self, data_dir: Path) -> None:
        self._file.seek(0)
        holder = self._file.read().strip() or "another process"
        raise DataFolderInUseError(
            f"{data_dir}: {holder} serves this data folder already;"
            " stop it, or choose another folder with --data-dir"
        )

    def describe(self, address: str) -> None:
        """Write into the lock who holds it."""
        self._file.truncate(0)
        self._file.write(f"process {os.getpid()} at {address}\n")
        self._file.flush()

    def forget(self) -> None:
        """Close this process's copy: in a child, which must not keep the folder locked."""
        self._file.close()

    def release(self) -> None:
        """Give the folder free after an orderly end."""
        self._file.truncate(0)
        self._file.close()


def listening_socket(host: str, port: int, *, patient: bool) -> socket.socket:
    """Return a socket that listens on an address.

    Parameters
    ----------
    host, port
        The address.
    patient
        Wait a few seconds for a killed server to let go of the port.

    Raises
    ------
    PortInUseError
        If another program listens there, or the address is not this machine's.
    """
    deadline = time.monotonic() + (RELEASE_SECONDS if patient else 0.0)
    while True:
        try:
            return _bound(host, port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(0.2)
                continue
            raise PortInUseError(_sentence(host, port, error)) from error


def _bound(host: str, port: int) -> socket.socket:
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener


def _sentence(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} of {host} is in use by another program;"
            " choose another with --port, or stop that program"
        )
    return (
        f"Cannot listen on {host} port {port}: {error.strerror or error}; check --host and --port"
    )
