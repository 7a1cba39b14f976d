"""Refusals of object tables that are to become a HATS collection."""

from __future__ import annotations

from pztables.errors import UserError


class ObjectTablesError(UserError):
    """The tables, or what is asked of them, do not make one catalog of objects."""

    code = "object_tables"


class BadPositionsError(ObjectTablesError):
    """Rows have no valid position."""

    code = "invalid_positions"


class ImportLibraryMissingError(UserError):
    """The library that writes HATS is not installed."""

    code = "library_missing"
