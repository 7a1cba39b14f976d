"""What every command shares: the connection, the output, the exit codes."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final

import typer

from pzserver import get_version
from pzserver.client import PzServer
from pzserver.errors import Invalid, NotFound, PzServerError, ServerFault, Unreachable
from pzserver.notebook import as_text
from pzserver.products import find_product

EXIT_USER: Final = 2
EXIT_OURS: Final = 1
EXIT_INTERRUPTED: Final = 130

app = typer.Typer(
    name="pz",
    help="Find, download, share, upload and combine photo-z data products.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Begin with `pz login`. Every command takes --json and --help.",
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        write(f"pz {get_version()}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_tell_version, help="Print the version."),
    ] = False,
) -> None:
    """Options before a command."""


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
            write(as_text(rows, columns) + "\n")
        else:
            talk("Nothing found.")

    def record(self, record: Mapping[str, Any], text: str | None = None) -> None:
        """Print one thing: its text, its fields line by line, or JSON."""
        if self.as_json:
            self._dump(dict(record))
        elif text is not None:
            write(text + "\n")
        else:
            width = max((len(key) for key in record), default=0)
            for key, value in record.items():
                write(f"{key:<{width}}  {'' if value is None else value}".rstrip() + "\n")

    @staticmethod
    def _dump(value: Any) -> None:
        write(json.dumps(value, indent=2, default=str, ensure_ascii=False) + "\n")


def examples(*lines: str) -> str:
    """Return the end of a command's help: what one may type."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def write(text: str) -> None:
    """Write data to standard output at once; when nobody reads it any more, that is the end."""
    if sys.stdout is None:
        raise Invalid("standard output is closed: there is nowhere to write to")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is left in the buffer must not fail when the program ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def minute(moment: str | None) -> str:
    """Return a time of the server up to the minute, UTC."""
    return (moment or "")[:16].replace("T", " ")


def talk(message: str) -> None:
    """Say something to the person, beside the data."""
    sys.stderr.write(message + "\n")


def connect() -> PzServer:
    """Return a connection with the sign-in of the environment or of ``pz login``."""
    return PzServer()


@contextmanager
def resumable(advice: str) -> Iterator[None]:
    """Say how to go on when what is done in the block is interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        talk(f"\nInterrupted. {advice}")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except Unreachable:
        talk(advice)
        raise


def product_named(pz: PzServer, name: str) -> dict[str, Any]:
    """Return a product by id or ``internal_name``.

    Raises
    ------
    NotFound
        If there is none; the sentence says where to look.
    """
    try:
        return find_product(pz.api, name)
    except NotFound as error:
        if error.code != "not_found":
            raise
        meant = f". Did you mean {' or '.join(error.near)}?" if error.near else ""
        sentence = f"there is no product {name!r} that you may see; `pz list` shows what there is"
        raise NotFound(f"{sentence}{meant}", code=error.code, status=error.status) from error


def process_named(pz: PzServer, process_id: int) -> dict[str, Any]:
    """Return a run by id.

    Raises
    ------
    NotFound
        If there is none; the sentence says where to look.
    """
    try:
        return pz.api.get("processes", process_id)
    except NotFound as error:
        raise NotFound(
            f"you have no process {process_id}; `pz process list` shows yours",
            code=error.code,
            status=error.status,
        ) from error


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is lost; without a terminal, refuse unless ``--yes`` was given."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Invalid(f"{question} Nobody is there to answer: repeat with --yes")
    typer.confirm(question, abort=True, err=True)


def _sentence_of(error: Exception) -> str:
    """Return what an error says; of the system's errors the file and the reason, no numbers."""
    if isinstance(error, PzServerError) or not isinstance(error, OSError) or not error.strerror:
        return str(error)
    place = error.filename2 or error.filename
    advice = ": make room and try again" if error.errno == errno.ENOSPC else ""
    return f"{f'{place}: ' if place else ''}{error.strerror}{advice}"


def report(error: Exception) -> int:
    """Tell an error in a sentence and return the exit code."""
    talk(f"pz: {_sentence_of(error)}")
    return EXIT_OURS if isinstance(error, (ServerFault, Unreachable)) else EXIT_USER
