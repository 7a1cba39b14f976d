"""What a run is told, and the program that it is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

from pzhub.config import hub_config
from pzhub.core.storage import process_dir
from pzhub.processes.models import Process
from pzhub.processes.pipelines.inputs import job_input
from pzhub.processes.pipelines.release import required_objects_of
from pzhub.processes.pipelines.rules import FLAGS_FILE
from pzhub.processes.pipelines.specs import needs_release

#: The part of its memory limit that a pipeline plans to use.
PLANNED_MEMORY: Final = 0.6


def job_for(process: Process) -> dict[str, Any]:
    """Return the content of a run's ``job.json``: the server decides paths and resources.

    Raises
    ------
    InputNotReadyError, ReleaseWithoutObjectsError
        If an input or the object catalog went away since the run was submitted.
    """
    config = hub_config()
    links = process.input_links.select_related("product").order_by("position")
    flags = process_dir(process) / FLAGS_FILE
    return {
        "pipeline": process.pipeline.name,
        "version": process.pipeline_version,
        "parameters": process.used_config["param"],
        "inputs": [job_input(link.product) for link in links],
        "output": {
            "name": process.used_config["output_name"],
            "format": process.used_config["output_format"],
        },
        "resources": {
            "workers": config.pipeline_workers,
            "memory_bytes": int(config.pipeline_memory_bytes * PLANNED_MEMORY),
        },
        "objects": _objects_for(process),
        "flags_translation": str(flags) if flags.exists() else None,
    }


def _objects_for(process: Process) -> dict[str, Any] | None:
    if process.release is None or not needs_release(process.pipeline.name):
        return None
    return required_objects_of(process.release)


def command_of(process: Process, job_path: Path, work: Path) -> list[str]:
    """Return the program of a run and its arguments."""
    program = [sys.executable, "-P", "-m", "pzpipelines.cli", "run"]
    return [*program, process.pipeline.name, str(job_path), "--workdir", str(work)]
