"""Sessions that have ended: their rows go, those of forms that nobody came back for included."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings

from pzhub.core.chores import holder_name
from pzhub.core.leases import acquire_lease


def sweep_sessions() -> None:
    """Remove the rows of sessions that have ended; once an hour, whoever asks."""
    if acquire_lease("sweep-sessions", holder_name(), 3600):
        import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
