"""Products: find, look, download, upload, publish, delete, share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from pzserver.cli.base import (
    JsonOption,
    Output,
    ProductArgument,
    YesOption,
    confirm,
    connect,
    examples,
    minute,
    product_named,
    resumable,
    talk,
    write,
)
from pzserver.client import PzServer
from pzserver.errors import Invalid, PzServerError, Refused
from pzserver.uploads import PzUpload

_LIST_COLUMNS: Final[Mapping[str, str]] = {
    "internal_name": "internal_name",
    "product_type_name": "type",
    "release_name": "release",
    "uploaded_by": "owner",
    "created_at": "created",
}


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog=examples("pz types"))(types)
    app.command(epilog=examples("pz releases --json"))(releases)
    lines = ("pz list ecdfs --type redshift", "pz list --official --limit 10 --json")
    app.command(name="list", epilog=examples(*lines))(list_products)
    app.command(epilog=examples("pz show 2_vvdslike_ecdfs", "pz show 2 --json"))(show)
    lines = (
        "pz download 2_vvdslike_ecdfs",
        "pz download 1_2dfgrslike_ecdfs 2_vvdslike_ecdfs -j 2 --save-in downloads",
    )
    app.command(epilog=examples(*lines))(download)
    named = "--column RA=RA --column DEC=Dec --column Z=z"
    lines = (
        f'pz upload my_catalog.csv --name "My catalog" --type redshift_catalog {named}',
        'pz upload my_catalog.csv --name "My catalog" --type redshift_catalog --suggest --draft',
    )
    app.command(epilog=examples(*lines))(upload)
    app.command(epilog=examples("pz publish 8_my_catalog"))(publish)
    app.command(epilog=examples("pz delete 8_my_catalog --yes"))(delete)
    app.command(epilog=examples("pz share 2_vvdslike_ecdfs"))(share)


def types(as_json: JsonOption = False) -> None:
    """List the product types."""
    with connect() as pz:
        columns = {"name": "name", "display_name": "title", "description": "description"}
        Output(as_json).rows(pz.get_product_types(), columns)


def releases(as_json: JsonOption = False) -> None:
    """List the releases that you may see."""
    with connect() as pz:
        columns = {"name": "name", "display_name": "title", "description": "description"}
        Output(as_json).rows(pz.get_releases(), columns)


def list_products(
    words: Annotated[list[str] | None, typer.Argument(help="Words to search for.")] = None,
    product_type: Annotated[str | None, typer.Option("--type", help="Part of a type.")] = None,
    release: Annotated[str | None, typer.Option(help="Part of a release.")] = None,
    owner: Annotated[str | None, typer.Option(help="Part of a user name.")] = None,
    official: Annotated[bool, typer.Option("--official", help="Official products only.")] = False,
    limit: Annotated[int | None, typer.Option(min=0, help="Most products; by default all.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the published products, newest first."""
    filters = {
        "search": " ".join(words) if words else None,
        "product_type": product_type,
        "release": release,
        "uploaded_by": owner,
        "official_product": "true" if official else None,
    }
    with connect() as pz:
        chosen = {key: value for key, value in filters.items() if value}
        rows = list(pz.iter_products(chosen, limit=limit))
    if not as_json:
        rows = [{**row, "created_at": minute(row["created_at"])} for row in rows]
    Output(as_json).rows(rows, _LIST_COLUMNS)


def show(product: ProductArgument, as_json: JsonOption = False) -> None:
    """Show a product: metadata, columns, files."""
    with connect() as pz:
        record = product_named(pz, product)
        record["files"] = pz.api.get_product_files(record["id"])
        if any(file["role_name"] == "Main" for file in record["files"]):
            record["main_file"] = pz.api.get_main_file_info(record["id"])
    Output(as_json).record(record if as_json else _for_people(record))


def download(
    products: Annotated[list[str], typer.Argument(help="Ids or internal_names.")],
    save_in: Annotated[Path, typer.Option(help="Folder, made when it does not exist.")] = Path(),
    at_once: Annotated[
        int, typer.Option("--at-once", "-j", min=1, max=16, help="How many at the same time.")
    ] = 3,
    as_json: JsonOption = False,
) -> None:
    """Download products, each as one .zip, and print where they are.

    An interrupted download goes on where it stopped when the command is repeated. What is in the
    cache (see `pz cache`) is not downloaded again.
    """
    with connect() as pz, resumable("Run the same command again to go on where it stopped."):
        ids = [product_named(pz, product)["id"] for product in products]
        paths = pz.download_products(ids, save_in=save_in, at_once=at_once)
    if as_json:
        rows = zip(products, paths, strict=True)
        Output(as_json).rows([{"product": name, "path": str(path)} for name, path in rows], {})
    else:
        write("".join(f"{path}\n" for path in paths))


