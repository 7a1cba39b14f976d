"""App configuration."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class CoreConfig(AppConfig):
    """The core app."""

    name = "pzhub.core"
    label = "core"

    def ready(self) -> None:
        """Register the lookup of searches, and what SQLite needs for it."""
        from pzhub.core.search import add_functions

        connection_created.connect(add_functions, dispatch_uid="pzhub.core.search")
