"""How the catalog describes a product that a run made."""

from __future__ import annotations

from collections.abc import Mapping

from pzhub.catalog.hooks import Origin
from pzhub.processes.models import Process
from pzhub.processes.pipelines import pipeline_specs, spec_of
from pzhub.processes.selectors import wire_status


def origin_of_process(process: Process) -> Origin:
    """Return the pipeline's name for people, the run's id and its word on the wire."""
    return Origin(spec_of(process.pipeline).display_name, process.pk, wire_status(process))


def pipeline_labels() -> Mapping[str, str]:
    """Return the names of the pipelines for people, by name."""
    return {spec.name: spec.display_name for spec in pipeline_specs().values()}
