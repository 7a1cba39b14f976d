"""Downloaded main files, kept by checksum and shared by all programs of a user."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pzserver.errors import Invalid

#: What the folder may hold unless told otherwise, bytes.
DEFAULT_LIMIT_BYTES: Final = 10 * 1000**3
_OFF: Final = frozenset({"off", "no", "0"})
_RECORD: Final = "entry.json"


@dataclass(frozen=True)
class CachedFile:
    """A file that is kept.

    Attributes
    ----------
    checksum
        SHA-256, hexadecimal.
    name
        File name.
    size_bytes
        Size.
    used_at
        Last use, seconds since 1970.
    """

    checksum: str
    name: str
    size_bytes: int
    used_at: float


class Cache:
    """A folder of files by checksum; what was not used for longest goes first.

    Several programs and threads may use one folder: a file appears under its name only when it
    is whole, two that want the same file fetch it once, and who reads a file keeps it even when
    another removes it meanwhile.

    Parameters
    ----------
    folder
        Made when it does not exist.
    limit_bytes
        What it may hold; the file that was fetched last is kept even beyond it.
    """

    def __init__(self, folder: Path, *, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes

    def is_usable(self) -> bool:
        """Whether files can be kept here; makes the folder."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return False
        return os.access(self.folder, os.W_OK | os.X_OK)

    def entries(self) -> list[CachedFile]:
        """Return what is kept, latest use first."""
        found = [self._entry(folder) for folder in self._files.glob("*")]
        return sorted(
            (entry for entry in found if entry), key=lambda entry: entry.used_at, reverse=True
        )

    def size_bytes(self) -> int:
        """Return what all files take together."""
        return sum(entry.size_bytes for entry in self.entries())

    def clear(self) -> int:
        """Remove every file, also what arrived in part, and return how many bytes they took."""
        freed = sum(self._remove(entry) for entry in self.entries())
        for lock in (self.folder / "arriving").glob("*.lock"):
            freed += _forget_arriving(lock)
        return freed

    @contextmanager
    def borrow(self, checksum: str, fetch: Callable[[Path], Path]) -> Iterator[Path]:
        """Lend a file for the time of a block, fetched first when it is not here.

        Parameters
        ----------
        checksum
            SHA-256 of the file, hexadecimal.
        fetch
            Brings the file into the folder it is given and returns its path; the checksum of
            what it brings must be right.
        """
        if not self.has(checksum):
            self._store(checksum, fetch)
        self._files.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="lent-", dir=self.folder) as folder:
            lent = self.lend(checksum, Path(folder))
            # Another program may have removed it in this moment: then it is ours alone.
            yield lent or fetch(Path(folder))

    def has(self, checksum: str) -> bool:
        """Whether a file is kept, as it was stored."""
        return self._entry(self._files / checksum) is not None

    def lend(self, checksum: str, folder: Path) -> Path | None:
        """Put a kept file into a folder of the cache, without copying; None when it is gone."""
        return self._place(checksum, folder, _link_or_copy)

    def copy(self, checksum: str, folder: Path) -> Path | None:
        """Copy a kept file into a folder; None when it is not kept."""
        return self._place(checksum, folder, shutil.copyfile)

    def keep(self, checksum: str, path: Path) -> None:
        """Keep a copy of a file that is whole and right, unless it is larger than the cache."""
        if path.stat().st_size <= self.limit_bytes:
            self._store(checksum, lambda folder: Path(shutil.copyfile(path, folder / path.name)))

    def unpacked(self, checksum: str, unpack: Callable[[Path], object]) -> Path:
        """Return the folder with the content of a kept archive, unpacked when it is not yet.

        It is removed together with the archive, which is therefore not the first to go.
        """
        folder = self._files / checksum / "unpacked"
        if not folder.exists():
            with tempfile.TemporaryDirectory(prefix="unpacking-", dir=self.folder) as beside:
                unpack(Path(beside) / "content")
                try:
                    (Path(beside) / "content").replace(folder)
                except OSError:
                    if not folder.exists():  # else another was faster
                        raise
        return folder

    @property
    def _files(self) -> Path:
        return self.folder / "files"

    def _place(
        self, checksum: str, folder: Path, put: Callable[[Path, Path], object]
    ) -> Path | None:
        entry = self._entry(self._files / checksum)
        if entry is None:
            return None
        target = folder / entry.name
        beside = target.with_name(f"{target.name}.{os.getpid()}.part")
        try:
            put(self._files / checksum / entry.name, beside)
            os.utime(self._files / checksum)
        except FileNotFoundError:
            beside.unlink(missing_ok=True)
            return None
        beside.replace(target)
        return target

    def _store(self, checksum: str, fetch: Callable[[Path], Path]) -> None:
        """Fetch a file once, whoever else wants it too, and make room for it."""
        from filelock import FileLock

        arriving = self.folder / "arriving" / checksum
        arriving.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / "arriving" / f"{checksum}.lock"):
            if self.has(checksum):
                return
            path = fetch(arriving)
            self._publish(checksum, path)
        self._make_room(checksum)

    def _publish(self, checksum: str, path: Path) -> None:
        """Turn the folder that a file arrived in into an entry, in one step."""
        path.chmod(0o444)
        status = path.stat()
        record = {"name": path.name, "size": status.st_size, "mtime_ns": status.st_mtime_ns}
        (path.parent / _RECORD).write_text(json.dumps(record))
        target = self._files / checksum
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(target, ignore_errors=True)  # of a file that somebody changed
        path.parent.replace(target)

    def _make_room(self, newest: str) -> None:
        entries = self.entries()
        excess = sum(entry.size_bytes for entry in entries) - self.limit_bytes
        for entry in reversed(entries):
            if excess <= 0:
                return
            if entry.checksum != newest:
                excess -= self._remove(entry)

    def _remove(self, entry: CachedFile) -> int:
        """Take an entry away in one step; return its size, 0 when another was faster."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="gone-", dir=self.folder) as folder:
            try:
                (self._files / entry.checksum).replace(Path(folder) / "entry")
            except FileNotFoundError:
                return 0
        return entry.size_bytes

    def _entry(self, folder: Path) -> CachedFile | None:
        """Return what a folder keeps; None when it is not whole or was changed."""
        try:
            record = json.loads((folder / _RECORD).read_text())
            status = (folder / record["name"]).stat()
            used_at = folder.stat().st_mtime
        except (OSError, ValueError, KeyError):
            return None
        if (status.st_size, status.st_mtime_ns) != (record["size"], record["mtime_ns"]):
            return None
        return CachedFile(folder.name, record["name"], record["size"], used_at)


def _forget_arriving(lock: Path) -> int:
    """Remove what was fetched in part, unless somebody fetches it now; return its size, bytes."""
    from filelock import FileLock, Timeout

    folder = lock.with_suffix("")
    try:
        with FileLock(lock, timeout=0):
            size = sum(path.stat().st_size for path in folder.glob("*"))
            shutil.rmtree(folder, ignore_errors=True)
            return size
    except Timeout:
        return 0


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)


def default_cache() -> Cache | None:
    """Return the cache that the environment asks for; None when it is switched off.

    ``PZSERVER_CACHE`` names a folder, or is ``off``; by default the folder is the one that the
    system has for caches. ``PZSERVER_CACHE_GB`` limits its size, 10 by default.
    """
    place = os.environ.get("PZSERVER_CACHE", "")
    if place.lower() in _OFF:
        return None
    return Cache(Path(place).expanduser() if place else _user_folder(), limit_bytes=_limit_bytes())


def cache_at(choice: bool | str | Path) -> Cache | None:
    """Return the cache that an argument asks for: the default one, none, or that of a folder."""
    if choice is True:
        return default_cache()
    if choice is False:
        return None
    return Cache(Path(choice).expanduser(), limit_bytes=_limit_bytes())


def _user_folder() -> Path:
    import platformdirs

    return platformdirs.user_cache_path("pzserver", appauthor=False)


def _limit_bytes() -> int:
    text = os.environ.get("PZSERVER_CACHE_GB", "")
    if not text:
        return DEFAULT_LIMIT_BYTES
    try:
        limit = float(text)
    except ValueError:
        limit = -1.0
    if not limit >= 0:
        raise Invalid(f"PZSERVER_CACHE_GB={text!r}: a number of gigabytes, 0 or more, is expected")
    return int(limit * 1000**3)
