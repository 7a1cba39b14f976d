"""The command line of the server: `pzhub`."""

from __future__ import annotations

import sys

from pztables.errors import UserError


def main() -> None:
    """Run the command line; exit 0 done, 2 refused with a sentence, 1 our fault."""
    from pzhub.cli.app import app

    try:
        app()
    except UserError as error:
        sys.stderr.write(f"{error.message}\n")
        sys.exit(2)
