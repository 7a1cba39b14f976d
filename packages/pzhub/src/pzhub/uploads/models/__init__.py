"""Models of uploads."""

from pzhub.uploads.models.inspection import Inspection, InspectionState
from pzhub.uploads.models.profile import ProfileState, TableProfile
from pzhub.uploads.models.quota import UploadAllowance
from pzhub.uploads.models.resumable import ResumableUpload

__all__ = [
    "Inspection",
    "InspectionState",
    "ProfileState",
    "ResumableUpload",
    "TableProfile",
    "UploadAllowance",
]
