"""App configuration."""

from django.apps import AppConfig


class TablesConfig(AppConfig):
    """The app that looks into tables of products, and saves views of them."""

    name = "pzhub.tables"
    label = "tables"

    def ready(self) -> None:
        """Tell the catalog of products that are views, and register what runs again and again."""
        from pzhub.catalog.hooks import register_view_reader
        from pzhub.core.sweeps import SWEEPS
        from pzhub.tables.services.views import origin_of_view, sweep_views

        register_view_reader(origin_of_view)
        if sweep_views not in SWEEPS:
            SWEEPS.append(sweep_views)
