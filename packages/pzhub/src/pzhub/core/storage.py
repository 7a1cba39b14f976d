"""Where files live, and how they get there: whole or not at all.

Everything is below the data folder; the database keeps paths relative to it.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import unicodedata
from pathlib import Path
from typing import Any, Final, Protocol

from django.conf import settings

from pzhub.core.errors import NotFoundError

#: Longest name of a stored file, bytes: room is left for suffixes within the 255 of file systems.
MAX_NAME_BYTES: Final = 200
_DROPPED: Final = re.compile(r"[^\w.+-]+")


class StoredProduct(Protocol):
    """What a product's folder is named after."""

    pk: Any
    internal_name: Any
    product_type: Any


class StoredProcess(Protocol):
    """What a run's folder is named after."""

    pk: Any
    pipeline: Any


def data_root() -> Path:
    """Return the data folder, absolute."""
    return Path(settings.DATA_DIR).resolve()


def data_path(relative: str | Path) -> Path:
    """Return the absolute path of a path kept in the database.

    Raises
    ------
    NotFoundError
        If the path leads out of the data folder.
    """
    root = data_root()
    path = Path(os.path.normpath(root / relative))
    if not path.is_relative_to(root):
        raise NotFoundError(f"{relative}: not a path of the data folder.")
    return path


def relative_path(path: Path) -> str:
    """Return a path below the data folder as the database keeps it, with ``/``."""
    return Path(path).absolute().relative_to(data_root()).as_posix()


def _made(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def staging_dir() -> Path:
    """Return the folder of files on their way in, made when missing."""
    return _made(data_root() / "staging")


def incoming_dir() -> Path:
    """Return the folder of files that arrive in pieces, made when missing."""
    return _made(data_root() / "incoming")


def product_dir(product: StoredProduct) -> Path:
    """Return the folder of a product's files (``products/<type>/<internal_name>``)."""
    return data_path(Path("products", product.product_type.name, product.internal_name))


def derived_dir(product: StoredProduct, sha256: str) -> Path:
    """Return the folder of what the server made from one main file; keyed by its content."""
    return data_path(Path("derived", str(product.pk), sha256))


def archive_dir() -> Path:
    """Return the folder of prepared downloads, made when missing."""
    return _made(data_root() / "archives")


def bundle_dir() -> Path:
    """Return the folder of prepared downloads of several products, made when missing."""
    return _made(data_root() / "bundles")


def process_dir(process: StoredProcess) -> Path:
    """Return the folder of one run (``processes/<pipeline>/<8 digits>``)."""
    return data_path(Path("processes", process.pipeline.name, f"{process.pk:08d}"))


def trash_dir() -> Path:
    """Return the folder that keeps deleted products' files for a while, made when missing."""
    return _made(data_root() / "trash")


def publish_file(staged: Path, target: Path) -> Path:
    """Move a complete file to its place so that a crash leaves all of it or nothing.

    Parameters
    ----------
    staged
        The written file, on the same file system.
    target
        Where it belongs; an older file there is replaced.
    """
    with staged.open("rb") as file:
        os.fsync(file.fileno())
    _made(target.parent)
    os.replace(staged, target)
    sync_folder(target.parent)
    return target


def move_folder(source: Path, target: Path) -> None:
    """Rename a folder on the same file system; an empty or missing target gives way."""
    _made(target.parent)
    os.replace(source, target)
    sync_folder(target.parent)


def remove_tree(path: Path) -> None:
    """Remove a file or folder; nothing happens when there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sync_folder(path: Path) -> None:
    """Bring the names in a folder to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sanitise_file_name(name: str) -> str:
    """Return a safe name for a user's file: no folders, no blanks, no control characters.

    Examples
    --------
    >>> sanitise_file_name("../my  catalog (v2).tar.gz")
    'my_catalog_v2.tar.gz'
    >>> sanitise_file_name("\N{GLOWING STAR}.csv")
    'file.csv'
    """
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1].strip()
    clean = _DROPPED.sub("", re.sub(r"\s+", "_", base))
    if clean.startswith(".") and not base.startswith("."):
        clean = f"file{clean}"  # nothing is left of it but its suffix, which tells the format
    return _shortened(clean.lstrip(".")) or "file"


def _shortened(name: str) -> str:
    """Cut the middle out of a long name: its suffixes stay."""
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    suffix = "".join(Path(name).suffixes[-2:]).encode()[-40:]
    stem = name.encode()[: MAX_NAME_BYTES - len(suffix)]
    return stem.decode(errors="ignore") + suffix.decode(errors="ignore")


def free_name(folder: Path, name: str) -> str:
    """Return the name, or one like it that the folder does not hold yet."""
    candidate = name
    while (folder / candidate).exists():
        stem, dot, suffix = name.partition(".")
        candidate = f"{stem}_{secrets.token_hex(4)}{dot}{suffix}"
    return candidate
