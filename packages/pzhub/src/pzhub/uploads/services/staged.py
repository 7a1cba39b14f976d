"""Staged files: bytes that have arrived whole and belong to nothing yet."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pzhub.core import storage

#: Suffixes of two parts that stay whole.
_DOUBLE_SUFFIX: Final = re.compile(r"\.tar\.(gz|bz2|xz|zst)$")
_BLOCK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A complete file in the staging folder.

    Attributes
    ----------
    path
        Where it lies; registering it renames it away.
    name
        The name that the user gave, without folders.
    size
        bytes
    sha256
        Hexadecimal digest of the content.
    """

    path: Path
    name: str
    size: int
    sha256: str

    def discard(self) -> None:
        """Remove the bytes, unless they were registered meanwhile."""
        self.path.unlink(missing_ok=True)


def staging_path() -> Path:
    """Return a fresh path in the staging folder."""
    return storage.staging_dir() / f"{secrets.token_hex(12)}.part"


def stage_copy(source: Path, name: str | None = None) -> StagedFile:
    """Stage a copy of a local file, counting size and SHA-256 on the way."""
    target, digest, size = staging_path(), hashlib.sha256(), 0
    with source.open("rb") as reader, target.open("xb") as writer:
        while block := reader.read(_BLOCK_BYTES):
            writer.write(block)
            digest.update(block)
            size += len(block)
        writer.flush()
        os.fsync(writer.fileno())
    return StagedFile(target, name or source.name, size, digest.hexdigest())


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tree_digest(root: Path) -> tuple[str, int]:
    """Return a checksum of a directory's names and contents, and its size in bytes."""
    digest, size = hashlib.sha256(), 0
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(root).as_posix()}\0{file_sha256(path)}\n".encode())
        size += path.stat().st_size
    return digest.hexdigest(), size


def extension_of(name: str) -> str:
    """Return the lower-case last suffix of a name; ``.tar.gz`` and its kin stay whole.

    >>> extension_of("Cat.TAR.GZ"), extension_of("cat.FITS"), extension_of("README")
    ('.tar.gz', '.fits', '')
    """
    lower = name.lower()
    double = _DOUBLE_SUFFIX.search(lower)
    suffix = double.group() if double else Path(lower).suffix
    return suffix if len(suffix) <= 32 else ""
