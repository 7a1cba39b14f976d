"""Models of processes."""

from pzhub.processes.models.pipeline import Pipeline
from pzhub.processes.models.process import Phase, Process, ProcessInput

__all__ = ["Phase", "Pipeline", "Process", "ProcessInput"]
