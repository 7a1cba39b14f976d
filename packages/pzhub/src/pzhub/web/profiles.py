"""Stored profiles of tables, read for drawing; a product without one is simply not drawn."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pzhub.core.storage import data_path


@dataclass(frozen=True, slots=True)
class Redshifts:
    """A histogram of redshifts: ``len(edges) == len(counts) + 1``."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    median: float


@dataclass(frozen=True, slots=True)
class Sky:
    """Counts per HEALPix pixel, nested scheme, of one order."""

    order: int
    pixels: tuple[int, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """What there is to draw of a table."""

    redshift: Redshifts | None
    sky: Sky | None


def profile_of(relative: str) -> Profile | None:
    """Return a stored profile, or ``None``; read again when the file was written anew."""
    if not relative:
        return None
    path = data_path(relative)
    try:
        written = path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
    return _read(relative, written)


@lru_cache(maxsize=2048)
def _read(relative: str, written: int) -> Profile | None:
    stored: dict[str, Any] = json.loads(data_path(relative).read_text())
    return Profile(_redshifts(stored.get("redshift")), _sky(stored.get("sky")))


def _redshifts(stored: dict[str, Any] | None) -> Redshifts | None:
    if not stored or not stored.get("counts"):
        return None
    return Redshifts(tuple(stored["edges"]), tuple(stored["counts"]), float(stored["median"]))


def _sky(stored: dict[str, Any] | None) -> Sky | None:
    if not stored or not stored.get("counts"):
        return None
    return Sky(int(stored["order"]), tuple(stored["pixels"]), tuple(stored["counts"]))
