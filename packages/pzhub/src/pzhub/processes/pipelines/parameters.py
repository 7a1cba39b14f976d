"""What users may ask of a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pzhub.catalog.models import Release
from pzhub.core.errors import InvalidError
from pzhub.processes.pipelines.photometry import choose_photometry
from pzhub.processes.pipelines.specs import needs_release
from pzpipelines.registry import pipeline_named

#: Name under which clients of old pass a rule file: its content, never a path.
FLAGS_PARAMETER: Final = "flags_translation_file"


class FilePathError(InvalidError):
    """A parameter names a file of the server."""

    code = "file_path"


def validate_parameters(name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters, complete with defaults, ready for JSON.

    Raises
    ------
    FilePathError
        If a parameter wants to name a file of the server.
    pztables.errors.UserError
        Naming the option, what is allowed, and what resembles it.
    """
    rest = dict(parameters)
    if rest.pop(FLAGS_PARAMETER, None) not in (None, ""):
        raise FilePathError(
            f"{FLAGS_PARAMETER} cannot be a path; send the file itself in the form field of this"
            " name"
        )
    validated = pipeline_named(name).validate(rest).model_dump(mode="json")
    validated.pop(FLAGS_PARAMETER, None)
    return validated


def complete_parameters(
    name: str, parameters: Mapping[str, Any], release: Release | None
) -> dict[str, Any]:
    """Return the parameters of a run, complete with what its release preselects.

    Parameters
    ----------
    name
        Of the pipeline.
    parameters
        As the user gave them.
    release
        Whose objects are matched, for a pipeline that does.

    Raises
    ------
    PhotometryNotOfferedError
        Naming the option that the release does not have, and what it has.
    pztables.errors.UserError
        As `validate_parameters`.
    """
    validated = validate_parameters(name, parameters)
    if release is None or not needs_release(name):
        return validated
    return choose_photometry(release, parameters, validated)
