"""App configuration."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """The outbox app."""

    name = "pzhub.outbox"
    label = "outbox"

    def ready(self) -> None:
        """Register what runs again and again."""
        from pzhub.core.sweeps import SWEEPS
        from pzhub.outbox.services import sweep_letters

        SWEEPS.append(sweep_letters)
