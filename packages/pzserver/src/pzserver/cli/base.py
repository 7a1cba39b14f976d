"""What every command shares: the connection, the output, the exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from pzserver.client import PzServer
from pzserver.errors import Invalid, ServerFault, Unreachable
from pzserver.notebook import show_table

EXIT_USER: Final = 2
EXIT_OURS: Final = 1

app = typer.Typer(
    name="pz",
    help="Find, download, share, upload and combine photo-z data products.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Begin with `pz login`. Every command takes --json and --help.",
)

ProductArgument = Annotated[str, typer.Argument(help="Id or internal_name of a product.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


class Output:
    """Where results go: text for people, JSON for programs; talk stays on standard error."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def rows(self, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
        """Print a table, or all fields of its rows as JSON."""
        if self.as_json:
            self._dump(list(rows))
        elif rows:
            show_table(rows, columns)
        else:
            talk("Nothing found.")

    def record(self, record: Mapping[str, Any], text: str | None = None) -> None:
        """Print one thing: its text, its fields line by line, or JSON."""
        if self.as_json:
            self._dump(dict(record))
        elif text is not None:
            sys.stdout.write(text + "\n")
        else:
            width = max((len(key) for key in record), default=0)
            for key, value in record.items():
                sys.stdout.write(f"{key:<{width}}  {'' if value is None else value}\n")

    @staticmethod
    def _dump(value: Any) -> None:
        sys.stdout.write(json.dumps(value, indent=2, default=str, ensure_ascii=False) + "\n")


def talk(message: str) -> None:
    """Say something to the person, beside the data."""
    sys.stderr.write(message + "\n")


def connect() -> PzServer:
    """Return a connection with the sign-in of the environment or of ``pz login``."""
    return PzServer()


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is lost; without a terminal, refuse unless ``--yes`` was given."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Invalid(f"{question} Nobody is there to answer: repeat with --yes")
    typer.confirm(question, abort=True, err=True)


def report(error: Exception) -> int:
    """Tell an error in a sentence and return the exit code."""
    talk(f"pz: {error}")
    return EXIT_OURS if isinstance(error, (ServerFault, Unreachable)) else EXIT_USER
