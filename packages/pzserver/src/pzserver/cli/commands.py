"""All commands of ``pz``, and how they end."""

from __future__ import annotations

from pzserver.cli import accounts, caching, pipelines, processes, products, profiles, tables, views
from pzserver.cli.base import app, report
from pzserver.errors import PzServerError

__all__ = ["app", "run"]

for _module in (accounts, products, tables, profiles, views, pipelines, processes, caching):
    _module.register(app)


def run() -> int:
    """Run the command that was typed and return the exit code."""
    try:
        app()
    except (PzServerError, OSError) as error:
        return report(error)
    return 0
