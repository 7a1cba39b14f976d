"""What a run would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pzhub.catalog.models import Product, Release
from pzhub.processes.pipelines.inputs import job_input
from pzhub.processes.pipelines.parameters import FLAGS_PARAMETER, complete_parameters
from pzhub.processes.pipelines.release import required_objects_of
from pzhub.processes.pipelines.specs import needs_release
from pzpipelines.registry import pipeline_named
from pzpipelines.runtime.job import JobInput, JobObjects


def preflight(
    name: str,
    parameters: Mapping[str, Any],
    products: Sequence[Product],
    *,
    flags_translation: Path | None = None,
    release: Release | None = None,
) -> dict[str, Any]:
    """Tell what a run would do with products, without running it.

    Raises
    ------
    pztables.errors.UserError
        If parameters or a product cannot be used at all.
    """
    inputs = [JobInput(**job_input(product)) for product in products]
    options = complete_parameters(name, parameters, release)
    if flags_translation is not None:
        options[FLAGS_PARAMETER] = str(flags_translation)
    spec = pipeline_named(name)
    if not needs_release(name):
        return spec.preflight(options, inputs)
    objects = JobObjects(**required_objects_of(release)) if release is not None else None
    return spec.preflight(options, inputs, objects=objects)
