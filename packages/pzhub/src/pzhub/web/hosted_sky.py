"""The picture of the start page: every redshift that was uploaded here, per equal area.

It is summed from the summaries of the catalogs by a sweep, when they have changed, and kept as a
file: ten thousand catalogs would be too many to add up for every visit. Reference Redshift
Catalogs belong to no release, so that every user may know of all of them.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from django.db.models import Count, Max, QuerySet, Sum

from pzhub.catalog.models import ProductStatus, ProductSummary
from pzhub.core import chores, storage
from pzhub.core.leases import acquire_lease
from pzhub.tables.drawing.sky import Sky

#: Of the cells; that of the summaries' small maps (`pzhub.uploads.services.summaries`).
_ORDER: Final = 3
_REST_SECONDS: Final = 60.0
_NAME: Final = "hosted_sky.json"


@dataclass(frozen=True, slots=True)
class HostedSky:
    """How many redshifts were uploaded, and where they are."""

    n_rows: int
    sky: Sky


def sweep_hosted_sky() -> None:
    """Add the catalogs up again if any came, changed or went; once a minute, whoever asks."""
    if not acquire_lease("hosted-sky", chores.holder_name(), _REST_SECONDS):
        return
    state = _state()
    if _stored(_path()).get("state") != state:
        _write(state)


def hosted_sky() -> HostedSky | None:
    """Return what was added up last; ``None`` before there is anything."""
    path = _path()
    try:
        return _read(str(path), path.stat().st_mtime_ns)
    except FileNotFoundError:
        return None


def _catalogs() -> QuerySet[ProductSummary]:
    """Return the uploaded catalogs: what pipelines make of them would count them twice."""
    return ProductSummary.objects.filter(
        product__status=ProductStatus.PUBLISHED,
        product__product_type__name="redshift_catalog",
        product__process__isnull=True,
    )


def _state() -> dict[str, Any]:
    """Return what changes when a catalog comes, changes or goes."""
    found = _catalogs().aggregate(
        catalogs=Count("pk"), n_rows=Sum("n_rows", default=0), last=Max("updated_at")
    )
    return {**found, "last": found["last"].isoformat() if found["last"] else None}


def _write(state: dict[str, Any]) -> None:
    counts = np.zeros(12 * 4**_ORDER, dtype=np.int64)
    for thumbnail in _catalogs().values_list("thumbnail", flat=True).iterator(chunk_size=500):
        sky = (thumbnail or {}).get("sky")
        if sky and sky["order"] == _ORDER:
            counts[sky["cells"]] += np.array(sky["counts"], dtype=np.int64)
    cells = np.flatnonzero(counts)
    content = {"state": state, "cells": cells.tolist(), "counts": counts[cells].tolist()}
    partial = storage.staging_dir() / f"{_NAME}.{os.getpid()}"
    partial.write_text(json.dumps(content))
    storage.publish_file(partial, _path())


def _path() -> Path:
    return storage.data_path(f"site/{_NAME}")


def _stored(path: Path) -> dict[str, Any]:
    try:
        stored: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return stored


@lru_cache(maxsize=2)
def _read(path: str, written: int) -> HostedSky | None:
    stored = _stored(Path(path))
    if not stored.get("cells"):
        return None
    sky = Sky(_ORDER, tuple(stored["cells"]), tuple(stored["counts"]))
    return HostedSky(int(stored["state"]["n_rows"]), sky)
