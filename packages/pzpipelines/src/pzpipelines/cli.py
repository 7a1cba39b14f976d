"""``pzpipelines``: pipelines from the command line.

Exit code 0: done; 2: the data or the options must be mended (one sentence says
how); 1: our mistake (the log has the trace).
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from pztables.errors import UserError
from pztables.spare import DISPENSABLE, spare

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Photo-z pipelines as programs.",
)

_COMBINE_EXAMPLES = """Examples:

\b
  pzpipelines combine a.parquet b.csv --columns columns.json -o combined.parquet
  pzpipelines combine *.fits --columns columns.json -o unique.csv \\
      --param combine_type=concatenate_and_remove_duplicates \\
      --param tie_treatment_option=draw_one --param random_seed=7
  pzpipelines combine a.parquet b.parquet -o marked.parquet \\
      --param combine_type=concatenate_and_mark_duplicates \\
      --param extra_columns.TID.source=TARGETID --param extra_columns.TID.type=int
"""

_TRAIN_EXAMPLES = """Examples:

\b
  pzpipelines train --objects dr2 --redshifts redshifts.parquet -o training.parquet
  pzpipelines train --objects object_collection --redshifts redshifts.csv \\
      --columns columns.json -o training.fits --param crossmatch.radius_arcsec=0.75 \\
      --param unique=nearest --param random_seed=7
  pzpipelines train --objects dp1 --redshifts redshifts.hats -o training.hats \\
      --param flux_type=cModel --param dereddening=sfd --dust-maps dust_maps \\
      --param 'selected_cols=[objectId, g_cModelMag_sfd, r_cModelMag_sfd]'

\b
COLUMNS.JSON gives the columns of the redshifts by role:
  {"ra": "RA", "dec": "DEC", "z": "Z", "z_flag": "Q", "id": "TARGETID"}
"""


_Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="OUT", help="Result; format by its suffix.")
]
_Param = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE", help="A parameter (see 'describe'); KEY may have dots."),
]
_Format = Annotated[str | None, typer.Option("--format", help="parquet, csv, fits, hdf5 or hats.")]
_Workers = Annotated[int | None, typer.Option(min=1, help="Partitions matched at once (2).")]
_Memory = Annotated[
    int | None, typer.Option(min=100, help="Aim for the peak of memory, in megabytes (2000).")
]
_Executor = Annotated[
    str | None, typer.Option(help="threads (default), processes, serial or dask://HOST:PORT.")
]
_Record = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Keep log, progress and outcome.json in this folder."),
]
_AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pzpipelines {version('pzpipelines')}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Photo-z pipelines as programs."""


@app.command("list")
def list_pipelines() -> None:
    """Print the name of every pipeline with what it does."""
    from pzpipelines.registry import PIPELINES

    for spec in PIPELINES.values():
        typer.echo(f"{spec.name}  {spec.version}  {spec.description}")


@app.command()
def describe(name: Annotated[str, typer.Argument(help="Name as printed by 'list'.")]) -> None:
    """Print what a pipeline takes and gives, with the schema of its parameters, as JSON."""
    from pzpipelines.registry import pipeline_named

    spec = pipeline_named(name)
    described = {
        "name": spec.name,
        "display_name": spec.display_name,
        "version": spec.version,
        "description": spec.description,
        "product_types_accepted": spec.product_types_accepted,
        "output_product_type": spec.output_product_type,
        "output_formats": spec.output_formats,
        "default_parameters": spec.default_parameters(),
        "parameters_schema": spec.parameters.model_json_schema(),
    }
    typer.echo(json.dumps(described, indent=2, ensure_ascii=False))


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="Name as printed by 'list'.")],
    job_file: Annotated[Path, typer.Argument(metavar="JOB.JSON", help="What to do.")],
    workdir: Annotated[Path, typer.Option(help="Folder for the result, the log and outcome.json.")],
) -> None:
    """Run a pipeline as a job file says."""
    from pzpipelines.runtime.run import leave_process, run_in_workspace
    from pzpipelines.runtime.workspace import Workspace

    workspace = Workspace(workdir)
    _, exit_code = run_in_workspace(workspace, lambda: _run_job(name, job_file, workspace))
    leave_process(exit_code)


