"""Releases registered from the site: out of the folder of datasets alone, and at once.

Nobody names a path in a browser: a folder is one of those that are there. A request looks
at footers and at a sample of the positions; catalogs for which even that is long belong to
the command.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pzhub.accounts.models import User
from pzhub.accounts.policies import require_administrator
from pzhub.catalog.models import Release
from pzhub.core.errors import InvalidError
from pzhub.processes.pipelines.objects import (
    count_partitions,
    datasets_dir,
    folders_with_objects,
)
from pzhub.processes.services.release_objects import (
    ReleaseWishes,
    describe_usable,
    register_release,
)

__all__ = ["describe_folder", "folders_with_objects", "register_in_folder"]

#: Files whose footers a request reads at most; about two seconds.
_MOST_PARTITIONS: Final = 2_000


class CatalogTooLargeError(InvalidError):
    """Looking at the catalog takes longer than a page may."""

    code = "catalog_too_large"


def describe_folder(*, actor: User, folder: str) -> dict[str, Any]:
    """Return what is in a folder of datasets (see `describe_usable`).

    Raises
    ------
    ForbiddenError
        If the actor is no administrator.
    InvalidError
        If it is none of the folders with objects, has problems, or is too large.
    """
    require_administrator(actor)
    return describe_usable(_root_of(folder), folder, deep=False)


def register_in_folder(
    *, actor: User, name: str, folder: str, wishes: ReleaseWishes, update: bool
) -> Release:
    """Register a release with a folder of datasets (see `register_release`)."""
    require_administrator(actor)
    wishes = replace(wishes, path=_root_of(folder))
    return register_release(actor=actor, name=name, wishes=wishes, update=update, deep=False)


def _root_of(folder: str) -> Path:
    """Return the path of a folder that is offered; never of another."""
    if folder not in folders_with_objects():
        text = "Choose one of the folders with an object catalog."
        raise InvalidError(text, fields={"folder": [text]})
    root = datasets_dir() / folder
    if (n_partitions := count_partitions(root)) > _MOST_PARTITIONS:
        raise CatalogTooLargeError(
            f"{folder} has {n_partitions:,} partitions; looking at them takes longer than a page"
            f" may. Register it on the server: pzhub register-release NAME --objects {root}",
            folder=folder,
        )
    return root
