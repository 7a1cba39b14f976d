"""The release that a run matches with, or the reason why it cannot."""

from __future__ import annotations

from typing import Any

from pzhub.catalog.models import Release
from pzhub.core.errors import ConflictError
from pzhub.processes.pipelines.objects import objects_of


class ReleaseWithoutObjectsError(ConflictError):
    """The object catalog of the release is not on this server."""

    code = "release_without_data"


def required_objects_of(release: Release) -> dict[str, Any]:
    """Return what a run is told of a release's objects.

    Raises
    ------
    ReleaseWithoutObjectsError
        If they are not on this server.
    """
    told = objects_of(release)
    if told is None:
        raise ReleaseWithoutObjectsError(
            f"The object catalog of {release.display_name} is not on this server; choose another"
            " release, or ask the administrators to register it.",
            release=release.name,
        )
    return told
