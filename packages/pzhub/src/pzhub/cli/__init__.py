"""The command line of the server: `pzhub`."""

from __future__ import annotations

import sys

from pzhub.cli.commands import app
from pztables.errors import UserError

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; exit 0 done, 2 refused with a sentence, 1 our fault."""
    try:
        app()
    except UserError as error:
        sys.stderr.write(f"{error.message}\n")
        sys.exit(2)
