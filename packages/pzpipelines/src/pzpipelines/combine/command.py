"""``pzpipelines combine``: from files and options to a run, from its result to one file."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from pzpipelines.combine.association import (
    HOMOGENIZED_FLAG,
    HOMOGENIZED_TYPE,
    STANDARD_ROLES,
    is_earlier_product,
)
from pzpipelines.registry import pipeline_named
from pzpipelines.runtime.job import Job, JobInput, JobOutput, JobResources
from pzpipelines.runtime.outcome import ExitCode, Outcome, Status
from pzpipelines.runtime.run import run_in_workspace
from pzpipelines.runtime.workspace import Workspace
from pztables.errors import OptionError, UserError
from pztables.roles import role_named

if TYPE_CHECKING:
    from pztables.formats import ColumnInfo

PIPELINE: Final = "combine_redshift_dedup"
REQUIRED_ROLES: Final = ("ra", "dec", "z")
#: From here on a column's name or UCD leaves no doubt about its role.
CLEAR_CONFIDENCE: Final = 0.85
#: How similar (0 to 1) an unknown role is to the one that was meant.
SAME_BUT_FOR_A_SLIP: Final = 0.75
_FORMAT_OF_SUFFIX: Final = {
    ".parquet": "parquet", ".pq": "parquet", ".csv": "csv", ".fits": "fits", ".fit": "fits",
    ".hdf5": "hdf5", ".h5": "hdf5", ".hdf": "hdf5", ".hats": "hats", "": "hats",
}  # fmt: skip


class CommandError(UserError):
    """An argument of the command cannot be used."""

    code = "invalid_argument"


@dataclass(frozen=True, slots=True)
class CombineRequest:
    """The arguments of the command, as given."""

    files: Sequence[Path]
    output: Path
    columns_file: Path | None
    assignments: Sequence[str]
    rules_file: Path | None
    output_format: str | None
    resources: Mapping[str, Any]
    record: Path | None


def run_combine(request: CombineRequest) -> tuple[Outcome, ExitCode]:
    """Combine files; the result appears whole under its name, or not at all.

    Raises
    ------
    UserError
        If the arguments alone show that the run cannot succeed.
    """
    job = job_of(request)
    _refuse_places(request, job.output.format)
    scratch = _scratch_beside(request.output)
    workspace = Workspace(scratch)
    with ExitStack() as left_over:
        left_over.callback(shutil.rmtree, scratch, ignore_errors=True)
        outcome, exit_code = run_in_workspace(
            workspace, lambda: pipeline_named(PIPELINE).run(job, workspace)
        )
        if outcome.status is Status.COMPLETED:
            main = next(output for output in outcome.outputs if output.role == "main")
            _replace(scratch / main.path, request.output)
        if request.record is not None:
            shutil.copytree(scratch, request.record, dirs_exist_ok=True)
        if outcome.status is Status.FAILED:
            left_over.pop_all()  # its log is what we ask to be sent
    return outcome, exit_code


def _refuse_places(request: CombineRequest, output_format: str | None) -> None:
    """Refuse to write where something else would be lost."""
    output = request.output
    wanted = output.resolve()
    used = [*request.files, request.columns_file, request.rules_file]
    for path in used:
        if path is None:
            continue
        real = path.resolve()
        if wanted == real or wanted in real.parents or real in wanted.parents:
            raise CommandError(
                f"{output}: the result would replace, or lie in, {path}, which this run reads; "
                "give it another name"
            )
    if output.is_dir() and not (output_format == "hats" and _is_hats(output)):
        raise CommandError(f"{output}: is a folder; name a new file in it for the result")
    if output.is_file() and output_format == "hats":
        raise CommandError(
            f"{output}: is a file, and a result in HATS is a folder; give it another name"
        )
    if request.record is not None and request.record.exists() and not request.record.is_dir():
        raise CommandError(f"{request.record}: is a file; --record needs a folder")


def _is_hats(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("collection.properties", "hats.properties"))


def _scratch_beside(output: Path) -> Path:
    """Make a folder beside the result, so that the finished file takes its name in one step."""
    folder = output.absolute().parent
    if not folder.is_dir():
        raise CommandError(f"{output}: the folder {folder} does not exist; make it first")
    try:
        return Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=folder))
    except OSError as wrong:
        raise CommandError(
            f"{output}: nothing can be written in {folder} ({wrong.strerror}); "
            "choose another folder"
        ) from wrong


def _replace(made: Path, wanted: Path) -> None:
    if wanted.is_dir():
        shutil.rmtree(wanted)
    os.replace(made, wanted)


def job_of(request: CombineRequest) -> Job:
    """Translate the arguments into a job.

    Raises
    ------
    UserError
        Naming the argument that cannot be used.
    """
    _require_files(request.files)
    columns = _columns_of_files(request.files, request.columns_file)
    parameters = parameters_of(request.assignments)
    _refuse_misspelt_roles(request, columns, parameters)
    given = {key: value for key, value in request.resources.items() if value is not None}
    resources = {"resources": JobResources(**given)} if given else {}
    return Job(
        pipeline=PIPELINE,
        parameters=parameters,
        inputs=[
            JobInput(
                path=path.absolute(),
                internal_name=f"{number:03d}_{path.name.split('.')[0]}",
                columns=associated,
            )
            for number, (path, associated) in enumerate(
                zip(request.files, columns, strict=True), start=1
            )
        ],
        output=JobOutput(name="combined", format=_format_of(request)),
        flags_translation=request.rules_file,
        **resources,
    )


def _require_files(files: Sequence[Path]) -> None:
    seen: dict[Path, Path] = {}
    for path in files:
        if not path.exists():
            raise CommandError(f"{path}: no such file", file=str(path))
        if not (path.is_file() or path.is_dir()):  # reading a pipe would wait for ever
            raise CommandError(
                f"{path}: is neither a file nor a HATS folder; write its content to a file first",
                file=str(path),
            )
        real = path.resolve()
        if real in seen:
            raise CommandError(
                f"{path}: the same catalog is given twice (first as {seen[real]}); give it once",
                file=str(path),
            )
        seen[real] = path


def _format_of(request: CombineRequest) -> str:
    if request.output_format is not None:
        return request.output_format.lower()
    suffix = request.output.suffix.lower()
    if suffix not in _FORMAT_OF_SUFFIX:
        raise CommandError(
            f"{request.output}: the suffix {suffix!r} is no output format; "
            "use .parquet, .csv, .fits, .hdf5 or .hats, or say --format"
        )
    return _FORMAT_OF_SUFFIX[suffix]


def parameters_of(assignments: Sequence[str]) -> dict[str, Any]:
    """Read ``KEY=VALUE`` texts; values are YAML, dots in a key nest.

    Raises
    ------
    OptionError
        If one has no key, no ``=``, or a value that is no YAML.
    """
    parameters: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not all(part.strip() for part in key.split(".")):
            raise OptionError(f"--param {assignment}: write it as KEY=VALUE", option=assignment)
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError as wrong:
            raise OptionError(
                f"--param {assignment}: the value is not YAML; quote texts with special signs",
                option=key,
            ) from wrong
        *outer, last = (part.strip() for part in key.split("."))
        inner = parameters
        for part in outer:
            inner = inner.setdefault(part, {})
            if not isinstance(inner, dict):
                raise OptionError(f"--param {assignment}: {part} is already a value", option=key)
        inner[last] = value
    return parameters


def _columns_of_files(
    files: Sequence[Path], columns_file: Path | None
) -> list[dict[str, str | None]]:
    given = {} if columns_file is None else read_columns_file(columns_file)
    return [
        given[path.name] if path.name in given else _suggested(path, given, columns_file)
        for path in files
    ]


def read_columns_file(path: Path) -> dict[str, dict[str, str | None]]:
    """Read a file that gives for each file name its columns: role to column name.

    Raises
    ------
    CommandError
        If it is absent, no JSON, or of another form.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as absent:
        raise CommandError(
            f"{path}: cannot be read ({absent.strerror})", file=str(path)
        ) from absent
    except ValueError as wrong:
        raise CommandError(f"{path}: is not JSON ({wrong})", file=str(path)) from wrong
    well_formed = isinstance(content, dict) and all(
        isinstance(roles, dict)
        and all(column is None or isinstance(column, str) for column in roles.values())
        for roles in content.values()
    )
    if not well_formed:
        raise CommandError(
            f'{path}: write it as {{"file name": {{"ra": "column", …}}, …}}', file=str(path)
        )
    columns: dict[str, dict[str, str | None]] = content
    return columns


