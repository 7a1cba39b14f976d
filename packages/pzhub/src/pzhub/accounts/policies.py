"""Who may act on accounts, and who is an administrator."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser

from pzhub.accounts.models import ADMIN_GROUP, ApiToken, User
from pzhub.core.errors import ForbiddenError

Actor = User | AnonymousUser


def is_administrator(user: Actor) -> bool:
    """Return whether a user is a superuser or a member of the group of administrators.

    The answer is kept on the object, as Django keeps permissions: it lasts for one request.
    """
    if not isinstance(user, User) or not user.is_active:
        return False
    if user.is_superuser:
        return True
    known: bool | None = getattr(user, "_is_administrator", None)
    if known is None:
        known = user.groups.filter(name=ADMIN_GROUP).exists()
        user._is_administrator = known  # type: ignore[attr-defined]  # a cache on the instance
    return known


def require_administrator(user: Actor) -> None:
    """Refuse everybody but administrators."""
    if not is_administrator(user):
        raise ForbiddenError("Only administrators may do this.")


def require_token_owner(token: ApiToken, actor: User) -> None:
    """Refuse everybody but the token's owner and administrators."""
    if token.user_id != actor.pk and not is_administrator(actor):
        raise ForbiddenError(f"Token {token.name} belongs to another user.")


def require_self(user: User, actor: User) -> None:
    """Refuse everybody but the user and administrators."""
    if user.pk != actor.pk and not is_administrator(actor):
        raise ForbiddenError("Only the user may do this.")
