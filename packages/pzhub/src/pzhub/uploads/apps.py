"""App configuration."""

from django.apps import AppConfig


class UploadsConfig(AppConfig):
    """The uploads app."""

    name = "pzhub.uploads"
    label = "uploads"
