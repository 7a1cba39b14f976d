"""App configuration."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """The notices app."""

    name = "pzhub.notices"
    label = "notices"

    def ready(self) -> None:
        """Register what runs again and again."""
        from pzhub.core.sweeps import SWEEPS
        from pzhub.notices.services import forget_old_notices

        SWEEPS.append(forget_old_notices)
