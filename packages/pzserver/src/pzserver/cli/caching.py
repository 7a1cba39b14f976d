"""The cache of main files, and completion of commands in the shell."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from pzserver.cache import Cache, default_cache
from pzserver.cli.base import JsonOption, Output, YesOption, confirm, examples, talk, write
from pzserver.errors import Invalid


class Shell(StrEnum):
    """Shells that can complete ``pz``."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(
        help="Look at the main files that are kept here, and remove them.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command(name="list", epilog=examples("pz cache list", "pz cache list --json"))(list_files)
    group.command(epilog=examples("pz cache clear --yes"))(clear)
    app.add_typer(group, name="cache")
    lines = ("pz completion bash > pz.bash", 'eval "$(pz completion bash)"')
    app.command(epilog=examples(*lines))(completion)


def list_files(as_json: JsonOption = False) -> None:
    """List the main files that are kept, latest use first.

    PZSERVER_CACHE names another folder, or is "off"; PZSERVER_CACHE_GB limits its size (10).
    """
    cache = _cache()
    rows = [
        {
            "name": entry.name,
            "size_bytes": entry.size_bytes,
            "used_at": datetime.fromtimestamp(entry.used_at, tz=UTC).isoformat(timespec="seconds"),
            "checksum": entry.checksum,
        }
        for entry in cache.entries()
    ]
    Output(as_json).rows(rows, {key: key for key in ("name", "size_bytes", "used_at")})
    limit = f"{cache.limit_bytes / 1e9:g} GB"
    talk(f"{cache.folder}: {cache.size_bytes() / 1e6:,.1f} MB of at most {limit}")


def clear(yes: YesOption = False, as_json: JsonOption = False) -> None:
    """Remove every main file that is kept. Nothing is lost: they are downloaded again."""
    cache = _cache()
    confirm(f"Remove {len(cache.entries())} files from {cache.folder}?", yes=yes)
    freed = cache.clear()
    Output(as_json).record({"freed_bytes": freed}, f"{freed / 1e6:.1f} MB freed")


def completion(shell: Annotated[Shell, typer.Argument(help="Yours.")]) -> None:
    """Print what makes the shell complete commands and options, for its start-up file."""
    # What `--show-completion` of Typer prints, for a shell by name.
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    script = get_completion_script(prog_name="pz", complete_var="_PZ_COMPLETE", shell=shell.value)
    write(script + "\n")


def _cache() -> Cache:
    cache = default_cache()
    if cache is None:
        raise Invalid("the cache is switched off by PZSERVER_CACHE")
    return cache
