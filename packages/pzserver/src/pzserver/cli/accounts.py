"""Signing in and out."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from pzserver.cli.base import JsonOption, Output, connect, examples, talk
from pzserver.client import PzServer
from pzserver.errors import Invalid
from pzserver.login import DEFAULT_HOST, Login, forget_login, store_login


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    line = 'echo "$TOKEN" | pz login --token-stdin --host http://127.0.0.1:8000/api/'
    app.command(epilog=examples(line))(login)
    app.command(epilog=examples("pz whoami", "pz whoami --json"))(whoami)
    app.command(epilog=examples("pz logout"))(logout)


def login(
    host: Annotated[
        str | None, typer.Option(help="pz, pz-dev, localhost, or the address of the API.")
    ] = None,
    token_stdin: Annotated[
        bool, typer.Option("--token-stdin", help="Read the token from standard input.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check a token and keep it in a file that only you can read.

    Make the token on the web site, under your name, API tokens.
    """
    host = host or os.environ.get("PZSERVER_HOST") or DEFAULT_HOST
    with PzServer(token=_read_token(token_stdin), host=host) as pz:
        who = pz.whoami()
        path = store_login(Login(_token_of(pz), host))
    talk(f"The token is kept in {path}.")
    Output(as_json).record({**who, "host": host}, f"Signed in as {who['username']} at {host}")


def whoami(as_json: JsonOption = False) -> None:
    """Say who the token belongs to."""
    with connect() as pz:
        who = {**pz.whoami(), "host": pz.api.connection.base_url}
    role = " (administrator)" if who["is_admin"] else ""
    Output(as_json).record(who, f"{who['username']}{role} at {who['host']}")


def logout(as_json: JsonOption = False) -> None:
    """Forget the stored token. It stays valid until it is revoked on the web site."""
    was_signed_in = forget_login()
    sentence = "Signed out." if was_signed_in else "You were not signed in."
    Output(as_json).record({"was_signed_in": was_signed_in}, sentence)


def _read_token(from_stdin: bool) -> str:
    if from_stdin or not sys.stdin.isatty():
        token = sys.stdin.readline().strip()
    else:
        token = typer.prompt("Token", hide_input=True, err=True).strip()
    if not token:
        raise Invalid("no token was given")
    return token


def _token_of(pz: PzServer) -> str:
    return pz.api.connection.token
