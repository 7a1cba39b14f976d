"""App configuration."""

from django.apps import AppConfig


class ProcessesConfig(AppConfig):
    """The processes app."""

    name = "pzhub.processes"
    label = "processes"

    def ready(self) -> None:
        """Tell the apps below what they may not import: origins, ends of runs, sweeps."""
        from pzhub.catalog.hooks import (
            register_origin_labels,
            register_origin_reader,
            register_publication_effect,
        )
        from pzhub.core.sweeps import SWEEPS
        from pzhub.processes.completion import complete_process
        from pzhub.processes.origin import origin_of_process, pipeline_labels
        from pzhub.processes.retention import sweep_run_folders

        register_origin_reader(origin_of_process)
        register_origin_labels(pipeline_labels)
        register_publication_effect(complete_process)
        if sweep_run_folders not in SWEEPS:
            SWEEPS.append(sweep_run_folders)
