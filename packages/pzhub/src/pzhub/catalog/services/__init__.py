"""Acts on the catalog: each whole or not at all, with its audit row."""

from pzhub.catalog.services.column_text import describe_column
from pzhub.catalog.services.columns import (
    ColumnNameTakenError,
    RequiredRoleError,
    add_column,
    remove_column,
    set_carried,
    set_column_association,
    set_column_associations,
    update_column,
)
from pzhub.catalog.services.create import create_product
from pzhub.catalog.services.delete import (
    TRASH_DAYS,
    ProductInUseError,
    delete_product,
    restore_product,
    sweep_trash,
)
from pzhub.catalog.services.groups import delete_group
from pzhub.catalog.services.metadata import metadata_of
from pzhub.catalog.services.naming import internal_name_for
from pzhub.catalog.services.official import mark_latest, set_official, unmark_latest
from pzhub.catalog.services.publish import (
    MissingMainFileError,
    MissingRolesError,
    StatusMoveError,
    change_product,
    fail_product,
    publish_product,
    reopen_product,
)
from pzhub.catalog.services.update import ProductChanges, ProductDeletedError, update_product
from pzhub.catalog.services.versions import NotAnEarlierVersionError, set_replaces

__all__ = [
    "TRASH_DAYS",
    "ColumnNameTakenError",
    "MissingMainFileError",
    "MissingRolesError",
    "NotAnEarlierVersionError",
    "ProductChanges",
    "ProductDeletedError",
    "ProductInUseError",
    "RequiredRoleError",
    "StatusMoveError",
    "add_column",
    "change_product",
    "create_product",
    "delete_group",
    "delete_product",
    "describe_column",
    "fail_product",
    "internal_name_for",
    "mark_latest",
    "metadata_of",
    "publish_product",
    "remove_column",
    "reopen_product",
    "restore_product",
    "set_carried",
    "set_column_association",
    "set_column_associations",
    "set_official",
    "set_replaces",
    "sweep_trash",
    "unmark_latest",
    "update_column",
    "update_product",
]
