"""What users may ask of a pipeline: parameters and output format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pzhub.core.errors import InvalidError
from pzpipelines.registry import pipeline_named

#: Name under which clients of old pass a rule file: its content, never a path.
FLAGS_PARAMETER: Final = "flags_translation_file"


class FilePathError(InvalidError):
    """A parameter names a file of the server."""

    code = "file_path"


class OutputFormatError(InvalidError):
    """The pipeline cannot write that format."""

    code = "output_format"


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


def validate_format(name: str, output_format: str | None) -> str:
    """Return the output format, the pipeline's first one by default.

    Raises
    ------
    OutputFormatError
        If the pipeline cannot write it.
    """
    formats = pipeline_named(name).output_formats
    if not output_format:
        return formats[0]
    if output_format not in formats:
        text = f"Output format {output_format!r} is not one of {', '.join(formats)}."
        raise OutputFormatError(text, fields={"output_format": [text]})
    return output_format
