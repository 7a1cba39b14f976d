"""App configuration."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """The catalog app."""

    name = "pzhub.catalog"
    label = "catalog"
