"""An administrator at the command line of a server: one program for many commands.

    python tests/administrator.py

Reads one command per line, ``{"arguments": […], "given": "…"}``, does what `pzhub` would do with
them, and writes a line ``{"code": 0, "out": "…", "err": "…"}``. That `pzhub` starts and ends as
it should is for the tests of the command line; those of servers need users and tokens.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from typer.testing import CliRunner

from pzhub.cli import app
from pztables.errors import UserError


def run(arguments: list[str], given: str) -> dict[str, Any]:
    """Return the exit code of a command and what it wrote."""
    result = CliRunner().invoke(app, arguments, input=given)
    if isinstance(result.exception, UserError):
        return {"code": 2, "out": result.stdout, "err": f"{result.exception.message}\n"}
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return {"code": result.exit_code, "out": result.stdout, "err": result.stderr}


def main() -> None:
    """Serve until the input ends."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(**json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
