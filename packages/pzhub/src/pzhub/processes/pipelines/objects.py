"""The object catalogs of releases: where they are, and what a run is told of them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pzhub.catalog.models import Release
from pzhub.config import hub_config
from pzhub.core.storage import data_root


def datasets_dir() -> Path:
    """Return the folder of object catalogs, absolute; it need not exist."""
    return (hub_config().datasets_dir or data_root() / "datasets").resolve()


def dust_maps_dir() -> Path:
    """Return the folder of dust maps, absolute; it need not exist."""
    return (hub_config().dust_maps_dir or data_root() / "dust_maps").resolve()


def objects_root(release: Release) -> Path:
    """Return where a release's object catalog is, or would be."""
    return datasets_dir() / (release.objects_path or release.name)


def stored_path(root: Path) -> str:
    """Return a path as releases keep it: below the folder of datasets where it is there."""
    path, base = root.resolve(), datasets_dir()
    return str(path.relative_to(base) if path.is_relative_to(base) else path)


def objects_of(release: Release) -> dict[str, Any] | None:
    """Return what ``job.json`` says of a release's objects; ``None`` where they are not here."""
    root = objects_root(release)
    if not root.is_dir():
        return None
    return {
        "path": str(root),
        "name": release.name,
        "indexing_column": release.indexing_column or None,
        "dust_maps": str(dust_maps_dir()),
    }


def described_objects(release: Release) -> dict[str, Any]:
    """Return what is kept of a release's objects for provenance; paths are nobody's business."""
    described = release.object_catalog or {}
    text = json.dumps(described, sort_keys=True, default=str)
    return {
        "release": release.name,
        "columns": {"id": release.indexing_column},
        "rows": described.get("rows"),
        "checked_at": described.get("checked_at"),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
