"""The object catalogs of releases: where they are, and what a run is told of them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from pzhub.catalog.models import Release
from pzhub.config import hub_config
from pzhub.core.storage import data_root
from pzpipelines.runtime.job import JobObjects

#: How deep below the folder of datasets object catalogs are looked for.
_LEVELS: Final = 3


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


def describe_release(root: Path, name: str, *, deep: bool) -> dict[str, Any]:
    """Return what the object catalog of a release holds, and what can be made of it.

    Parameters
    ----------
    root
        A HATS catalog or collection, or a folder of prepared ones.
    name
        Of the release, for messages.
    deep
        Read the positions of every partition; else properties, columns and footers.

    Returns
    -------
    ready for JSON: that of `pzpipelines.objects.describe.describe_objects`, and
    ``flux_types``, ``dereddening`` and ``conversions`` that a run can have here

    Raises
    ------
    pztables.errors.UserError
        If there is nothing to describe.
    """
    from pzpipelines.objects.describe import describe_objects
    from pzpipelines.training.sources import look_at_release

    described = describe_objects(root, deep=deep)
    objects = JobObjects(path=root, name=name, dust_maps=dust_maps_dir())
    return {**described, **look_at_release(objects).available(), "deep": deep}


def count_partitions(root: Path) -> int:
    """Return how many partitions the catalogs of a release have; their files are not opened.

    Raises
    ------
    pztables.errors.UserError
        If one of them cannot be opened.
    """
    from pzpipelines.objects.catalog import open_objects
    from pzpipelines.objects.layout import offers

    return sum(len(open_objects(offer.path).partitions) for offer in offers(root))


def folders_with_objects() -> list[str]:
    """Return the folders of object catalogs, relative to the folder of datasets, in order.

    Only the first levels are looked at: a catalog has as many folders as partitions.
    """
    from pzpipelines.objects.layout import offers

    base = datasets_dir()
    found: list[str] = []
    level = [base] if base.is_dir() else []
    for _ in range(_LEVELS):
        inner = [each for folder in level for each in _folders(folder)]
        catalogs = {each for each in inner if each.resolve().is_relative_to(base) and offers(each)}
        found += [str(each.relative_to(base)) for each in catalogs]
        level = [each for each in inner if each not in catalogs]
    return sorted(found)


def _folders(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.is_dir() and each.name[0] != ".")
