"""Users and tokens from the command line."""

from __future__ import annotations

import getpass
import secrets
import sys
from datetime import date

from pzhub.core.errors import InvalidError, NotFoundError


def password_from(*, stdin: bool) -> str | None:
    """Return the password: a line of standard input, or asked for on a terminal.

    Returns
    -------
    The password, or None when there is nobody to ask: such a user has tokens only.

    Raises
    ------
    InvalidError
        If standard input is empty, or the password was not repeated.
    """
    if stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise InvalidError("--password-stdin: standard input holds no password")
        return password
    if not sys.stdin.isatty():
        return None
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Password again: "):
        raise InvalidError("The two passwords differ; nothing was created")
    return password


def new_token(username: str, label: str | None) -> str:
    """Create a token for a user and return it in clear; without a label it gets a new one.

    Raises
    ------
    NotFoundError
        If there is no such user.
    """
    from pzhub.accounts.models import User
    from pzhub.accounts.services import create_token

    user = User.objects.filter(username=username).first()
    if user is None:
        raise NotFoundError(
            f"There is no user {username}; create one with: pzhub create-user {username}"
        )
    name = label or f"cli-{date.today():%Y%m%d}-{secrets.token_hex(3)}"  # noqa: DTZ011
    _, clear_text = create_token(user=user, name=name)
    return clear_text
