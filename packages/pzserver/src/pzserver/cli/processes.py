"""Runs: list, look, read the log, stop, run again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from pzserver.cli.base import (
    JsonOption,
    Output,
    YesOption,
    confirm,
    connect,
    examples,
    minute,
    process_named,
    talk,
    write,
)
from pzserver.client import PzServer
from pzserver.errors import NotFound
from pzserver.runs import current, log_pieces, stage_of

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


LatestArgument = Annotated[
    int | None, typer.Argument(help="Id of a process; by default the latest of yours.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module below ``pz process``."""
    group = typer.Typer(
        help="Look at runs of pipelines and steer them.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    lines = ("pz process list", "pz process list --status Successful --json")
    group.command(name="list", epilog=examples(*lines))(list_processes)
    group.command(epilog=examples("pz process show", "pz process show 1 --json"))(show)
    group.command(epilog=examples("pz process logs 1", "pz process logs --follow"))(logs)
    group.command(epilog=examples("pz process stop 1 --yes"))(stop)
    group.command(epilog=examples("pz process rerun 1", "pz process rerun 1 --wait --json"))(rerun)
    app.add_typer(group, name="process")


def list_processes(
    status: Annotated[str | None, typer.Option(help="Running, Successful, Failed, …")] = None,
    limit: Annotated[int | None, typer.Option(min=0, help="Most runs; by default all.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List your runs, newest first."""
    filters: dict[str, Any] = {"status": status} if status else {}
    with connect() as pz:
        rows = list(pz.api.connection.pages("processes/", limit=limit, **filters))
    if not as_json:
        rows = [{**row, "created_at": minute(row["created_at"])} for row in rows]
    Output(as_json).rows(rows, _COLUMNS)


def show(process: LatestArgument = None, as_json: JsonOption = False) -> None:
    """Show a run: its state, stage, inputs and result."""
    with connect() as pz:
        record = _named_or_latest(pz, process)
        record["progress"] = current(pz.api.connection, record["id"])
    short = {key: record.get(key) for key in _SHOWN}
    short["stage"] = stage_of(record["progress"])
    Output(as_json).record(record if as_json else short)


def logs(
    process: LatestArgument = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the run ends.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Print the log of a run."""
    with connect() as pz:
        process_id = _named_or_latest(pz, process)["id"]
        pieces = log_pieces(pz.api.connection, process_id, follow=follow)
        if as_json:
            Output(as_json).record({"id": process_id, "log": "".join(pieces)})
        else:
            for piece in pieces:
                write(piece)


def stop(process: ProcessArgument, yes: YesOption = False, as_json: JsonOption = False) -> None:
    """Stop a run; what it has done so far is not kept."""
    with connect() as pz:
        record = process_named(pz, process)
        confirm(f"Stop process {process} ({record['display_name']})?", yes=yes)
        record = pz.api.stop_process(process)
    Output(as_json).record(record, f"Process {process}: {record['status']}")


def rerun(
    process: ProcessArgument,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the result, and compare it with the first.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run again with the same inputs and parameters; the result is a new product."""
    with connect() as pz:
        first = process_named(pz, process)
        again = pz.get_process(process).rerun()
        submitted = dict(again.process or {})
        talk(f"Submitted as process {submitted['id']}.")
        if wait:
            result = pz.run_and_wait(again)
            submitted = {**submitted, "status": again.check_status()}
            submitted |= pz.compare_products(first["upload"], result["id"])
            same = "the same bytes as" if submitted["is_same"] else "other bytes than"
            talk(f"The result, {result['internal_name']}, has {same} the first.")
    Output(as_json).record(submitted, str(submitted["id"]))


def _named_or_latest(pz: PzServer, process: int | None) -> dict[str, Any]:
    """Return a run by id, or the latest of one's own."""
    if process is not None:
        return process_named(pz, process)
    latest = next(pz.api.connection.pages("processes/", limit=1), None)
    if latest is None:
        raise NotFound("you have no process yet: `pz combine` and `pz train` start one")
    return latest
