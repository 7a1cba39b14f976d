"""Runners: what executes programs. No Django here."""

from __future__ import annotations

from functools import lru_cache

from pzhub.processes.runners.base import Runner
from pzhub.processes.runners.local import LocalRunner

__all__ = ["Runner", "runner_named"]


@lru_cache
def runner_named(name: str) -> Runner:
    """Return the runner of a name, one per process of the server."""
    runners: dict[str, type[Runner]] = {LocalRunner.name: LocalRunner}
    return runners[name]()
