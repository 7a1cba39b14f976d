"""App configuration."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The web app."""

    name = "pzhub.web"
    label = "web"
