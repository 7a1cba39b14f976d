"""Reads of accounts."""

from __future__ import annotations

import hashlib

from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django.utils import timezone

from pzhub.accounts.models import ADMIN_GROUP, ApiToken, User
from pzhub.core.errors import NotFoundError


def token_digest(clear: str) -> str:
    """Return what is kept of a token: its SHA-256, hexadecimal."""
    return hashlib.sha256(clear.encode(errors="surrogateescape")).hexdigest()


def live_tokens() -> QuerySet[ApiToken]:
    """Return the tokens that work now: neither revoked nor expired, of active users."""
    now = timezone.now()
    return ApiToken.objects.filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=now),
        revoked_at__isnull=True,
        user__is_active=True,
    )


def authenticate_token(clear: str) -> ApiToken | None:
    """Return the live token with this text, with its user, or ``None``."""
    return live_tokens().select_related("user").filter(digest=token_digest(clear)).first()


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """Return a user's tokens that were not revoked, newest first; expired ones included."""
    return ApiToken.objects.filter(user=user, revoked_at__isnull=True).order_by("-id")


def token_of(user: User, pk: int) -> ApiToken:
    """Return one of a user's tokens.

    Raises
    ------
    NotFoundError
        If the user has no such token.
    """
    token = tokens_of(user).filter(pk=pk).first()
    if token is None:
        raise NotFoundError("There is no such token.")
    return token


def users_list() -> QuerySet[User]:
    """Return everybody who can sign in, by login name."""
    return User.objects.filter(is_active=True).order_by("username")


def administrators() -> QuerySet[User]:
    """Return the active administrators: superusers and members of their group."""
    members = User.objects.filter(groups__name=ADMIN_GROUP).values("pk")
    return User.objects.filter(Q(is_superuser=True) | Q(pk__in=members), is_active=True)


def user_numbered(pk: int) -> User:
    """Return a user by number, switched-off ones included.

    Raises
    ------
    NotFoundError
        If there is no such user.
    """
    user = User.objects.filter(pk=pk).first()
    if user is None:
        raise NotFoundError(f"There is no user {pk}.")
    return user


def access_groups() -> QuerySet[Group]:
    """Return the groups that releases can be opened to, by name; not that of administrators."""
    return Group.objects.exclude(name=ADMIN_GROUP).order_by("name")


def access_group(pk: int) -> Group:
    """Return one access group.

    Raises
    ------
    NotFoundError
        If there is none of this number.
    """
    group = access_groups().filter(pk=pk).first()
    if group is None:
        raise NotFoundError(f"There is no group {pk}.")
    return group


def user_named(username: str) -> User:
    """Return a user by login name.

    Raises
    ------
    NotFoundError
        If there is no such user.
    """
    user = User.objects.filter(username=username).first()
    if user is None:
        raise NotFoundError(f"There is no user {username!r}.")
    return user


def display_name_of(user: User) -> str:
    """Return the name that others see: chosen, else before the @ of the e-mail, else the login."""
    return user.display_name or user.email.partition("@")[0] or user.username