def _run_job(name: str, job_file: Path, workspace: Any) -> Any:
    from pzpipelines.registry import pipeline_named
    from pzpipelines.runtime.job import JobError, read_job

    spec = pipeline_named(name)
    job = read_job(job_file)
    if job.pipeline != name:
        raise JobError(f"{job_file}: is a job for {job.pipeline!r}, not for {name!r}")
    return spec.run(job, workspace)


@app.command(epilog=_COMBINE_EXAMPLES)
def combine(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Catalogs, in order.")],
    output: _Output,
    columns: Annotated[
        Path | None,
        typer.Option(metavar="COLUMNS.JSON", help="File name to role to column, as JSON."),
    ] = None,
    param: _Param = None,
    rules: Annotated[
        Path | None, typer.Option(metavar="RULES.YAML", help="Flag translation rules to use.")
    ] = None,
    output_format: _Format = None,
    workers: _Workers = None,
    memory: _Memory = None,
    executor: _Executor = None,
    record: _Record = None,
    as_json: _AsJson = False,
) -> None:
    """Combine redshift catalogs into one."""
    from pzpipelines.combine.command import CombineRequest, run_combine
    from pzpipelines.combine.summary import sentences_of

    request = CombineRequest(
        files=files, output=output, output_format=output_format, columns_file=columns,
        assignments=param or [], rules_file=rules, workers=workers,
        memory_bytes=_bytes(memory), executor=executor, record=record,
    )  # fmt: skip
    _tell(*run_combine(request), sentences_of, as_json=as_json)


@app.command(epilog=_TRAIN_EXAMPLES)
def train(
    objects: Annotated[
        Path,
        typer.Option(
            metavar="HATS_PATH",
            help="Object catalog: a HATS catalog or collection, or the folder of a release "
            "(<mag or flux>/<flux type>/<dereddening>/catalog).",
        ),
    ],
    redshifts: Annotated[
        Path, typer.Option(metavar="FILE", help="Redshift catalog of any format, or HATS.")
    ],
    output: _Output,
    columns: Annotated[
        Path | None,
        typer.Option(metavar="COLUMNS.JSON", help="Role to column of the redshifts, as JSON."),
    ] = None,
    param: _Param = None,
    output_format: _Format = None,
    dust_maps: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of dust maps, as the package dustmaps has it."),
    ] = None,
    workers: _Workers = None,
    memory: _Memory = None,
    executor: _Executor = None,
    record: _Record = None,
    as_json: _AsJson = False,
) -> None:
    """Make a training set: redshifts matched with the photometry of an object catalog."""
    from pzpipelines.training.command import TrainRequest, run_train
    from pzpipelines.training.summary import sentences_of

    request = TrainRequest(
        objects=objects, redshifts=redshifts, output=output, output_format=output_format,
        columns_file=columns, assignments=param or [], dust_maps=dust_maps, workers=workers,
        memory_bytes=_bytes(memory), executor=executor, record=record,
    )  # fmt: skip
    _tell(*run_train(request), sentences_of, as_json=as_json)


def _bytes(megabytes: int | None) -> int | None:
    return None if megabytes is None else megabytes * 1_000_000


def _tell(outcome: Any, exit_code: Any, sentences_of: Any, *, as_json: bool) -> None:
    """Print what became of a run, and leave with its exit code."""
    from pzpipelines.runtime.run import leave_process

    if as_json:
        typer.echo(json.dumps(outcome.as_dict(), indent=2, ensure_ascii=False, default=str))
    elif outcome.error is None:
        for sentence in sentences_of(outcome.summary):
            typer.echo(sentence)
    leave_process(exit_code)


def main() -> None:
    """Run the command line; refusals before a run begins end here."""
    try:
        app()
    except UserError as refusal:
        print(refusal.message, file=sys.stderr)  # noqa: T201 (for the user)
        sys.exit(2)


if __name__ == "__main__":  # as the server starts a run, for which it is not to wait
    spare(*DISPENSABLE)
    main()
