"""Models of downloads."""

from pzhub.downloads.models.archive import Archive, ArchiveKind, ArchiveStatus
from pzhub.downloads.models.bundle import Bundle

__all__ = ["Archive", "ArchiveKind", "ArchiveStatus", "Bundle"]
