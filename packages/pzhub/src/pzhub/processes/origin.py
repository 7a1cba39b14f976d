"""How the catalog describes a product that a run made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pzhub.catalog.hooks import Origin
from pzhub.processes.models import Process
from pzhub.processes.pipelines import pipeline_specs, spec_of
from pzhub.processes.selectors import wire_status

#: Parts of a summary that name no input: not everybody who sees a result sees all of these.
_TOLD: Final = ("photometry", "split")


def origin_of_process(process: Process) -> Origin:
    """Return the pipeline's name for people, the run's id and its word on the wire."""
    return Origin(
        spec_of(process.pipeline).display_name, process.pk, wire_status(process), _made(process)
    )


def _made(process: Process) -> dict[str, Any]:
    """Return how photometry, matches and split of a training set were made; of others nothing."""
    summary = process.summary or {}
    return {name: summary[name] for name in _TOLD if name in summary}


def pipeline_labels() -> Mapping[str, str]:
    """Return the names of the pipelines for people, by name."""
    return {spec.name: spec.display_name for spec in pipeline_specs().values()}
