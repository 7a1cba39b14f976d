"""What administrators do to accounts: change, switch off and on; access groups."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q

from pzhub.accounts.models import ADMIN_GROUP, User
from pzhub.accounts.policies import is_administrator, require_administrator
from pzhub.accounts.selectors import administrators
from pzhub.core import audit
from pzhub.core.errors import ConflictError, InvalidError


@transaction.atomic
def update_user(
    *,
    actor: User,
    user: User,
    display_name: str,
    email: str,
    groups: Iterable[str],
    is_admin: bool,
) -> User:
    """Change what others see of a user, the access groups, and whether they are administrator.

    Parameters
    ----------
    actor
        An administrator.
    user
        Whom to change.
    display_name, email
        What others see; empty is allowed.
    groups
        Names of all access groups from now on; they exist.
    is_admin
        Whether the user is an administrator from now on.

    Raises
    ------
    ForbiddenError
        If the actor is no administrator.
    InvalidError
        If the address or a group is not acceptable.
    ConflictError
        If nobody else would be administrator.
    """
    require_administrator(actor)
    user = _locked(user)
    wanted = _groups_named(groups)
    before = set(user.groups.exclude(name=ADMIN_GROUP).values_list("name", flat=True))
    changes = _changed_fields(user, display_name=display_name, email=_checked_email(email))
    if is_admin != is_administrator(user):
        changes["is_admin"] = is_admin
        _set_administrator(user, is_admin)
    user.save()
    names = {group.name for group in wanted}
    user.groups.add(*wanted)
    user.groups.remove(*Group.objects.filter(name__in=before - names))
    changes |= {"joined": sorted(names - before), "left": sorted(before - names)}
    if kept := {name: value for name, value in changes.items() if value != []}:
        audit.record(actor=actor, action="user-updated", target=user, **kept)
    return user


@transaction.atomic
def switch_user_off(*, actor: User, user: User) -> User:
    """End a user's sessions and tokens; what they made stays.

    Raises
    ------
    ForbiddenError
        If the actor is no administrator.
    ConflictError
        If it is the actor, or the last administrator.
    """
    require_administrator(actor)
    if user.pk == actor.pk:
        raise ConflictError("You cannot switch off your own account: ask another administrator.")
    user = _locked(user)
    if is_administrator(user):
        _require_another_administrator(user)
    return _switched(actor, user, is_active=False)


@transaction.atomic
def switch_user_on(*, actor: User, user: User) -> User:
    """Let a user sign in again; tokens that did not expire work again.

    Raises
    ------
    ForbiddenError
        If the actor is no administrator.
    """
    require_administrator(actor)
    return _switched(actor, _locked(user), is_active=True)


@transaction.atomic
def create_group(*, actor: User, name: str) -> Group:
    """Make an access group; releases can be opened to it.

    Raises
    ------
    ForbiddenError
        If the actor is no administrator.
    InvalidError
        If there is a group of this name, or the name is not acceptable.
    """
    require_administrator(actor)
    group = Group(name=name.strip())
    try:
        group.full_clean()
    except ValidationError as error:
        raise InvalidError(" ".join(error.messages), fields=error.message_dict) from error
    group.save()
    audit.record(actor=actor, action="group-created", target=group)
    return group


@transaction.atomic
def join_group(*, actor: User, user: User, group: Group) -> None:
    """Add a user to an access group; a second time changes nothing.

    Raises
    ------
    ForbiddenError
        If the actor is no administrator.
    ConflictError
        If it is the group of administrators.
    """
    require_administrator(actor)
    if group.name == ADMIN_GROUP:
        raise ConflictError("Administrators are named on the page of the user.")
    if not user.groups.filter(pk=group.pk).exists():
        user.groups.add(group)
        audit.record(actor=actor, action="user-updated", target=user, joined=[group.name])


def _locked(user: User) -> User:
    """Return the row as it is now, locked with those of all administrators, in one order.

    Two administrators who take each other's rights at the same moment would else both succeed.
    """
    rows = User.objects.filter(Q(pk=user.pk) | Q(pk__in=administrators().values("pk")))
    locked = {row.pk: row for row in rows.order_by("pk").select_for_update()}
    return locked[user.pk]


def _switched(actor: User, user: User, *, is_active: bool) -> User:
    if user.is_active != is_active:
        user.is_active = is_active
        user.save(update_fields=["is_active"])
        action = "user-switched-on" if is_active else "user-switched-off"
        audit.record(actor=actor, action=action, target=user)
    return user


def _set_administrator(user: User, is_admin: bool) -> None:
    """Give or take the rights, on the object and in the group."""
    if not is_admin:
        _require_another_administrator(user)
    user.is_staff = user.is_superuser = is_admin
    group, _ = Group.objects.get_or_create(name=ADMIN_GROUP)
    if is_admin:
        user.groups.add(group)
    else:
        user.groups.remove(group)


def _require_another_administrator(user: User) -> None:
    """Refuse to leave the site without one."""
    if not administrators().exclude(pk=user.pk).exists():
        raise ConflictError(
            f"{user} is the last administrator: make somebody else administrator first."
        )


def _changed_fields(user: User, **wanted: str) -> dict[str, Any]:
    changed = {name: value for name, value in wanted.items() if getattr(user, name) != value}
    for name, value in changed.items():
        setattr(user, name, value)
    return {"fields": sorted(changed)}


def _checked_email(email: str) -> str:
    if email:
        try:
            validate_email(email)
        except ValidationError as error:
            raise InvalidError(
                f"{email} is no e-mail address.", fields={"email": error.messages}
            ) from error
    return User.objects.normalize_email(email)


def _groups_named(names: Iterable[str]) -> list[Group]:
    wanted = {name for name in names if name != ADMIN_GROUP}
    found = list(Group.objects.filter(name__in=wanted))
    if missing := wanted - {group.name for group in found}:
        text = f"There is no group {', '.join(sorted(missing))}."
        raise InvalidError(text, fields={"groups": [text]})
    return found
