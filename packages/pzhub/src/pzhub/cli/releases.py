"""Releases from the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import transaction

from pzhub.core.audit import record
from pzhub.core.errors import ConflictError, InvalidError

if TYPE_CHECKING:
    from pzhub.catalog.models import Release


@transaction.atomic
def create_release_named(
    name: str, *, display_name: str | None = None, description: str = "", groups: Sequence[str] = ()
) -> Release:
    """Create a release; groups that do not exist are created with it.

    Raises
    ------
    InvalidError
        If the name holds anything but letters, digits, ``-`` and ``_``.
    ConflictError
        If there is a release of that name.
    """
    from django.contrib.auth.models import Group

    from pzhub.catalog.models import Release

    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise InvalidError(
            f"Release {name!r}: use 1 to 64 letters, digits, hyphens and underscores, such as dp1"
        )
    release, created = Release.objects.get_or_create(
        name=name,
        defaults={"display_name": display_name or name.upper(), "description": description},
    )
    if not created:
        raise ConflictError(f"There is a release {name} already")
    release.access_groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    record(actor=None, action="release-created", target=release, groups=list(groups))
    return release
