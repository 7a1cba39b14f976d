"""App configuration."""

from django.apps import AppConfig


class TablesConfig(AppConfig):
    """The app that looks into tables of products; it has no models."""

    name = "pzhub.tables"
    label = "tables"
