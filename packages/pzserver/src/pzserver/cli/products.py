"""Products: find, look, download, upload, publish, delete, share."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from enum import StrEnum
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
    talk,
)
from pzserver.errors import Invalid
from pzserver.products import find_product

_LIST_COLUMNS: Final[Mapping[str, str]] = {
    "internal_name": "internal_name",
    "product_type_name": "type",
    "release_name": "release",
    "uploaded_by": "owner",
    "created_at": "created",
}


class TableFormat(StrEnum):
    """Formats that ``pz get`` writes."""

    CSV = "csv"
    FITS = "fits"
    HDF5 = "hdf5"
    PARQUET = "parquet"
    VOTABLE = "vot"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(types)
    app.command()(releases)
    app.command(name="list")(list_products)
    app.command()(show)
    app.command()(download)
    app.command()(get)
    app.command()(upload)
    app.command()(publish)
    app.command()(delete)
    app.command()(share)


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
    as_json: JsonOption = False,
) -> None:
    """List the published products.

    Example: pz list desi --type redshift
    """
    filters = {
        "search": " ".join(words) if words else None,
        "product_type": product_type,
        "release": release,
        "uploaded_by": owner,
        "official_product": "true" if official else None,
    }
    with connect() as pz:
        rows = pz.get_products_list({key: value for key, value in filters.items() if value})
        Output(as_json).rows(rows, _LIST_COLUMNS)


def show(product: ProductArgument, as_json: JsonOption = False) -> None:
    """Show a product: metadata, columns, files."""
    with connect() as pz:
        record = find_product(pz.api, product)
        record["files"] = pz.api.get_product_files(record["id"])
        if any(file["role_name"] == "Main" for file in record["files"]):
            record["main_file"] = pz.api.get_main_file_info(record["id"])
    Output(as_json).record(record if as_json else _for_people(record))


def download(
    products: Annotated[list[str], typer.Argument(help="Ids or internal_names.")],
    save_in: Annotated[Path, typer.Option(help="Folder, made when it does not exist.")] = Path(),
    as_json: JsonOption = False,
) -> None:
    """Download products, each as one .zip, and print where they are.

    An interrupted download goes on where it stopped when the command is repeated.
    """
    with connect() as pz:
        for product in products:
            path = pz.download_product(product, save_in=save_in)
            Output(as_json).record({"product": product, "path": str(path)}, str(path))


def get(
    product: ProductArgument,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write.")] = None,
    table_format: Annotated[
        TableFormat | None, typer.Option("--format", help="By default the format of the product.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Get the main file of a product, as it is or in another format.

    Example: pz get 12_vvds -o vvds.fits --format fits
    """
    with connect() as pz:
        record = find_product(pz.api, product)
        folder = (output.parent if output else Path()).resolve()
        path = pz.api.download_main_file(record["id"], folder)
    path = _converted(path, table_format) if table_format else path
    if output:
        path = Path(shutil.move(path, output))
    Output(as_json).record({"product": record["internal_name"], "path": str(path)}, str(path))


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
    draft: Annotated[bool, typer.Option("--draft", help="Do not publish yet.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Upload a product, say what its columns mean, and publish it.

    Example: pz upload vvds.csv --name VVDS --type redshift_catalog
    --column ALPHA=RA --column DELTA=Dec --column Z=z
    """
    meanings = _meanings(column or [])
    with connect() as pz:
        product = pz.upload(
            name, product_type, main_file, release, pz_code, list(aux or []), description
        )
        talk(f"Uploaded as a draft, product {product.product_id}.")
        product.make_columns_association(meanings)
        if not draft:
            product.save()
        record = pz.api.get("products", product.product_id)
    Output(as_json).record(record, record["internal_name"])


def publish(product: ProductArgument, as_json: JsonOption = False) -> None:
    """Publish a draft of yours, by id."""
    with connect() as pz:
        record = pz.api.finish_upload(_draft_id(product))
    Output(as_json).record(record, record["internal_name"])


def delete(product: ProductArgument, yes: YesOption = False) -> None:
    """Delete a product of yours."""
    with connect() as pz:
        record = find_product(pz.api, product)
        confirm(f"Delete {record['internal_name']} ({record['display_name']})?", yes=yes)
        pz.delete_product(record["id"])
    talk(f"{record['internal_name']} is deleted.")


def share(product: ProductArgument, as_json: JsonOption = False) -> None:
    """Print the address of a product's page."""
    with connect() as pz:
        record = find_product(pz.api, product)
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
        "created": record["created_at"],
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


def _converted(path: Path, table_format: TableFormat) -> Path:
    from pztables.formats import read_table, write_table

    target = path.with_suffix(f".{table_format}")
    if target == path:
        return path
    write_table(read_table(path), target)
    path.unlink()
    return target
