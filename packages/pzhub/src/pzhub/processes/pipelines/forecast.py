"""What a run would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pzhub.catalog.models import Product
from pzhub.processes.pipelines.inputs import job_input
from pzhub.processes.pipelines.parameters import FLAGS_PARAMETER, validate_parameters
from pzpipelines.registry import pipeline_named
from pzpipelines.runtime.job import JobInput


def preflight(
    name: str,
    parameters: Mapping[str, Any],
    products: Sequence[Product],
    *,
    flags_translation: Path | None = None,
) -> dict[str, Any]:
    """Tell what a run would do with products, without running it.

    Raises
    ------
    pztables.errors.UserError
        If parameters or a product cannot be used at all.
    """
    inputs = [JobInput(**job_input(product)) for product in products]
    options = validate_parameters(name, parameters)
    if flags_translation is not None:
        options[FLAGS_PARAMETER] = str(flags_translation)
    return pipeline_named(name).preflight(options, inputs)
