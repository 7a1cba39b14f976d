"""Models of downloads."""

from pzhub.downloads.models.archive import Archive, ArchiveKind, ArchiveStatus

__all__ = ["Archive", "ArchiveKind", "ArchiveStatus"]
