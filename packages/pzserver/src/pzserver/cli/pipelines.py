"""Pipelines: combine catalogs, make training sets."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from pzserver.cli.base import JsonOption, Output, connect, examples, product_named, talk
from pzserver.client import PzServer
from pzserver.errors import Invalid
from pzserver.processes import Process

ParamOption = Annotated[
    list[str] | None,
    typer.Option(
        "--param", help="KEY=VALUE of the pipeline; VALUE is JSON or text; dots go inside."
    ),
]
FormatOption = Annotated[
    str | None, typer.Option("--format", help="parquet, csv, fits, hdf5 or hats.")
]
NoWaitOption = Annotated[bool, typer.Option("--no-wait", help="Return at once.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    removing = "--param combine_type=concatenate_and_remove_duplicates"
    lines = (
        "pz combine 1_2dfgrslike_ecdfs 2_vvdslike_ecdfs --name both",
        f"pz combine 1 2 --name resolved {removing} --format csv",
    )
    app.command(epilog=examples(*lines))(combine)
    line = 'pz train 2_vvdslike_ecdfs --release dp1 --name "VVDS with DP1" --format parquet'
    app.command(epilog=examples(line))(train)


def combine(
    catalogs: Annotated[list[str], typer.Argument(help="Two or more redshift catalogs.")],
    name: Annotated[str, typer.Option(help="Name of the result.")],
    param: ParamOption = None,
    rules: Annotated[str | None, typer.Option(help="Your flag translation file (YAML).")] = None,
    output_format: FormatOption = None,
    no_wait: NoWaitOption = False,
    as_json: JsonOption = False,
) -> None:
    """Combine redshift catalogs into one; print the name of the product that is made."""
    with connect() as pz:
        run = pz.combine_redshift_catalogs(name)
        for catalog in catalogs:
            run.append_catalog(_id=product_named(pz, catalog)["id"])
        if rules:
            run.set_flags_translation(rules)
        _finish(pz, run, param, output_format, no_wait=no_wait, as_json=as_json)


def train(
    catalog: Annotated[str, typer.Argument(help="A redshift catalog.")],
    release: Annotated[str, typer.Option(help="The release whose objects are matched.")],
    name: Annotated[str, typer.Option(help="Name of the result.")],
    param: ParamOption = None,
    output_format: FormatOption = None,
    no_wait: NoWaitOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make a training set from a redshift catalog and the objects of a release."""
    with connect() as pz:
        run = pz.training_set_maker(name)
        run.set_redshift(_id=product_named(pz, catalog)["id"])
        run.set_release(name=release)
        _finish(pz, run, param, output_format, no_wait=no_wait, as_json=as_json)


def _finish(
    pz: PzServer,
    run: Process,
    param: list[str] | None,
    output_format: str | None,
    *,
    no_wait: bool,
    as_json: bool,
) -> None:
    """Set the options of a run, submit it, and wait for its result."""
    for pair in param or ():
        run.set_config(_nested(pair))
    if output_format:
        run.set_config({"output_format": output_format})
    if no_wait:
        run.run()
    else:
        pz.run_and_wait(run)
    process = run.process or {}
    talk(f"Process {process.get('id')}: {process.get('status')}.")
    Output(as_json).record(process, (process.get("output") or {}).get("internal_name"))


def _nested(pair: str) -> dict[str, Any]:
    """Return ``{"a": {"b": value}}`` for ``a.b=value``."""
    key, equals, text = pair.partition("=")
    if not equals or not key:
        raise Invalid(f"--param {pair!r} is not KEY=VALUE")
    try:
        value: Any = json.loads(text)
    except ValueError:
        value = text
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)
