"""Writes of downloads."""

from pzhub.downloads.services.archives import (
    archive_status,
    build_archive,
    prepare_archive,
    sweep_archives,
)
from pzhub.downloads.services.bundles import (
    build_bundle,
    open_bundle,
    prepare_bundle,
    sweep_bundles,
)
from pzhub.downloads.services.links import LINK_SECONDS, open_archive, sign_link

__all__ = [
    "LINK_SECONDS",
    "archive_status",
    "build_archive",
    "build_bundle",
    "open_archive",
    "open_bundle",
    "prepare_archive",
    "prepare_bundle",
    "sign_link",
    "sweep_archives",
    "sweep_bundles",
]
