"""App configuration."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The web app."""

    name = "pzhub.web"
    label = "web"

    def ready(self) -> None:
        """Have the picture of the start page drawn anew while the server runs."""
        from pzhub.core.sweeps import SWEEPS
        from pzhub.web.hosted_sky import sweep_hosted_sky

        SWEEPS.append(sweep_hosted_sky)
