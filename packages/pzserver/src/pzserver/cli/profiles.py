"""Profiles: what the columns of a product hold, before anything is downloaded."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from pzserver.cli.base import (
    JsonOption,
    Output,
    ProductArgument,
    connect,
    examples,
    product_named,
    talk,
)
from pzserver.profiles import WAIT_SECONDS, column_rows, fetch_profile

_COLUMNS: Final = {
    "name": "column",
    "type": "type",
    "unit": "unit",
    "meaning": "meaning",
    "filled": "filled",
    "min": "min",
    "median": "median",
    "max": "max",
    "distinct": "distinct",
    "most": "most frequent",
}


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    lines = ("pz profile 2_vvdslike_ecdfs", "pz profile 2_vvdslike_ecdfs --json")
    app.command(epilog=examples(*lines))(profile)


def profile(
    product: ProductArgument,
    wait: Annotated[
        float, typer.Option(min=0, help="How long the server may take to compute it, seconds.")
    ] = WAIT_SECONDS,
    as_json: JsonOption = False,
) -> None:
    """Show what the columns of a product hold: values, limits, medians, checks.

    With --json everything: histograms, N(z) and its splits, the sky.
    """
    with connect() as pz:
        record = product_named(pz, product)
        found = fetch_profile(pz.api, record["id"], None, wait_seconds=wait)
    if as_json:
        Output(as_json).record(found)
        return
    talk(f"{record['internal_name']}: {found['n_rows']:,} rows")
    Output(as_json).rows(column_rows(found), _COLUMNS)
    for check in found["checks"]:
        if not check["ok"]:
            talk(f"Look: {check['message']}")
