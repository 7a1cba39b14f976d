"""The command line of the server: `pzhub`."""

from __future__ import annotations

import sys

from pztables.early import begin_quietly, speak_again

__all__ = ["app", "main"]


def __getattr__(name: str) -> object:
    if name == "app":
        from pzhub.cli.objects import app  # the last module that adds commands

        return app
    raise AttributeError(f"module 'pzhub.cli' has no attribute {name!r}")


def main() -> None:
    """Run the command line; exit 0 done, 2 refused with a sentence, 1 our fault."""
    before = begin_quietly()
    from pzhub.cli.objects import app
    from pztables.errors import UserError

    speak_again(before)
    try:
        app()
    except UserError as error:
        sys.stderr.write(f"{error.message}\n")
        sys.exit(2)
