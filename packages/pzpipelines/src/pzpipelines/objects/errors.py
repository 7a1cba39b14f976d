"""Refusals of object catalogs."""

from __future__ import annotations

from pztables.errors import UserError


class NotAnObjectCatalogError(UserError):
    """A folder is no HATS catalog of objects."""

    code = "not_an_object_catalog"


class PartitionUnreadableError(UserError):
    """A partition of an object catalog is missing, cut off or damaged."""

    code = "partition_unreadable"
