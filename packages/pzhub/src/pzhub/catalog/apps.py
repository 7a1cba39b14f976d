"""App configuration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CatalogConfig(AppConfig):
    """The catalog app."""

    name = "pzhub.catalog"
    label = "catalog"

    def ready(self) -> None:
        """Have the trash swept, and the search indexes made after migrations."""
        from pzhub.catalog.fulltext import ensure_indexes
        from pzhub.catalog.services import sweep_trash
        from pzhub.core.sweeps import SWEEPS

        if sweep_trash not in SWEEPS:
            SWEEPS.append(sweep_trash)
        post_migrate.connect(ensure_indexes, sender=self)
