"""The stored sign-in: a token and a host in a file that only its owner can read."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pzserver._http import base_address
from pzserver.errors import Invalid

DEFAULT_HOST = "pz"


@dataclass(frozen=True)
class Login:
    """Where to, and with which token."""

    token: str
    host: str


def login_path() -> Path:
    """Return where the sign-in is stored: ``pzserver/login.json`` in the user's configuration."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "pzserver" / "login.json"


def stored_login() -> Login | None:
    """Return the sign-in that ``pz login`` stored, or None.

    Raises
    ------
    Invalid
        If the file is not as ``pz login`` writes it.
    """
    path = login_path()
    if not path.is_file():
        return None
    try:
        data = json.loads(path.read_text())
        return Login(str(data["token"]), str(data["host"]))
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(f"{path} is damaged: `pz login` writes it anew", code="bad_login") from error


def store_login(login: Login) -> Path:
    """Store a sign-in with mode 0600, whole or not at all, and return where."""
    path = login_path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_suffix(".partial")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"token": login.token, "host": login.host}, file)
    beside.replace(path)
    return path


def forget_login() -> bool:
    """Remove the stored sign-in; return whether there was one."""
    path = login_path()
    existed = path.is_file()
    path.unlink(missing_ok=True)
    return existed


def find_login(token: str | None = None, host: str | None = None) -> Login | None:
    """Return the sign-in to use: arguments first, then the environment, then the stored one.

    A token never travels to a host that it was not stored for: the stored token is used only when
    no host, or the same host, is asked for.

    Raises
    ------
    Invalid
        If the stored token is for another host.
    """
    host = host or os.environ.get("PZSERVER_HOST")
    token = token or os.environ.get("PZSERVER_TOKEN")
    if token:
        return Login(token, host or DEFAULT_HOST)
    stored = stored_login()
    if stored is None or host is None or base_address(host) == base_address(stored.host):
        return stored
    raise Invalid(
        f"the stored token is for {stored.host}, not for {host}: `pz login --host {host}`, or "
        "give a token of that server",
        code="other_host",
    )
