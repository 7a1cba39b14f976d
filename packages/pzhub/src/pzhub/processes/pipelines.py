"""The only door to the pipelines: what there is, what is allowed, and what a run is told."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pzhub.catalog.models import FileRole, Product
from pzhub.config import hub_config
from pzhub.core.errors import ConflictError, InvalidError
from pzhub.core.storage import data_path, process_dir
from pzhub.processes.models import Pipeline, Process
from pzhub.uploads.models import Inspection, InspectionState
from pzpipelines.registry import PIPELINES, PipelineSpec, pipeline_named
from pzpipelines.runtime.job import JobInput
from pztables.roles import role_named

#: Fewest inputs of a pipeline; one where it is not named.
MIN_INPUTS: Final[Mapping[str, int]] = {"combine_redshift_dedup": 2}
#: The part of its memory limit that a pipeline plans to use.
PLANNED_MEMORY: Final = 0.6
FLAGS_FILE: Final = "flags_translation.yaml"
#: Name under which clients of old pass a rule file: its content, never a path.
FLAGS_PARAMETER: Final = "flags_translation_file"


class InputNotReadyError(ConflictError):
    """The table of an input has not been read, or its files are gone."""

    code = "input_not_ready"


class FilePathError(InvalidError):
    """A parameter names a file of the server."""

    code = "file_path"


class OutputFormatError(InvalidError):
    """The pipeline cannot write that format."""

    code = "output_format"


def pipeline_specs() -> Mapping[str, PipelineSpec]:
    """Return every pipeline by its name on the wire."""
    return PIPELINES


def spec_of(pipeline: Pipeline) -> PipelineSpec:
    """Return what a pipeline's row stands for."""
    return pipeline_named(pipeline.name)


def min_inputs(name: str) -> int:
    """Return how many different inputs a pipeline needs."""
    return MIN_INPUTS.get(name, 1)


def default_parameters(name: str) -> dict[str, Any]:
    """Return every parameter of a pipeline with its default, ready for JSON."""
    return pipeline_named(name).default_parameters()


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


def check_flags_translation(path: Path, name: str) -> None:
    """Refuse a rule file that the pipelines cannot use, before any data is read.

    Parameters
    ----------
    path
        Where it lies.
    name
        What its owner calls it.

    Raises
    ------
    pztables.errors.UserError
        Naming survey, rule and reason.
    """
    from pzpipelines.combine.rule_file import read_rule_text
    from pzpipelines.combine.rules import parse_rules

    parse_rules(read_rule_text(path), name=name)


def flags_translation_of(process: Process) -> dict[Any, Any] | None:
    """Return the content of the rule file that a run's owner gave, if any."""
    from pzpipelines.combine.rule_file import load_yaml, read_rule_text

    path = process_dir(process) / FLAGS_FILE
    return load_yaml(read_rule_text(path), name=FLAGS_FILE) if path.exists() else None


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


def job_input(product: Product) -> dict[str, Any]:
    """Return what a run is told of an input product.

    The canonical Parquet copy is read, or a HATS catalog where it lies.

    Raises
    ------
    InputNotReadyError
        If there is no table to read.
    """
    main = product.files.filter(role=FileRole.MAIN).first()
    inspection = Inspection.objects.filter(product=product, state=InspectionState.DONE).first()
    if main is None or inspection is None:
        raise _not_ready(product)
    if inspection.canonical_path:
        path, table_format = data_path(inspection.canonical_path), "parquet"
    elif main.is_directory:
        path, table_format = data_path(main.path), "hats"
    else:
        raise _not_ready(product)
    if not path.exists():
        raise _not_ready(product)
    return {
        "path": str(path),
        "internal_name": product.internal_name,
        "columns": columns_by_role(product),
        "product_id": product.pk,
        "sha256": main.sha256 or None,
        "format": table_format,
    }


def _not_ready(product: Product) -> InputNotReadyError:
    return InputNotReadyError(
        f"{product.internal_name}: its table is not on the server; ask its owner to register"
        " the main file again, or leave it out",
        product=product.internal_name,
    )


def columns_by_role(product: Product) -> dict[str, str]:
    """Return the columns of a product by the role that their alias means, in any case."""
    columns: dict[str, str] = {}
    for column in product.columns.exclude(alias=None).order_by("order"):
        role = role_named(column.alias or "")
        if role is not None:
            columns.setdefault(role.name, column.column_name)
    return columns


def job_for(process: Process) -> dict[str, Any]:
    """Return the content of a run's ``job.json``: the server decides paths and resources.

    Raises
    ------
    InputNotReadyError
        If an input went away since the run was submitted.
    """
    config = hub_config()
    links = process.input_links.select_related("product").order_by("position")
    flags = process_dir(process) / FLAGS_FILE
    return {
        "pipeline": process.pipeline.name,
        "version": process.pipeline_version,
        "parameters": process.used_config["param"],
        "inputs": [job_input(link.product) for link in links],
        "output": {
            "name": process.used_config["output_name"],
            "format": process.used_config["output_format"],
        },
        "resources": {
            "workers": config.pipeline_workers,
            "memory_bytes": int(config.pipeline_memory_bytes * PLANNED_MEMORY),
        },
        "flags_translation": str(flags) if flags.exists() else None,
    }


def command_of(process: Process, job_path: Path, work: Path) -> list[str]:
    """Return the program of a run and its arguments."""
    program = [sys.executable, "-P", "-m", "pzpipelines.cli", "run"]
    return [*program, process.pipeline.name, str(job_path), "--workdir", str(work)]