def upload(
    main_file: Annotated[Path, typer.Argument(help="The file that holds the product.")],
    name: Annotated[str, typer.Option(help="Short name of the product.")],
    product_type: Annotated[str, typer.Option("--type", help="See `pz types`.")],
    column: Annotated[
        list[str] | None, typer.Option("--column", help="COLUMN=MEANING, e.g. TARGET_RA=RA.")
    ] = None,
    release: Annotated[str | None, typer.Option(help="See `pz releases`.")] = None,
    pz_code: Annotated[str | None, typer.Option(help="Photo-z code of estimates.")] = None,
    description: Annotated[str | None, typer.Option(help="Free text, Markdown.")] = None,
    aux: Annotated[list[Path] | None, typer.Option(help="A file that accompanies it.")] = None,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Take the meanings that the server suggests.")
    ] = False,
    draft: Annotated[bool, typer.Option("--draft", help="Do not publish yet.")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin anew rather than go on after an interruption.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Upload a product, say what its columns mean, and publish it.

    An interrupted upload goes on where it stopped when the command is repeated.

    With --suggest the server's suggestions are taken for the columns that are not named.
    """
    meanings = _meanings(column or [])
    with connect() as pz:
        with resumable("Run the same command again to go on where it stopped."):
            product = pz.upload(
                name,
                product_type,
                main_file,
                release,
                pz_code,
                list(aux or []),
                description,
                resume=not fresh,
            )
        went_on = ", going on where the last attempt stopped" if product.is_resumed else ""
        talk(f"Uploaded as a draft, product {product.product_id}{went_on}.")
        with _draft_kept(pz, product):
            product.make_columns_association(meanings)
            if suggest:
                for column_name, alias in product.accept_suggestions().items():
                    talk(f"{column_name} is taken as {alias}.")
            if not draft:
                product.save()
        record = pz.api.get("products", product.product_id)
    Output(as_json).record(record, record["internal_name"])


@contextmanager
def _draft_kept(pz: PzServer, product: PzUpload) -> Iterator[None]:
    """Say what to do with the draft when its columns are refused."""
    try:
        yield
    except PzServerError:
        site = pz.api.connection.base_url.removesuffix("api/")
        key = product.product_id
        talk(
            f"Product {key} stays a draft: go on with it at {site}upload/{key} or remove it "
            f"with `pz delete {key}`; --suggest takes what the columns seem to mean."
        )
        raise


def publish(product: ProductArgument, as_json: JsonOption = False) -> None:
    """Publish a draft of yours, by id."""
    with connect() as pz:
        record = pz.api.finish_upload(_draft_id(product))
    Output(as_json).record(record, record["internal_name"])


def delete(product: ProductArgument, yes: YesOption = False, as_json: JsonOption = False) -> None:
    """Delete a product of yours."""
    with connect() as pz:
        record = product_named(pz, product)
        name = record["internal_name"]
        if not record["can_delete"]:
            raise Refused(f"{name} belongs to {record['uploaded_by']}: only they can delete it")
        confirm(f"Delete {name} ({record['display_name']})?", yes=yes)
        pz.delete_product(record["id"])
    Output(as_json).record({"internal_name": name, "deleted": True}, f"{name} is deleted.")


def share(product: ProductArgument, as_json: JsonOption = False) -> None:
    """Print the address of a product's page."""
    with connect() as pz:
        record = product_named(pz, product)
        site = pz.api.connection.base_url.removesuffix("api/")
    url = f"{site}product/{record['internal_name']}"
    Output(as_json).record({"internal_name": record["internal_name"], "url": url}, url)


def _for_people(record: Mapping[str, Any]) -> dict[str, Any]:
    main = record.get("main_file") or {}
    meanings = {item["column_name"]: item["alias"] for item in main.get("columns_association", ())}
    columns = [
        f"{name} ({meanings[name]})" if name in meanings else name
        for name in main.get("columns", ())
    ]
    files = [
        f"{file['name']} ({file['role_name']}, {file['size']:,} bytes)" for file in record["files"]
    ]
    return {
        "name": record["display_name"],
        "internal_name": record["internal_name"],
        "type": record["product_type_name"],
        "release": record["release_name"],
        "owner": record["uploaded_by"],
        "origin": record["origin"],
        "status": record["product_status"],
        "created": minute(record["created_at"]),
        "rows": main.get("n_rows"),
        "columns": ", ".join(columns),
        "files": "; ".join(files),
        "description": record["description"],
    }


def _meanings(pairs: list[str]) -> dict[str, str]:
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise Invalid(f"--column {wrong[0]!r} is not COLUMN=MEANING, like TARGET_RA=RA")
    return dict(pair.split("=", 1) for pair in pairs)


def _draft_id(product: str) -> int:
    digits = product.split("_", 1)[0]
    if not digits.isdigit():
        raise Invalid(f"{product!r} is not the id of a draft")
    return int(digits)
