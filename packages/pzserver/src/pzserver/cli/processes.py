"""Runs: list, look, read the log, stop, run again."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from pzserver.cli.base import JsonOption, Output, YesOption, confirm, connect, talk

ProcessArgument = Annotated[int, typer.Argument(help="Id of a process.")]
_COLUMNS: Final[Mapping[str, str]] = {
    "id": "id",
    "display_name": "name",
    "pipeline_name": "pipeline",
    "status": "status",
    "created_at": "created",
}
_SHOWN: Final = (
    "id",
    "display_name",
    "pipeline_name",
    "pipeline_version",
    "status",
    "owned_by",
    "created_at",
    "started_at",
    "ended_at",
    "comment",
    "upload",
    "inputs",
)


def register(app: typer.Typer) -> None:
    """Add the commands of this module below ``pz process``."""
    group = typer.Typer(help="Look at runs of pipelines and steer them.", no_args_is_help=True)
    group.command(name="list")(list_processes)
    group.command()(show)
    group.command()(logs)
    group.command()(stop)
    group.command()(rerun)
    app.add_typer(group, name="process")


def list_processes(
    status: Annotated[str | None, typer.Option(help="Running, Successful, Failed, …")] = None,
    as_json: JsonOption = False,
) -> None:
    """List your runs, newest first."""
    with connect() as pz:
        filters: dict[str, Any] = {"status": status} if status else {}
        rows = list(pz.api.connection.pages("processes/", **filters))
    Output(as_json).rows(rows, _COLUMNS)


def show(process: ProcessArgument, as_json: JsonOption = False) -> None:
    """Show a run."""
    with connect() as pz:
        record = pz.api.get("processes", process)
    short: dict[str, Any] = {key: record.get(key) for key in _SHOWN}
    Output(as_json).record(record if as_json else short)


def logs(process: ProcessArgument) -> None:
    """Print the log of a run."""
    with connect() as pz:
        answer = pz.api.connection.get(f"processes/{process}/logs/")
    sys.stdout.write(answer["pipeline"]["content"])


def stop(process: ProcessArgument, yes: YesOption = False, as_json: JsonOption = False) -> None:
    """Stop a run; what it has done so far is not kept."""
    with connect() as pz:
        record = pz.api.get("processes", process)
        confirm(f"Stop process {process} ({record['display_name']})?", yes=yes)
        record = pz.api.stop_process(process)
    Output(as_json).record(record, f"Process {process}: {record['status']}")


def rerun(process: ProcessArgument, as_json: JsonOption = False) -> None:
    """Run again with the same inputs and parameters; the result is a new product."""
    with connect() as pz:
        record = dict(pz.api.connection.request("POST", f"processes/{process}/rerun/"))
    talk(f"Submitted as process {record['id']}.")
    Output(as_json).record(record, str(record["id"]))
