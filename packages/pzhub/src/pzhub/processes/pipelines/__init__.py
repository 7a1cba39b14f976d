"""The only door to the pipelines: what there is, what is allowed, and what a run is told."""

from pzhub.processes.pipelines.common import rows_with_counterpart
from pzhub.processes.pipelines.forecast import preflight
from pzhub.processes.pipelines.formats import (
    FOLLOW_INPUT,
    OutputFormatError,
    format_of,
    output_format_of,
)
from pzhub.processes.pipelines.inputs import InputNotReadyError, columns_by_role, job_input
from pzhub.processes.pipelines.jobs import PLANNED_MEMORY, command_of, job_for
from pzhub.processes.pipelines.objects import described_objects, objects_of
from pzhub.processes.pipelines.parameters import (
    FLAGS_PARAMETER,
    FilePathError,
    complete_parameters,
    validate_parameters,
)
from pzhub.processes.pipelines.photometry import (
    Choice,
    Photometry,
    PhotometryNotOfferedError,
    columns_of_objects,
    columns_offered,
    photometry_of,
)
from pzhub.processes.pipelines.release import (
    ReleaseWithoutObjectsError,
    required_objects_of,
)
from pzhub.processes.pipelines.rules import (
    FLAGS_FILE,
    check_flags_translation,
    flags_translation_of,
)
from pzhub.processes.pipelines.specs import (
    MIN_INPUTS,
    default_parameters,
    max_inputs,
    min_inputs,
    needs_release,
    pipeline_specs,
    spec_of,
)

__all__ = [
    "FLAGS_FILE",
    "FLAGS_PARAMETER",
    "FOLLOW_INPUT",
    "MIN_INPUTS",
    "PLANNED_MEMORY",
    "Choice",
    "FilePathError",
    "InputNotReadyError",
    "OutputFormatError",
    "Photometry",
    "PhotometryNotOfferedError",
    "ReleaseWithoutObjectsError",
    "check_flags_translation",
    "columns_by_role",
    "columns_of_objects",
    "columns_offered",
    "command_of",
    "complete_parameters",
    "default_parameters",
    "described_objects",
    "flags_translation_of",
    "format_of",
    "job_for",
    "job_input",
    "max_inputs",
    "min_inputs",
    "needs_release",
    "objects_of",
    "output_format_of",
    "photometry_of",
    "pipeline_specs",
    "preflight",
    "required_objects_of",
    "rows_with_counterpart",
    "spec_of",
    "validate_parameters",
]
