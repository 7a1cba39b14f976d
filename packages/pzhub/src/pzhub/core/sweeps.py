"""Sweeps: small repairs that run again and again, registered by each app."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from django.db import DatabaseError
from django.utils import timezone

from pzhub.core.chores import prune_tasks
from pzhub.core.models import Heartbeat

#: What a round does, in order; `AppConfig.ready` of an app appends to it.
SWEEPS: Final[list[Callable[[], object]]] = [prune_tasks]
#: Under this name the end of a round is noted.
HEARTBEAT: Final = "sweep"

_LOG = logging.getLogger(__name__)


def sweep_once() -> None:
    """Do every registered repair once; one that fails does not stop the others."""
    for sweep in (*SWEEPS, _note_round):
        try:
            sweep()
        except (DatabaseError, OSError):
            _LOG.exception("sweep %s failed; the next round tries again", sweep)


def _note_round() -> None:
    Heartbeat.objects.update_or_create(name=HEARTBEAT, defaults={"at": timezone.now()})
