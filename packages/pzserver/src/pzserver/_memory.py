"""What this computer remembers of uploads that are under way, so that a killed program goes on."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any, Final

#: The server forgets unfinished uploads after a week; nothing older is of use.
_KEPT_SECONDS: Final = 30 * 86_400


class Memory:
    """A folder of small files that only their owner can read; one per upload under way.

    Parameters
    ----------
    folder
        Made on first use; None is the place that the system has for such things.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        """Where it remembers."""
        if self._folder is None:
            import platformdirs

            self._folder = platformdirs.user_state_path("pzserver", appauthor=False) / "uploads"
        return self._folder

    def recall(self, facts: dict[str, Any]) -> Any:
        """Return what was remembered under exactly these facts, or None."""
        try:
            record = json.loads(self._place(facts).read_text())
        except (OSError, ValueError):
            return None
        return record["value"] if record.get("facts") == facts else None

    def remember(self, facts: dict[str, Any], value: Any) -> None:
        """Keep a value under these facts, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._drop_old()
        place = self._place(facts)
        beside = place.with_suffix(f".{os.getpid()}.partial")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"facts": facts, "value": value}, file)
        beside.replace(place)

    def forget(self, facts: dict[str, Any]) -> None:
        """Keep nothing under these facts any more."""
        self._place(facts).unlink(missing_ok=True)

    def _place(self, facts: dict[str, Any]) -> Path:
        text = json.dumps(facts, sort_keys=True)
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"

    def _drop_old(self) -> None:
        before = time.time() - _KEPT_SECONDS
        for path in self.folder.iterdir():
            try:
                if path.stat().st_mtime < before:
                    path.unlink()
            except FileNotFoundError:  # another program dropped it
                continue


def fingerprint(path: Path) -> dict[str, Any]:
    """Return what tells a file from others, and from itself after a change, without reading it."""
    status = path.stat()
    return {"path": str(path.resolve()), "size": status.st_size, "mtime_ns": status.st_mtime_ns}
