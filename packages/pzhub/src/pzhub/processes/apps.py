"""App configuration."""

from django.apps import AppConfig


class ProcessesConfig(AppConfig):
    """The processes app."""

    name = "pzhub.processes"
    label = "processes"

    def ready(self) -> None:
        """Tell the catalog where products come from, and what ends with a publication."""
        from pzhub.catalog.hooks import register_origin_reader, register_publication_effect
        from pzhub.processes.completion import complete_process
        from pzhub.processes.origin import origin_of_process

        register_origin_reader(origin_of_process)
        register_publication_effect(complete_process)
