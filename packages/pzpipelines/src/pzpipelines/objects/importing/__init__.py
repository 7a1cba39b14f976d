"""Turns object tables of any format into a HATS collection with a margin (hats-import)."""

from pzpipelines.objects.importing.collection import Imported, ImportOptions, import_objects
from pzpipelines.objects.importing.errors import (
    BadPositionsError,
    ImportLibraryMissingError,
    ObjectTablesError,
)
from pzpipelines.objects.importing.tables import Wishes

__all__ = [
    "BadPositionsError",
    "ImportLibraryMissingError",
    "ImportOptions",
    "Imported",
    "ObjectTablesError",
    "Wishes",
    "import_objects",
]
