"""Passwords of local accounts: changed, reset by mail; and the end of all sessions."""

from __future__ import annotations

import math
from typing import Final

from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from pzhub.accounts.models import User
from pzhub.accounts.services.attempts import seconds_to_wait
from pzhub.config import hub_config
from pzhub.core import audit
from pzhub.core.errors import TooOftenError
from pzhub.outbox.services import post

_MAX_RESETS: Final = 5
_MAX_RESETS_FROM_ONE_PLACE: Final = 20


class TooManyResetsError(TooOftenError):
    """Links to a new password were asked for too often."""

    code = "too_many_resets"


def ask_for_reset(*, email: str, address: str) -> None:
    """Mail a link to a new password to the local accounts with an e-mail address.

    Nothing tells the caller whether there is one.

    Parameters
    ----------
    email
        As it was typed.
    address
        Network address that it came from.

    Raises
    ------
    TooManyResetsError
        If it was asked too often for this address, or from this network address.
    """
    waits = (
        seconds_to_wait(f"reset of {email.strip().casefold()}", "", limit=_MAX_RESETS),
        seconds_to_wait("reset of any", address, limit=_MAX_RESETS_FROM_ONE_PLACE),
    )
    if wait_seconds := max(waits):
        minutes = math.ceil(wait_seconds / 60)
        raise TooManyResetsError(
            "A new password was asked for too often."
            f" Try again in {minutes} minute{'s' if minutes > 1 else ''}.",
            wait_seconds=wait_seconds,
        )
    for user in accounts_with(email):
        _mail_link(user)


def accounts_with(email: str) -> list[User]:
    """Return the active local accounts with an e-mail address."""
    found = User.objects.filter(email__iexact=email.strip(), is_active=True)
    return [user for user in found if email.strip() and user.has_usable_password()]


@transaction.atomic
def _mail_link(user: User) -> None:
    number = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    path = reverse("accounts:reset_confirm", args=[number, token])
    with translation.override(user.language or "en"):
        context = {"user": user, "link": hub_config().base_url.rstrip("/") + path}
        subject = render_to_string("accounts/reset_subject.txt", context).strip()
        text = render_to_string("accounts/reset_letter.txt", context)
    key = f"reset {user.pk} {timezone.now().timestamp():.3f}"
    post(key=key, to=user.email, subject=subject, text=text)
    audit.record(actor=None, action="password-reset-asked", target=user)


@transaction.atomic
def set_password(*, user: User, password: str, was_forgotten: bool = False) -> None:
    """Give a user another password; their sessions elsewhere end.

    Parameters
    ----------
    user
        Whose password it is; they proved it by the old one or by a link from their mail.
    password
        Checked already.
    was_forgotten
        Whether a link proved it.
    """
    user.set_password(password)
    user.save(update_fields=["password"])
    how = "password-reset" if was_forgotten else "password-changed"
    audit.record(actor=user, action=how, target=user)


@transaction.atomic
def end_all_sessions(*, user: User) -> None:
    """Sign a user out everywhere; tokens go on."""
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
    user.refresh_from_db(fields=["session_epoch"])
    audit.record(actor=user, action="signed-out-everywhere", target=user)
