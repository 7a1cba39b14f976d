"""Models of uploads."""

from pzhub.uploads.models.inspection import Inspection, InspectionState
from pzhub.uploads.models.resumable import ResumableUpload

__all__ = ["Inspection", "InspectionState", "ResumableUpload"]
