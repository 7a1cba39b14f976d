"""Models of uploads."""

from pzhub.uploads.models.inspection import Inspection, InspectionState

__all__ = ["Inspection", "InspectionState"]
