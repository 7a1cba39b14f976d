"""Orphans: what a crash left in the data folder and no row knows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pzhub.catalog.models import ProductFile
from pzhub.core import storage
from pzhub.core.chores import holder_name
from pzhub.core.leases import acquire_lease
from pzhub.uploads.models import Inspection

#: Younger files may belong to an act that is going on.
STAGED_SECONDS: Final = 86_400
UNKNOWN_SECONDS: Final = 3_600
#: The data folder is walked this often at most.
_EVERY_SECONDS: Final = 3_600


def sweep_orphans() -> None:
    """Remove orphans, once an hour whoever asks."""
    if acquire_lease("sweep-orphans", holder_name(), _EVERY_SECONDS):
        remove_orphans()


def remove_orphans() -> list[str]:
    """Remove old staged files, and files and derived folders that no row knows.

    Returns
    -------
    removed paths relative to the data folder
    """
    removed = []
    for path in [*_staged(), *_unknown_files(), *_unknown_derived()]:
        removed.append(storage.relative_path(path))
        storage.remove_tree(path)
    return removed


def _older_than(path: Path, seconds: float) -> bool:
    try:
        return path.stat().st_mtime < time.time() - seconds
    except FileNotFoundError:  # its owner removed it meanwhile
        return False


def _staged() -> Iterator[Path]:
    yield from (
        path for path in storage.staging_dir().iterdir() if _older_than(path, STAGED_SECONDS)
    )


def _unknown_files() -> Iterator[Path]:
    """Yield files and folders of product folders that are neither a file nor on the way to one."""
    known = set(ProductFile.objects.values_list("path", flat=True))
    above = {parent.as_posix() for path in known for parent in Path(path).parents}
    for folder in storage.data_root().glob("products/*/*"):
        yield from _unknown_below(folder, known, above)


def _unknown_below(folder: Path, known: set[str], above: set[str]) -> Iterator[Path]:
    for path in folder.iterdir():
        relative = storage.relative_path(path)
        if relative in known:
            continue
        if path.is_dir() and relative in above:
            yield from _unknown_below(path, known, above)
        elif _older_than(path, UNKNOWN_SECONDS):
            yield path


def _unknown_derived() -> Iterator[Path]:
    rows = Inspection.objects.values_list("product_id", "sha256")
    known = {f"derived/{product_id}/{sha256}" for product_id, sha256 in rows}
    for folder in storage.data_root().glob("derived/*/*"):
        if storage.relative_path(folder) not in known and _older_than(folder, UNKNOWN_SECONDS):
            yield folder
