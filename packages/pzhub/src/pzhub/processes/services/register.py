"""Rows for the pipelines of the registry."""

from __future__ import annotations

from pzhub.processes.models import Pipeline
from pzhub.processes.pipelines import pipeline_specs


def register_pipelines() -> None:
    """Add the pipelines that have no row yet; an administrator's switch stays as it is."""
    known = set(Pipeline.objects.values_list("name", flat=True))
    for name in pipeline_specs():
        if name not in known:
            Pipeline.objects.get_or_create(name=name)
