"""Who a person of the identity provider is here: known, new, waiting; and their groups."""

from __future__ import annotations

from itertools import count
from typing import Final

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.utils import timezone

from pzhub.accounts.federated.claims import Person, Standing
from pzhub.accounts.models import ExternalIdentity, User
from pzhub.accounts.services.users import create_user
from pzhub.core import audit

_MAX_USERNAME: Final = 150


def admit(person: Person, *, needs_approval: bool) -> tuple[User, Standing]:
    """Return the user whom a member of the provider is, made at the first sign-in.

    Groups that the provider names are joined, and made where there are none; those that it
    named before and names no more are left. Groups that administrators gave stay.

    Parameters
    ----------
    person
        Whose standing at the provider is that of a member.
    needs_approval
        Whether a new account waits until an administrator switches it on.

    Returns
    -------
    the user, and whether they come in: they may have to wait, or be switched off
    """
    try:
        return _admit(person, needs_approval)
    except IntegrityError:  # the same person, in two windows at once: made by the other one
        return _admit(person, needs_approval)


@transaction.atomic
def _admit(person: Person, needs_approval: bool) -> tuple[User, Standing]:
    known = ExternalIdentity.objects.select_for_update(of=("self",)).select_related("user")
    identity = known.filter(issuer=person.issuer, subject=person.subject).first()
    if identity is None:
        identity = _registered(person, needs_approval)
    user = identity.user
    if not user.is_active:
        return user, Standing.CLOSED if identity.admitted_at else Standing.WAITING
    _refresh(user, identity, person)
    identity.last_seen_at = timezone.now()
    identity.admitted_at = identity.admitted_at or identity.last_seen_at
    identity.groups = list(person.groups)
    identity.save()
    return user, Standing.MEMBER


def _registered(person: Person, needs_approval: bool) -> ExternalIdentity:
    user = create_user(username=_free_username(person.username), email=person.email)
    if person.display_name:
        user.display_name = person.display_name
    user.is_active = not needs_approval
    user.save(update_fields=["display_name", "is_active"])
    return ExternalIdentity.objects.create(user=user, issuer=person.issuer, subject=person.subject)


def _free_username(wanted: str) -> str:
    """Return the name, with a number where somebody has it: nobody gets another's account."""
    for number in count(1):
        ending = f"-{number}" if number > 1 else ""
        name = f"{wanted[: _MAX_USERNAME - len(ending)]}{ending}"
        if not User.objects.filter(username=name).exists():
            return name
    raise AssertionError("some number is free")


def _refresh(user: User, identity: ExternalIdentity, person: Person) -> None:
    """Bring address and groups to what the provider says now."""
    if person.email and user.email != person.email:
        user.email = User.objects.normalize_email(person.email)
        user.save(update_fields=["email"])
    has = set(user.groups.values_list("name", flat=True))
    joined = sorted(set(person.groups) - has)
    left = sorted(has & set(identity.groups) - set(person.groups))
    user.groups.add(*(Group.objects.get_or_create(name=name)[0] for name in joined))
    user.groups.remove(*Group.objects.filter(name__in=left))
    if joined or left:
        audit.record(actor=None, action="user-updated", target=user, joined=joined, left=left)
