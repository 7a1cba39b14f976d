"""App configuration."""

from django.apps import AppConfig


class ProcessesConfig(AppConfig):
    """The processes app."""

    name = "pzhub.processes"
    label = "processes"
