"""A network that can be held or cut in the middle of a transfer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress


class Network:
    """Stands between a client and a server, and counts the bytes of each direction.

    ``hold_up`` and ``hold_down`` are how many bytes may pass; what comes later waits until
    `release`. `cut` breaks every connection there is.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.up = self.down = 0
        self.hold_up: int | None = None
        self.hold_down: int | None = None
        self._may_pass = threading.Condition()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open = True
        threading.Thread(target=self._accept, daemon=True).start()

    def release(self) -> None:
        """Let everything pass, and count anew."""
        with self._may_pass:
            self.hold_up = self.hold_down = None
            self.up = self.down = 0
            self._may_pass.notify_all()

    def cut(self) -> None:
        """Break every connection."""
        for pair in self._pairs:
            for end_point in pair:
                with suppress(OSError):
                    end_point.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def close(self) -> None:
        """Stop."""
        self._open = False
        self.release()
        self.cut()
        self._listener.close()

    def wait_until_held(self, check: Callable[[], None] = lambda: None) -> None:
        """Wait until as much has passed as may; the check fails when that cannot be any more."""
        deadline = time.monotonic() + 30
        while not self._is_held():
            check()
            assert time.monotonic() < deadline, (self.up, self.down)
            time.sleep(0.01)

    def _is_held(self) -> bool:
        up, down = self.hold_up, self.hold_down
        return (up is not None and self.up >= up) or (down is not None and self.down >= down)

    def _accept(self) -> None:
        while self._open:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                near.close()
                continue
            self._pairs.append((near, far))
            for source, target, way in ((near, far, "up"), (far, near, "down")):
                threading.Thread(target=self._pump, args=(source, target, way), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, way: str) -> None:
        try:
            while block := source.recv(1 << 15):
                self._wait_for_turn(way)
                target.sendall(block)
                setattr(self, way, getattr(self, way) + len(block))
        except OSError:
            pass
        for end_point in (source, target):
            with suppress(OSError):
                end_point.shutdown(socket.SHUT_RDWR)
            end_point.close()

    def _wait_for_turn(self, way: str) -> None:
        def may_pass() -> bool:
            limit = getattr(self, f"hold_{way}")
            return limit is None or getattr(self, way) < limit

        with self._may_pass:
            self._may_pass.wait_for(may_pass)
