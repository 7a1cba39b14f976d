"""Access groups that go: refused while a release is open to them alone or among others."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import transaction

from pzhub.accounts.models import ADMIN_GROUP, User
from pzhub.accounts.policies import require_administrator
from pzhub.catalog.models import Release
from pzhub.core import audit
from pzhub.core.errors import ConflictError


@transaction.atomic
def delete_group(*, actor: User, group: Group) -> None:
    """Delete an access group that no release uses.

    A release without any group is open to everybody: losing its last one would open it.

    Raises
    ------
    ForbiddenError
        If the actor is no administrator.
    ConflictError
        If a release is open to the group, or it is the one of administrators.
    """
    require_administrator(actor)
    if group.name == ADMIN_GROUP:
        raise ConflictError("The group of administrators stays.")
    releases = Release.objects.select_for_update().filter(access_groups=group)
    if names := ", ".join(release.display_name for release in releases):
        raise ConflictError(
            f"Releases are open to the group {group.name}: {names}. Change them first; without"
            " any group they would be open to everybody."
        )
    members = sorted(User.objects.filter(groups=group).values_list("username", flat=True))
    audit.record(actor=actor, action="group-deleted", target=group, members=members)
    group.delete()
