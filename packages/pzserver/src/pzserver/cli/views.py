"""Looking into tables: rows are counted, drawn, saved as a product, laid side by side."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from pzserver.cli.base import (
    JsonOption,
    Output,
    ProductArgument,
    connect,
    examples,
    minute,
    product_named,
    talk,
)
from pzserver.cli.selecting import (
    ColumnsOption,
    ConeOption,
    LimitOption,
    MocOption,
    WhereOption,
    names_of,
    numbers_of,
    selection_of,
)
from pzserver.errors import Invalid
from pzserver.views import (
    fetch_count,
    fetch_density,
    require_comparable,
    side_by_side,
    start_view,
    wait_for_view,
)

#: Longest bar, letters.
_BAR: Final = 50
_FACTS: Final = {
    "internal_name": "internal_name",
    "type": "type",
    "release": "release",
    "owner": "owner",
    "origin": "origin",
    "created_at": "created",
    "rows": "rows",
    "n_columns": "columns",
    "z_min": "lowest z",
    "z_median": "median z",
    "z_max": "highest z",
    "area_deg2": "area, deg2",
}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    lines = (
        "pz count 2_vvdslike_ecdfs",
        'pz count 2_vvdslike_ecdfs --where "Z > 1.4" --cone 53.1,-27.8,0.2',
    )
    app.command(epilog=examples(*lines))(count)
    lines = (
        "pz histogram 2_vvdslike_ecdfs Z --bins 10 --range 0,2",
        'pz histogram 2_vvdslike_ecdfs ZFLAGS --where "Z > 1"',
    )
    app.command(epilog=examples(*lines))(histogram)
    lines = (
        'pz save-view 2_vvdslike_ecdfs --name "VVDS, distant" --where "Z > 1.4"',
        'pz save-view 2_vvdslike_ecdfs --name "VVDS, near" --sort=-Z --limit 100 --no-wait',
    )
    app.command(name="save-view", epilog=examples(*lines))(save_view)
    app.command(epilog=examples("pz compare 1_2dfgrslike_ecdfs 2_vvdslike_ecdfs"))(compare)


def count(
    product: ProductArgument,
    where: WhereOption = None,
    cone: ConeOption = None,
    moc: MocOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count the rows of a product's table that fit, without downloading them."""
    selection = selection_of(where=where, cone=cone, moc=moc)
    with connect() as pz:
        record = product_named(pz, product)
        n_rows = fetch_count(pz.api, record["id"], selection)
    Output(as_json).record({"product": record["internal_name"], "rows": n_rows}, str(n_rows))


def histogram(
    product: ProductArgument,
    column: Annotated[str, typer.Argument(help="Its name.")],
    bins: Annotated[int, typer.Option(min=1, help="How many of equal width.")] = 20,
    span: Annotated[
        str | None, typer.Option("--range", help="LOWEST,HIGHEST edge; by default of the rows.")
    ] = None,
    where: WhereOption = None,
    cone: ConeOption = None,
    moc: MocOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw how often the values of a column occur; the server counts them."""
    selection = selection_of(where=where, cone=cone, moc=moc)
    axes = {
        "x": column,
        "bins": bins,
        "range": numbers_of("--range", span, ("LOWEST,HIGHEST", "0,2")),
    }
    with connect() as pz:
        record = product_named(pz, product)
        found = fetch_density(pz.api, record["id"], selection, axes)
    if as_json:
        Output(as_json).record(found)
        return
    Output(as_json).rows(_bars(found), {"values": column, "rows": "rows", "bar": ""})
    parts = [f"{found['rows']:,} rows", f"{found['missing']:,} without a value"]
    parts += [f"{found['outside']:,} outside"] if found.get("outside") else []
    parts += [f"{found['other']:,} with other values"] if found.get("other") else []
    talk(", ".join(parts))


def save_view(
    product: ProductArgument,
    name: Annotated[str, typer.Option(help="Name of the new product.")],
    columns: ColumnsOption = None,
    where: WhereOption = None,
    cone: ConeOption = None,
    moc: MocOption = None,
    sort: Annotated[
        list[str] | None, typer.Option(help="NAME,NAME…; - before one for descending.")
    ] = None,
    limit: LimitOption = None,
    product_type: Annotated[
        str | None, typer.Option("--type", help="See `pz types`; by default that of the source.")
    ] = None,
    description: Annotated[str | None, typer.Option(help="Text, Markdown.")] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Return at once.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Save rows and columns of a product's table as a product of your own.

    The server makes and publishes it, in the release of its source.
    """
    selection = selection_of(columns, where, cone, moc, limit)
    facts = {
        "display_name": name,
        "product_type": product_type,
        "description": description,
        "sort": names_of(sort),
    }
    with connect() as pz:
        record = product_named(pz, product)
        begun = start_view(pz.api, record["id"], selection, facts)
        talk(f"{begun['internal_name']}: {begun['rows']:,} rows")
        if not no_wait:
            wait_for_view(pz.api, begun["id"])
    Output(as_json).record(begun, begun["internal_name"])


def compare(
    products: Annotated[list[str], typer.Argument(help="2 to 6 ids or internal_names.")],
    as_json: JsonOption = False,
) -> None:
    """Lay products side by side: facts, redshifts, area, which column is called what."""
    require_comparable(products)
    with connect() as pz:
        found = side_by_side(pz.api, [product_named(pz, product) for product in products])
    if as_json:
        Output(as_json).record(found)
        return
    titles = {"what": ""} | {
        str(place): product["display_name"] for place, product in enumerate(found["products"])
    }
    Output(as_json).rows([*_facts(found["products"]), *_columns(found["columns"])], titles)


def _bars(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a line with a bar for each bin, or value."""
    if found["kind"] == "values":
        pairs = [(str(value["value"]), value["count"]) for value in found["values"]]
    elif found["kind"] == "histogram":
        edges = [f"{edge:.6g}" for edge in found["edges"]]
        names = [f"{low} … {high}" for low, high in itertools.pairwise(edges)]
        pairs = list(zip(names, found["counts"], strict=True))
    else:
        raise Invalid("name one column")
    most = max((n_rows for _, n_rows in pairs), default=0) or 1
    block = "█" if (sys.stdout.encoding or "").lower().startswith("utf") else "#"
    return [
        {"values": value, "rows": n_rows, "bar": block * round(_BAR * n_rows / most)}
        for value, n_rows in pairs
    ]


def _facts(products: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a line for each fact, with a cell for each product."""
    return [
        {"what": title, **{str(at): _shown(key, one[key]) for at, one in enumerate(products)}}
        for key, title in _FACTS.items()
    ]


def _columns(columns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a line for each column that more than one product has."""
    return [
        {"what": f"column {line['meaning']}"}
        | {str(place): name for place, name in enumerate(line["names"])}
        for line in columns
        if sum(name is not None for name in line["names"]) > 1
    ]


def _shown(key: str, value: Any) -> Any:
    if key == "created_at":
        return minute(value)
    return f"{value:.6g}" if isinstance(value, float) else value
