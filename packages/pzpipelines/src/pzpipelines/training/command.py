"""``pzpipelines train``: from files and options to a run, from its result to one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pzpipelines.runtime.command import (
    CommandError,
    RunRequest,
    are_roles,
    read_json,
    require_files,
    run_request,
    suggested_roles,
)
from pzpipelines.runtime.job import Job, JobInput, JobObjects
from pzpipelines.runtime.outcome import ExitCode, Outcome
from pzpipelines.training.inputs import REQUIRED_ROLES
from pztables.expressions.errors import near_names
from pztables.roles import ROLES, role_named

PIPELINE: Final = "training_set_maker"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRequest(RunRequest):
    """The arguments of the command, as given."""

    objects: Path
    redshifts: Path
    dust_maps: Path | None = None


def run_train(request: TrainRequest) -> tuple[Outcome, ExitCode]:
    """Make a training set of files; it appears whole under its name, or not at all.

    Raises
    ------
    UserError
        If the arguments alone show that the run cannot succeed.
    """
    return run_request(
        request, job_of(request), [request.objects, request.redshifts, request.dust_maps]
    )


def job_of(request: TrainRequest) -> Job:
    """Translate the arguments into a job.

    Raises
    ------
    UserError
        Naming the argument that cannot be used.
    """
    require_files([request.redshifts])
    require_files([request.objects])  # the same one may be both
    if not request.objects.is_dir():
        raise CommandError(
            f"{request.objects}: is a file; --objects needs the folder of a HATS catalog or of a "
            "release",
            file=str(request.objects),
        )
    if request.dust_maps is not None and not request.dust_maps.is_dir():
        raise CommandError(f"{request.dust_maps}: no such folder of dust maps")
    redshifts = JobInput(
        path=request.redshifts.absolute(),
        internal_name=request.redshifts.name,
        columns=_columns(request),
    )
    objects = JobObjects(
        path=request.objects.absolute(),
        name=request.objects.resolve().name or "objects",
        dust_maps=None if request.dust_maps is None else request.dust_maps.absolute(),
    )
    return request.job(PIPELINE, "training_set", inputs=[redshifts], objects=objects)


def _columns(request: TrainRequest) -> dict[str, str | None]:
    from pztables.formats import open_table

    given = {} if request.columns_file is None else _read_columns(request)
    if given:
        return given
    with open_table(request.redshifts) as table:
        columns = table.schema.columns
    if {*REQUIRED_ROLES} <= {column.name for column in columns}:
        return {}  # columns that have the roles' own names are found by them
    return suggested_roles(request.redshifts, columns, {}, request.columns_file)


def _read_columns(request: TrainRequest) -> dict[str, str | None]:
    """Return the association of the file: alone, or under the file's name among others."""
    path = request.columns_file
    assert path is not None
    content = read_json(path)
    if isinstance(content, dict) and are_roles(content.get(request.redshifts.name)):
        content = content[request.redshifts.name]
    if not are_roles(content):
        raise CommandError(
            f'{path}: write it as {{"ra": "column", …}}, or as '
            f'{{"{request.redshifts.name}": {{"ra": "column", …}}, …}}',
            file=str(path),
        )
    columns: dict[str, str | None] = content
    names = [role.name for role in ROLES]
    for role in columns:
        near = near_names(role, names)
        if role_named(role) is None and near:
            raise CommandError(
                f"{path}: no role {role!r}; did you mean {near[0]}? "
                f"The roles are {', '.join(names)}",
                role=role,
                near=near,
            )
    return columns
