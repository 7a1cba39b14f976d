"""Pipelines: combine catalogs, make training sets."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final

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
#: What `pz train --check` prints.
_CHECK_KEYS: Final = (
    "rows_in",
    "redshift_area_deg2",
    "objects_area_deg2",
    "overlap_area_deg2",
    "partitions",
    "bytes_to_read",
    "expected_matches",
    "expected_matches_low",
    "expected_matches_high",
    "photometry",
)
NoWaitOption = Annotated[bool, typer.Option("--no-wait", help="Return at once.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    removing = "--param combine_type=concatenate_and_remove_duplicates"
    lines = (
        "pz combine 1_2dfgrslike_ecdfs 2_vvdslike_ecdfs --name both",
        f"pz combine 1 2 --name resolved {removing} --format csv --no-wait",
    )
    app.command(epilog=examples(*lines))(combine)
    examples_of_train = (
        'pz train 2_vvdslike_ecdfs --release demo --name "VVDS with photometry"',
        "pz train 2 --release demo --param crossmatch.radius_arcsec=0.5 -o near.parquet",
        "pz train 2 --release demo --check",
    )
    app.command(epilog=examples(*examples_of_train))(train)


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
    name: Annotated[str | None, typer.Option(help="Name of the result.")] = None,
    param: ParamOption = None,
    output_format: FormatOption = None,
    check: Annotated[
        bool, typer.Option("--check", help="Tell what the run would do, without running it.")
    ] = False,
    no_wait: NoWaitOption = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Save the training set here.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a training set from a redshift catalog and the objects of a release.

    Photometry that is not asked for by --param is what the release preselects.
    """
    if output is not None and no_wait:
        raise Invalid("--output needs the result: leave --no-wait out")
    if output is not None and (output.is_dir() or not output.parent.is_dir()):
        raise Invalid(f"--output {output}: a file in a folder that exists is expected")
    with connect() as pz:
        product = product_named(pz, catalog)
        run = pz.training_set_maker(name or f"{product['display_name']} with {release}")
        run.set_redshift(_id=product["id"])
        run.set_release(name=release)
        if check:
            _set_options(run, param, output_format)
            _tell_check(run.preflight(), as_json=as_json)
            return
        _finish(pz, run, param, output_format, no_wait=no_wait, as_json=as_json)
        if output is not None:
            run.raise_for_failure()
            _save(pz, run, output)


def _tell_check(report: dict[str, Any], *, as_json: bool) -> None:
    """Print what a run would do; problems are refused as the run would refuse them."""
    shown = {key: value for key, value in report.items() if key in _CHECK_KEYS}
    for entry in report.get("warnings") or ():
        talk(f"Mind: {entry['message']}")
    problems = [entry["message"] for entry in report.get("problems") or ()]
    if problems:
        raise Invalid("; ".join(problems))
    Output(as_json).record(report if as_json else shown, None)


def _save(pz: PzServer, run: Process, path: Path) -> None:
    """Download the main file of a run's result to a path."""
    made = run.output
    assert made is not None  # it was submitted
    with TemporaryDirectory(dir=path.parent, prefix=".pz-") as folder:
        found = pz.api.download_main_file(made["id"], save_in=folder)
        found.replace(path)
    talk(f"Saved {path}.")


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
    _set_options(run, param, output_format)
    if no_wait:
        run.run()
    else:
        pz.run_and_wait(run)
    process = run.process or {}
    talk(f"Process {process.get('id')}: {process.get('status')}.")
    Output(as_json).record(process, (process.get("output") or {}).get("internal_name"))


def _set_options(run: Process, param: list[str] | None, output_format: str | None) -> None:
    for pair in param or ():
        run.set_config(_nested(pair))
    if output_format:
        run.set_config({"output_format": output_format})


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
