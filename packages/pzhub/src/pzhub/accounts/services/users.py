"""Users: made by an administrator's command, by the demo content, or at a federated sign-in."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from pzhub.accounts.models import ADMIN_GROUP, User
from pzhub.core import audit
from pzhub.core.errors import ConflictError, InvalidError


class UsernameTakenError(ConflictError):
    """Somebody has this login name."""

    code = "username_taken"


@transaction.atomic
def create_user(
    *,
    username: str,
    password: str | None = None,
    email: str = "",
    is_admin: bool = False,
    groups: Iterable[str] = (),
    actor: User | None = None,
) -> User:
    """Make a user who can sign in.

    Parameters
    ----------
    username
        Login name, at most 150 characters.
    password
        Without one the user can use tokens and federated sign-in only.
    email
        Its part before the ``@`` becomes the name that others see.
    is_admin
        Whether the user is an administrator, with access to ``/admin/``.
    groups
        Names of access groups; missing ones are made.
    actor
        Who does it. ``None`` for a command, whose password is taken as it is: who may run
        it may do anything.

    Raises
    ------
    UsernameTakenError
        If somebody has the login name.
    InvalidError
        If a name or the password is not acceptable.
    """
    user = User(username=username, email=User.objects.normalize_email(email))
    user.is_staff = user.is_superuser = is_admin
    user.display_name = user.email.partition("@")[0] or username
    if User.objects.filter(username=username).exists():
        raise UsernameTakenError(f"There is a user {username!r} already: choose another name.")
    _check(user, password if actor else None)
    user.set_password(password)
    user.save()
    names = {*groups, ADMIN_GROUP} if is_admin else set(groups)
    user.groups.set([Group.objects.get_or_create(name=name)[0] for name in sorted(names)])
    audit.record(actor=actor, action="user-created", target=user, groups=sorted(names))
    return user


def _check(user: User, password: str | None) -> None:
    """Refuse bad names, and a weak password where one is given."""
    try:
        user.full_clean(exclude=["password"], validate_unique=False)
        if password is not None:
            validate_password(password, user)
    except ValidationError as error:
        fields = (
            error.message_dict if hasattr(error, "error_dict") else {"password": error.messages}
        )
        sentence = " ".join(text for texts in fields.values() for text in texts)
        raise InvalidError(sentence, fields=fields) from error
