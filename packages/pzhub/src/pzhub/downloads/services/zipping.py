"""Write zips: metadata first, members that do not shrink stored as they are."""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import yaml

_BLOCK_BYTES: Final = 1 << 20
_SAMPLE_BYTES: Final = 1 << 16
#: A sample that keeps more than this part of its size is not worth deflating.
_WORTHWHILE: Final = 0.9
#: Twice as fast as level 4 on tables of numbers, for a twentieth more bytes: somebody waits for it.
_DEFLATE_LEVEL: Final = 1


def write_zip(
    target: Path, members: Iterable[tuple[Path, str]], metadata: tuple[str, dict[str, Any]] | None
) -> tuple[int, str]:
    """Write the zip of one product.

    Parameters
    ----------
    target
        Where it will be.
    members
        Path and member name of each file.
    metadata
        Name and content of a YAML member that comes first.

    Returns
    -------
    size in bytes and SHA-256 of the zip
    """

    def fill(archive: zipfile.ZipFile) -> None:
        if metadata is not None:
            add_text(archive, metadata[0], yaml_text(metadata[1]))
        for path, name in members:
            add_file(archive, path, name)

    return zip_filled_by(fill, target)


def zip_filled_by(fill: Callable[[zipfile.ZipFile], None], target: Path) -> tuple[int, str]:
    """Write a zip beside its place and rename it there; return its size in bytes and SHA-256.

    It is not forced to the disk, which would halve the speed: whoever opens it compares
    its size, and builds it again when a power failure took some of it.
    """
    partial = target.with_name(f"{target.name}.partial")
    with partial.open("wb") as file, zipfile.ZipFile(file, "w", allowZip64=True) as archive:
        fill(archive)
    with partial.open("rb") as written:
        checksum = hashlib.file_digest(written, "sha256").hexdigest()
    size = partial.stat().st_size
    os.replace(partial, target)
    return size, checksum


def yaml_text(content: dict[str, Any]) -> str:
    """Write what a metadata file says."""
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    return text


def add_text(archive: zipfile.ZipFile, name: str, text: str) -> None:
    """Add a small file that is nowhere else."""
    archive.writestr(name, text, zipfile.ZIP_DEFLATED)


def _nobody(n_bytes: int) -> None:
    """Tell nobody how far the copying is."""


def add_file(
    archive: zipfile.ZipFile, path: Path, name: str, tell: Callable[[int], None] = _nobody
) -> None:
    """Copy one file into the archive in pieces, telling the bytes of each."""
    entry = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
    entry.compress_type = zipfile.ZIP_DEFLATED if does_shrink(path) else zipfile.ZIP_STORED
    # ZipFile.open(…, "w") takes the level from the entry; the name of the attribute was
    # private before Python 3.13.
    level = "compress_level" if hasattr(entry, "compress_level") else "_compresslevel"
    setattr(entry, level, _DEFLATE_LEVEL)
    with path.open("rb", buffering=0) as reader, archive.open(entry, "w") as writer:
        while block := reader.read(_BLOCK_BYTES):
            writer.write(block)
            tell(len(block))


def does_shrink(path: Path) -> bool:
    """Tell from three samples whether deflating a file is worth the time.

    Compressed columns, pictures and archives do not shrink, whatever their suffix.
    """
    size, taken, packed = path.stat().st_size, 0, 0
    with path.open("rb", buffering=0) as file:
        for start in sorted({0, size // 2, max(size - _SAMPLE_BYTES, 0)}):
            file.seek(start)
            sample = file.read(_SAMPLE_BYTES)
            taken += len(sample)
            packed += len(zlib.compress(sample, 1))
    return packed < _WORTHWHILE * taken
