"""A network that can be held or cut in the middle of a transfer."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

_HEAD: Final = re.compile(
    rb"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /\S* HTTP/1\.1\r\n(?:[!-~]+:[^\r\n]*\r\n)+\r\n"
)
_LONGEST_HEAD: Final = 8192


class Network:
    """Stands between a client and a server, and counts the bytes of each direction.

    ``hold_up`` and ``hold_down`` are how many bytes may pass; what comes later waits until
    `release`. `cut` breaks every connection there is.

    How many bytes passed says little of how many were used: the system keeps megabytes for a
    reader that is busy or gone. What clients meant to send and to get stands in the heads of
    their requests, which ``heads`` keeps since the last `release`.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.up = self.down = 0
        self.heads: list[str] = []
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
            self.heads = []
            self._may_pass.notify_all()

    def values(self, method: str, header: str, place: str = "/") -> list[str]:
        """Return what requests of a method to such a place said in a header, where they did."""
        start = rf"^{method} \S*{re.escape(place)}.*?"
        pattern = re.compile(rf"{start}^{header}: *([^\r\n]*)", re.DOTALL | re.M | re.I)
        return [found[1] for head in self.heads if (found := pattern.search(head))]

    def requests(self, method: str, ending: str) -> int:
        """Return how many requests of a method there were to addresses with an ending."""
        line = re.compile(rf"{method} \S*{re.escape(ending)} HTTP/")
        return sum(bool(line.match(head)) for head in self.heads)

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
        rest = b""
        try:
            while block := source.recv(1 << 15):
                self._wait_for_turn(way)
                target.sendall(block)
                with self._may_pass:
                    setattr(self, way, getattr(self, way) + len(block))
                    if way == "up":
                        rest = self._note_heads(rest + block)
        except OSError:
            pass
        for end_point in (source, target):
            with suppress(OSError):
                end_point.shutdown(socket.SHUT_RDWR)
            end_point.close()

    def _note_heads(self, text: bytes) -> bytes:
        """Note the whole heads in what passed; return the end, which may hold a part of one."""
        found = list(_HEAD.finditer(text))
        self.heads += [head[0].decode("latin-1") for head in found]
        seen = found[-1].end() if found else 0
        return text[max(seen, len(text) - _LONGEST_HEAD) :]

    def _wait_for_turn(self, way: str) -> None:
        def may_pass() -> bool:
            limit = getattr(self, f"hold_{way}")
            return limit is None or getattr(self, way) < limit

        with self._may_pass:
            self._may_pass.wait_for(may_pass)
