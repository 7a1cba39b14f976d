"""API tokens: made, replaced, revoked. The clear text is shown once and never kept."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from pzhub.accounts.models import ApiToken, TokenScope, User
from pzhub.accounts.policies import require_self, require_token_owner
from pzhub.accounts.selectors import token_digest
from pzhub.config import hub_config
from pzhub.core import audit
from pzhub.core.errors import ConflictError, InvalidError

#: The token that the site's one-click button and ``get_token`` make and replace.
DEFAULT_TOKEN: Final = "default"
_PREFIX: Final = "pz_"
_USE_IS_NOTED_EVERY: Final = timedelta(minutes=1)


class TokenNameTakenError(ConflictError):
    """The user has a live token of this name."""

    code = "token_name_taken"


@transaction.atomic
def create_token(
    *,
    user: User,
    name: str,
    scope: TokenScope = TokenScope.RUN,
    expires_at: datetime | None = None,
    actor: User | None = None,
) -> tuple[ApiToken, str]:
    """Make a named token.

    Parameters
    ----------
    user
        Whose token it is.
    name
        1 to 64 characters, unlike the user's other live tokens.
    scope
        What it may do.
    expires_at
        When it stops working; ``None`` means the configured lifetime from now.
    actor
        Who makes it; ``None`` for a command.

    Returns
    -------
    the row, and the token's clear text, which nothing can show again

    Raises
    ------
    InvalidError
        If the name is empty or too long, or the expiry is past.
    TokenNameTakenError
        If the name is taken.
    """
    if actor is not None:
        require_self(user, actor)
    name = _checked_name(name)
    User.objects.select_for_update().get(pk=user.pk)  # two clicks at once make one live token
    if ApiToken.objects.filter(user=user, name=name, revoked_at__isnull=True).exists():
        raise TokenNameTakenError(
            f"You have a token named {name!r}: revoke it or use another name."
        )
    clear = _PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        digest=token_digest(clear),
        hint=clear[-4:],
        scope=scope,
        expires_at=_checked_expiry(expires_at),
    )
    audit.record(actor=actor or user, action="token-created", target=token, scope=str(scope))
    return token, clear


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 64 or "\0" in name:
        raise InvalidError(
            "Give the token a name of 1 to 64 characters.",
            fields={"name": ["1 to 64 characters are expected."]},
        )
    return name


def _checked_expiry(expires_at: datetime | None) -> datetime | None:
    if expires_at is None:
        days = hub_config().token_days
        return timezone.now() + timedelta(days=days) if days else None
    if expires_at <= timezone.now():
        raise InvalidError(
            "The token would have expired already: choose a later day.",
            fields={"expires_at": ["A time in the future is expected."]},
        )
    return expires_at


@transaction.atomic
def replace_token(*, user: User, name: str, actor: User | None = None) -> str:
    """Revoke the user's token of this name, if any, and make a new one with every scope."""
    User.objects.select_for_update().get(pk=user.pk)
    for token in ApiToken.objects.filter(user=user, name=name, revoked_at__isnull=True):
        revoke_token(token=token, actor=actor or user)
    return create_token(user=user, name=name, actor=actor)[1]


def replace_default_token(*, user: User, actor: User | None = None) -> str:
    """Replace the token named ``default``; the user's other tokens stay."""
    return replace_token(user=user, name=DEFAULT_TOKEN, actor=actor)


@transaction.atomic
def revoke_token(*, token: ApiToken, actor: User) -> None:
    """Stop a token from working, for good."""
    require_token_owner(token, actor)
    live = ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True)
    if live.update(revoked_at=timezone.now()):
        audit.record(actor=actor, action="token-revoked", target=token)


def note_token_use(token: ApiToken) -> None:
    """Keep when a token was last used, to the minute: most requests then write nothing."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > _USE_IS_NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
