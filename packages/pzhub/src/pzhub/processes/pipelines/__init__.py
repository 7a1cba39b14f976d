"""The only door to the pipelines: what there is, what is allowed, and what a run is told."""

from pzhub.processes.pipelines.forecast import preflight
from pzhub.processes.pipelines.inputs import InputNotReadyError, columns_by_role, job_input
from pzhub.processes.pipelines.jobs import PLANNED_MEMORY, command_of, job_for
from pzhub.processes.pipelines.parameters import (
    FLAGS_PARAMETER,
    FilePathError,
    OutputFormatError,
    validate_format,
    validate_parameters,
)
from pzhub.processes.pipelines.rules import (
    FLAGS_FILE,
    check_flags_translation,
    flags_translation_of,
)
from pzhub.processes.pipelines.specs import (
    MIN_INPUTS,
    default_parameters,
    min_inputs,
    pipeline_specs,
    spec_of,
)

__all__ = [
    "FLAGS_FILE",
    "FLAGS_PARAMETER",
    "MIN_INPUTS",
    "PLANNED_MEMORY",
    "FilePathError",
    "InputNotReadyError",
    "OutputFormatError",
    "check_flags_translation",
    "columns_by_role",
    "command_of",
    "default_parameters",
    "flags_translation_of",
    "job_for",
    "job_input",
    "min_inputs",
    "pipeline_specs",
    "preflight",
    "spec_of",
    "validate_format",
    "validate_parameters",
]
