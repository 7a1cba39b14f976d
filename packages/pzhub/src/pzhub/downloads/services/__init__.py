"""Writes of downloads."""

from pzhub.downloads.services.archives import (
    archive_status,
    build_archive,
    prepare_archive,
    sweep_archives,
)
from pzhub.downloads.services.links import LINK_SECONDS, open_archive, sign_link

__all__ = [
    "LINK_SECONDS",
    "archive_status",
    "build_archive",
    "open_archive",
    "prepare_archive",
    "sign_link",
    "sweep_archives",
]
