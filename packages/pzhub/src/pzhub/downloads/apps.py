"""App configuration."""

from django.apps import AppConfig


class DownloadsConfig(AppConfig):
    """The downloads app."""

    name = "pzhub.downloads"
    label = "downloads"
