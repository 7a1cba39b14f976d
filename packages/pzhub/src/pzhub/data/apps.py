"""App configuration."""

from django.apps import AppConfig


class DataConfig(AppConfig):
    """The app of data: it has no tables of its own."""

    name = "pzhub.data"
    label = "data"
