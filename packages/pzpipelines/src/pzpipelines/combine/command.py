"""``pzpipelines combine``: from files and options to a run, from its result to one file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from pzpipelines.combine.association import (
    HOMOGENIZED_FLAG,
    HOMOGENIZED_TYPE,
    STANDARD_ROLES,
    is_earlier_product,
)
from pzpipelines.runtime.command import (
    CommandError,
    RunRequest,
    parameters_of,
    read_columns_file,
    require_files,
    run_request,
    suggested_roles,
)
from pzpipelines.runtime.job import Job, JobInput
from pzpipelines.runtime.outcome import ExitCode, Outcome
from pztables.roles import role_named

PIPELINE: Final = "combine_redshift_dedup"
#: How similar (0 to 1) an unknown role is to the one that was meant.
SAME_BUT_FOR_A_SLIP: Final = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class CombineRequest(RunRequest):
    """The arguments of the command, as given."""

    files: Sequence[Path]
    rules_file: Path | None = None


def run_combine(request: CombineRequest) -> tuple[Outcome, ExitCode]:
    """Combine files; the result appears whole under its name, or not at all.

    Raises
    ------
    UserError
        If the arguments alone show that the run cannot succeed.
    """
    return run_request(request, job_of(request), [*request.files, request.rules_file])


def job_of(request: CombineRequest) -> Job:
    """Translate the arguments into a job.

    Raises
    ------
    UserError
        Naming the argument that cannot be used.
    """
    require_files(request.files)
    columns = _columns_of_files(request.files, request.columns_file)
    _refuse_misspelt_roles(request, columns)
    inputs = [
        JobInput(
            path=path.absolute(),
            internal_name=f"{number:03d}_{path.name.split('.')[0]}",
            columns=associated,
        )
        for number, (path, associated) in enumerate(
            zip(request.files, columns, strict=True), start=1
        )
    ]
    return request.job(PIPELINE, "combined", inputs=inputs, flags_translation=request.rules_file)


def _columns_of_files(
    files: Sequence[Path], columns_file: Path | None
) -> list[dict[str, str | None]]:
    given = {} if columns_file is None else read_columns_file(columns_file)
    return [
        given[path.name] if path.name in given else _suggested(path, given, columns_file)
        for path in files
    ]


def _refuse_misspelt_roles(
    request: CombineRequest, columns: Sequence[Mapping[str, str | None]]
) -> None:
    """Refuse roles that resemble a standard one and that nothing else in the run knows."""
    parameters = parameters_of(request.assignments)
    known = {*STANDARD_ROLES, HOMOGENIZED_FLAG, HOMOGENIZED_TYPE, "type"}
    for path, roles in zip(request.files, columns, strict=True):
        for role in roles:
            near = get_close_matches(role.lower(), STANDARD_ROLES, 1, SAME_BUT_FOR_A_SLIP)
            if role_named(role) or role in known or not near:
                continue
            if role not in _names_in_use(request, parameters):
                raise CommandError(
                    f"{request.columns_file}, {path.name}: no role {role!r}; "
                    f"did you mean {near[0]}? The roles are {', '.join(STANDARD_ROLES)}",
                    role=role,
                    near=near,
                )


def _names_in_use(request: CombineRequest, parameters: Mapping[str, Any]) -> set[str]:
    """Return the columns that rules or priorities name: a catalog may call its own so."""
    from pzpipelines.combine.parameters import validate
    from pzpipelines.combine.rules import load_rules

    options, rules = validate(parameters), load_rules(request.rules_file)
    priorities = (*rules.tiebreaking_priority, *options.collapse_priority)
    return {*rules.expression_names, *priorities, *(options.tiebreaking_priority or ())}


def _suggested(
    path: Path, given: Mapping[str, Any], columns_file: Path | None
) -> dict[str, str | None]:
    """Take the association from the columns themselves, where they leave no doubt."""
    from pztables.formats import open_table

    with open_table(path) as table:
        columns = table.schema.columns
    if is_earlier_product([column.name for column in columns]):
        return {}  # its columns have the standard names already
    return suggested_roles(path, columns, given, columns_file)
