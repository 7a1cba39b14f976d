"""What pipelines there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pzhub.processes.models import Pipeline
from pzpipelines.registry import PIPELINES, PipelineSpec, pipeline_named

#: Fewest inputs of a pipeline; one where it is not named.
MIN_INPUTS: Final[Mapping[str, int]] = {"combine_redshift_dedup": 2}
#: Most inputs of a pipeline; as many as its user likes where it is not named.
MAX_INPUTS: Final[Mapping[str, int]] = {"training_set_maker": 1}


def pipeline_specs() -> Mapping[str, PipelineSpec]:
    """Return every pipeline by its name on the wire."""
    return PIPELINES


def spec_of(pipeline: Pipeline) -> PipelineSpec:
    """Return what a pipeline's row stands for."""
    return pipeline_named(pipeline.name)


def min_inputs(name: str) -> int:
    """Return how many different inputs a pipeline needs."""
    return MIN_INPUTS.get(name, 1)


def max_inputs(name: str) -> int | None:
    """Return how many inputs a pipeline takes at most; ``None``: as many as there are."""
    return MAX_INPUTS.get(name)


def needs_release(name: str) -> bool:
    """Return whether a pipeline reads the object catalog of a release."""
    return pipeline_named(name).needs_objects


def default_parameters(name: str) -> dict[str, Any]:
    """Return every parameter of a pipeline with its default, ready for JSON."""
    return pipeline_named(name).default_parameters()
