"""``pz``: the command line of the Photo-z Server.

Data go to standard output, talk to standard error. Exit codes: 0 done, 2 what was asked cannot be
done (the message says what to change), 1 the server or the network failed.
"""

from __future__ import annotations

import sys

from pzserver.cli import accounts, pipelines, processes, products
from pzserver.cli.base import app, report
from pzserver.errors import PzServerError

__all__ = ["app", "main"]

accounts.register(app)
products.register(app)
pipelines.register(app)
processes.register(app)


def main() -> None:
    """Run ``pz`` and end the program with the exit code that fits."""
    try:
        app()
    except (PzServerError, OSError) as error:
        sys.exit(report(error))
