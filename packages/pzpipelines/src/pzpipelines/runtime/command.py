"""Pipelines run from files by a command: arguments in, one result in its place."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from pzpipelines.registry import pipeline_named
from pzpipelines.runtime.job import Job, JobOutput, JobResources
from pzpipelines.runtime.outcome import ExitCode, Outcome, Status
from pzpipelines.runtime.run import run_in_workspace
from pzpipelines.runtime.workspace import Workspace
from pztables.errors import OptionError, UserError

if TYPE_CHECKING:
    from pztables.formats import ColumnInfo

REQUIRED_ROLES: Final = ("ra", "dec", "z")
#: From here on a column's name or UCD leaves no doubt about its role.
CLEAR_CONFIDENCE: Final = 0.85
_FORMAT_OF_SUFFIX: Final = {
    ".parquet": "parquet", ".pq": "parquet", ".csv": "csv", ".fits": "fits", ".fit": "fits",
    ".hdf5": "hdf5", ".h5": "hdf5", ".hdf": "hdf5", ".hats": "hats", "": "hats",
}  # fmt: skip


class CommandError(UserError):
    """An argument of the command cannot be used."""

    code = "invalid_argument"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """The arguments of a command that runs a pipeline, as given.

    Attributes
    ----------
    output
        File, or folder for HATS.
    output_format
        ``None``: that of the output's suffix.
    columns_file
        JSON with the columns of the inputs by role.
    assignments
        Parameters as ``KEY=VALUE``.
    workers, memory_bytes, executor
        Limits and kind of the pool; ``None``: the usual ones.
    record
        Folder for log, progress and outcome; ``None``: they are not kept.
    """

    output: Path
    output_format: str | None = None
    columns_file: Path | None = None
    assignments: Sequence[str] = ()
    workers: int | None = None
    memory_bytes: int | None = None
    executor: str | None = None
    record: Path | None = None

    def job(self, pipeline: str, output_name: str, **parts: Any) -> Job:
        """Return the job with these parts beside what every request says.

        Raises
        ------
        UserError
            Naming the argument that cannot be used.
        """
        given = {name: getattr(self, name) for name in ("workers", "memory_bytes", "executor")}
        resources = {name: value for name, value in given.items() if value is not None}
        if resources:
            parts["resources"] = JobResources(**resources)
        output_format = format_of(self.output, self.output_format)
        return Job(
            pipeline=pipeline,
            parameters=parameters_of(self.assignments),
            output=JobOutput(name=output_name, format=output_format),
            **parts,
        )


def run_request(
    request: RunRequest, job: Job, reads: Iterable[Path | None]
) -> tuple[Outcome, ExitCode]:
    """Run the job of a request; the result appears whole under its name, or not at all.

    Parameters
    ----------
    request, job
        What is asked for, and what that means.
    reads
        What the run reads beside the file of columns; nothing of it is to be replaced.

    Raises
    ------
    CommandError
        If something else would be lost, or nothing can be written there.
    """
    _refuse_places(request, [*reads, request.columns_file], job.output.format)
    run = pipeline_named(job.pipeline).run
    scratch = _scratch_beside(request.output)
    workspace = Workspace(scratch)
    with ExitStack() as left_over:
        left_over.callback(shutil.rmtree, scratch, ignore_errors=True)
        outcome, exit_code = run_in_workspace(workspace, lambda: run(job, workspace))
        if outcome.status is Status.COMPLETED:
            main = next(output for output in outcome.outputs if output.role == "main")
            _replace(scratch / main.path, request.output)
        if request.record is not None:
            shutil.copytree(scratch, request.record, dirs_exist_ok=True)
        if outcome.status is Status.FAILED:
            left_over.pop_all()  # its log is what we ask to be sent
    return outcome, exit_code


def _refuse_places(
    request: RunRequest, reads: Iterable[Path | None], output_format: str | None
) -> None:
    """Refuse to write where something else would be lost."""
    output, record = request.output, request.record
    wanted = output.resolve()
    for path in reads:
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
    if record is not None and record.exists() and not record.is_dir():
        raise CommandError(f"{record}: is a file; --record needs a folder")


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


def require_files(files: Iterable[Path]) -> None:
    """Refuse what is no file or folder, and files that are given twice.

    Raises
    ------
    CommandError
        Naming the file.
    """
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


def format_of(output: Path, asked: str | None) -> str:
    """Return the format that is asked for, else that of the suffix.

    Raises
    ------
    CommandError
        If the suffix is of no format.
    """
    if asked is not None:
        return asked.lower()
    suffix = output.suffix.lower()
    if suffix not in _FORMAT_OF_SUFFIX:
        raise CommandError(
            f"{output}: the suffix {suffix!r} is no output format; "
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


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    CommandError
        If it is absent or no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as absent:
        raise CommandError(
            f"{path}: cannot be read ({absent.strerror})", file=str(path)
        ) from absent
    except ValueError as wrong:
        raise CommandError(f"{path}: is not JSON ({wrong})", file=str(path)) from wrong


def are_roles(roles: object) -> bool:
    """Tell whether something is a mapping of roles to columns."""
    return isinstance(roles, dict) and all(
        column is None or isinstance(column, str) for column in roles.values()
    )


def read_columns_file(path: Path) -> dict[str, dict[str, str | None]]:
    """Read a file that gives for each file name its columns: role to column name.

    Raises
    ------
    CommandError
        If it is absent, no JSON, or of another form.
    """
    content = read_json(path)
    if not (isinstance(content, dict) and all(are_roles(each) for each in content.values())):
        raise CommandError(
            f'{path}: write it as {{"file name": {{"ra": "column", …}}, …}}', file=str(path)
        )
    columns: dict[str, dict[str, str | None]] = content
    return columns


def suggested_roles(
    path: Path, columns: Sequence[ColumnInfo], given: Mapping[str, Any], columns_file: Path | None
) -> dict[str, str | None]:
    """Take the association from the columns themselves, where they leave no doubt.

    Parameters
    ----------
    path, columns
        The file and its columns.
    given
        File names that have an association.
    columns_file
        Where these are from.

    Raises
    ------
    CommandError
        If a role that is needed has no clear column, or several.
    """
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
