"""App configuration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class CatalogConfig(AppConfig):
    """The catalog app."""

    name = "pzhub.catalog"
    label = "catalog"

    def ready(self) -> None:
        """Have the trash swept; search indexes and rows of facets made after migrations."""
        from pzhub.catalog.facet_rows import drop_triggers, ensure_rows
        from pzhub.catalog.fulltext import ensure_indexes
        from pzhub.catalog.services import sweep_trash
        from pzhub.core.sweeps import SWEEPS

        if sweep_trash not in SWEEPS:
            SWEEPS.append(sweep_trash)
        pre_migrate.connect(drop_triggers, sender=self)
        post_migrate.connect(ensure_rows, sender=self)
        post_migrate.connect(ensure_indexes, sender=self)
