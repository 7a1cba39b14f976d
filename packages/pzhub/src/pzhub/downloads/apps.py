"""App configuration."""

from django.apps import AppConfig


class DownloadsConfig(AppConfig):
    """The downloads app."""

    name = "pzhub.downloads"
    label = "downloads"

    def ready(self) -> None:
        """Register what runs again and again."""
        from pzhub.core.sweeps import SWEEPS
        from pzhub.downloads.services import sweep_archives, sweep_bundles

        SWEEPS.extend((sweep_archives, sweep_bundles))
