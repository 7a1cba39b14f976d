"""``pz``: the command line of the Photo-z Server.

Data go to standard output, talk to standard error. Exit codes: 0 done, 2 what was asked cannot be
done (the message says what to change), 1 the server or the network failed, 130 after Ctrl-C.
"""

from __future__ import annotations

import signal
import sys

__all__ = ["app", "main"]


def __getattr__(name: str) -> object:
    if name == "app":
        from pzserver.cli.commands import app

        return app
    raise AttributeError(f"module 'pzserver.cli' has no attribute {name!r}")


def main() -> None:
    """Run ``pz`` and end the program with the exit code that fits."""
    asked = signal.getsignal(signal.SIGINT)
    if asked is signal.default_int_handler:
        # Ctrl-C while libraries load: the program ends, without telling where it was.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from pzserver.cli.commands import run

    signal.signal(signal.SIGINT, asked)
    sys.exit(run())