def _refuse_misspelt_roles(
    request: CombineRequest,
    columns: Sequence[Mapping[str, str | None]],
    parameters: Mapping[str, Any],
) -> None:
    """Refuse roles that resemble a standard one and that nothing else in the run knows."""
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
    clear = _clear_roles(columns)
    rivals = _clear_roles([column for column in columns if column.name not in clear.values()])
    missing = [role for role in REQUIRED_ROLES if role not in clear]
    doubtful = {role: [clear[role], rivals[role]] for role in clear if role in rivals}
    if not missing and not doubtful:
        return dict(clear)
    near = get_close_matches(path.name, given, 1)
    where = f" in {columns_file}" if columns_file else " with --columns columns.json"
    reasons = [f"no column is clearly {role}" for role in missing]
    reasons += [f"{role} may be {' or '.join(names)}" for role, names in doubtful.items()]
    hint = f" (it has {near[0]}, not {path.name})" if near else ""
    raise CommandError(
        f"{path.name}: {'; '.join(reasons)}: associate its columns{where}{hint}",
        file=str(path),
        missing=missing,
        doubtful=doubtful,
    )


def _clear_roles(columns: Sequence[ColumnInfo]) -> dict[str, str]:
    from pztables.associate import suggest_roles

    suggestions = suggest_roles(columns, product_type="redshift_catalog")
    return {each.role: each.column for each in suggestions if each.confidence >= CLEAR_CONFIDENCE}
