"""Sweeps: small repairs that run again and again, registered by each app."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from django.db import DatabaseError

from pzhub.core.chores import prune_tasks

#: What a round does, in order; `AppConfig.ready` of an app appends to it.
SWEEPS: Final[list[Callable[[], object]]] = [prune_tasks]

_LOG = logging.getLogger(__name__)


def sweep_once() -> None:
    """Do every registered repair once; one that fails does not stop the others."""
    for sweep in SWEEPS:
        try:
            sweep()
        except (DatabaseError, OSError):
            _LOG.exception("sweep %s failed; the next round tries again", sweep)
