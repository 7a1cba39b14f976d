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
    """Counts per HEALPix cell, nested scheme, of one order; the area covered, deg²."""

    order: int
    cells: tuple[int, ...]
    counts: tuple[int, ...]
    area_deg2: float | None


@dataclass(frozen=True, slots=True)
class Profile:
    """What there is to draw of a table, and what was checked in it."""

    redshift: Redshifts | None
    sky: Sky | None
    checks: tuple[dict[str, Any], ...]


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
    return Profile(
        _redshifts(stored.get("redshift")),
        _sky(stored.get("sky")),
        tuple(stored.get("checks", ())),
    )


def _redshifts(stored: dict[str, Any] | None) -> Redshifts | None:
    if not stored or not any(stored["counts"]) or stored.get("median") is None:
        return None
    return Redshifts(tuple(stored["edges"]), tuple(stored["counts"]), float(stored["median"]))


def _sky(stored: dict[str, Any] | None) -> Sky | None:
    if not stored or not stored["cells"]:
        return None
    return Sky(
        int(stored["order"]),
        tuple(stored["cells"]),
        tuple(stored["counts"]),
        stored.get("area_deg2"),
    )
