"""App configuration."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The accounts app."""

    name = "pzhub.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Register what runs again and again."""
        from pzhub.accounts.services.sessions import sweep_sessions
        from pzhub.core.sweeps import SWEEPS

        SWEEPS.append(sweep_sessions)
