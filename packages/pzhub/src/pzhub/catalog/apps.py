"""App configuration."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """The catalog app."""

    name = "pzhub.catalog"
    label = "catalog"

    def ready(self) -> None:
        """Have the trash swept."""
        from pzhub.catalog.services import sweep_trash
        from pzhub.core.sweeps import SWEEPS

        if sweep_trash not in SWEEPS:
            SWEEPS.append(sweep_trash)
