"""`pzhub demo`: the main job of the service through its HTTP API, told step by step."""

from __future__ import annotations

import io
import json
import tempfile
import time
import urllib.parse
import zipfile
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from pzhub.core.errors import HubError, NotFoundError
from pzhub.demo.generate import CONVENTIONS, DemoCatalog, generate_catalogs
from pzhub.demo.http import ApiClient
from pzhub.supervisor.prepare import say
from pztables.formats import write_table

#: A sky of its own, so that the story does not repeat the demo catalogs.
STORY_SEED: Final = 2026
WAIT_SECONDS: Final = 300.0
#: The demo's release, and the demo catalog that is matched with its objects.
RELEASE: Final = "demo"
TRAINED: Final = "DESI-like ECDFS tile"


class StoryError(HubError):
    """The server did not do what the story tells."""

    code = "story"


def tell_story(
    *, data_dir: Path, host: str, port: int, token: str | None, save_in: Path | None
) -> None:
    """Sign in, list, upload two catalogs, combine them, open the result; make a training set.

    Raises
    ------
    NotFoundError
        If there is no token to sign in with.
    StoryError
        If the server refuses a step or cannot be reached.
    """
    from pzhub.supervisor.serve import address_of

    client = ApiClient(f"{address_of(host, port)}/api/", token or _demo_token(data_dir))
    who = client.post("logged_user/")
    say(f"1. Signed in by token as {who['username']}.")
    listed = client.get("products/?status=1&page_size=5")
    say(f"2. {listed['count']} published products, such as:")
    for product in listed["results"]:
        say(f"     {product['internal_name']}  ({product['product_type_name']})")
    inputs = [upload_catalog(client, catalog) for catalog in _catalogs()]
    process = _combine(client, inputs)
    product = client.get(f"products/{process['upload']}/")
    say(f"5. Published {product['internal_name']}.")
    _download(client, product, save_in)
    _train(client)


def _demo_token(data_dir: Path) -> str:
    path = data_dir / "demo.json"
    if not path.exists():
        raise NotFoundError(
            f"{data_dir} holds no demo content; start the server with `pzhub serve`, or give"
            " a token with --token"
        )
    return str(json.loads(path.read_text())["token"])


def _catalogs() -> list[DemoCatalog]:
    return generate_catalogs(CONVENTIONS[1:3], seed=STORY_SEED)


def upload_catalog(client: ApiClient, catalog: DemoCatalog) -> dict[str, Any]:
    """Upload, associate and publish one catalog, as a program of a user does."""
    kind = client.get("product-types/?name=redshift_catalog")["results"][0]["id"]
    product = client.post(
        "products/",
        {"display_name": f"Demo {catalog.name}", "product_type": kind, "release": None},
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / catalog.file_name
        write_table(catalog.table, path)
        client.upload("product-files/", {"product": product["id"], "role": 0}, path)
    client.get(f"products/{product['id']}/registry/")
    columns = client.get(f"product-contents/?product={product['id']}&page_size=1000")["results"]
    ids = {column["column_name"]: column["id"] for column in columns}
    vocabulary = _vocabulary()
    for role, column in catalog.roles.items():
        client.patch(f"product-contents/{ids[column]}/", vocabulary[role])
    published: dict[str, Any] = client.patch(f"products/{product['id']}/", {"status": 1})
    say(f"3. Uploaded and published {published['internal_name']}: {catalog.table.num_rows} rows.")
    return published


def _vocabulary() -> dict[str, dict[str, str]]:
    from pztables.roles import ROLES

    return {role.name: {"alias": role.alias, "ucd": role.ucd} for role in ROLES}


def submit_combination(client: ApiClient, inputs: list[dict[str, Any]]) -> dict[str, Any]:
    """Ask for a combination of published products that marks duplicates; return the process."""
    pipeline = client.get("pipelines/?name=combine_redshift_dedup")["results"][0]
    process: dict[str, Any] = client.post(
        "processes/",
        {
            "display_name": "Demo combination",
            "pipeline": pipeline["id"],
            "inputs": [product["id"] for product in inputs],
            "used_config": {"param": {"combine_type": "concatenate_and_mark_duplicates"}},
        },
    )
    return process


def wait_for_end(client: ApiClient, process: dict[str, Any]) -> dict[str, Any]:
    """Ask again until a process has ended.

    Raises
    ------
    StoryError
        If it takes too long.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while process["status"] in {"Pending", "Running", "Stopping"}:
        if time.monotonic() > deadline:
            raise StoryError(f"process {process['id']} is still {process['status']}")
        time.sleep(0.3)
        process = client.get(f"processes/{process['id']}/")
    return process


def _combine(client: ApiClient, inputs: list[dict[str, Any]]) -> dict[str, Any]:
    """Combine catalogs, and tell how long it took."""
    began = time.monotonic()
    process = wait_for_end(client, submit_combination(client, inputs))
    if process["status"] != "Successful":
        raise StoryError(f"process {process['id']} {process['status']}: {process['comment']}")
    took = time.monotonic() - began
    name = f"{process['pipeline_name']} {process['pipeline_version']}"
    say(f"4. {name}: done in {took:.1f} s.")
    return process


def _download(client: ApiClient, product: dict[str, Any], save_in: Path | None) -> None:
    """Download the product as .zip and open the Parquet inside."""
    base = f"products/{product['id']}/download/"
    archive = client.post(f"{base}prepare/")
    while archive["status"] in {"pending", "running"}:
        time.sleep(0.5)
        archive = client.get(f"{base}status/")
    if archive["status"] != "ready":
        raise StoryError(f"the download failed: {archive.get('error_message')}")
    content = client.fetch(archive["download_url"])
    say(f"6. Downloaded {archive['filename']}: {len(content)} bytes.")
    if save_in is not None:
        save_in.mkdir(parents=True, exist_ok=True)
        (save_in / archive["filename"]).write_bytes(content)
    name, table = _parquet_in(content)
    counts = table.column("tie_result").value_counts().to_pylist()
    shares = ", ".join(f"{item['counts']} × {item['values']}" for item in counts)
    say(f"7. Opened {name}: {table.num_rows} rows, {table.num_columns} columns.")
    say(f"   tie_result (1 winner, 0 loser, 2 tie, 3 star): {shares}.")


def _parquet_in(content: bytes) -> tuple[str, pa.Table]:
    """Return name and table of the Parquet member of a .zip."""
    with zipfile.ZipFile(io.BytesIO(content)) as members, tempfile.TemporaryDirectory() as folder:
        name = next(name for name in members.namelist() if name.endswith(".parquet"))
        # From a path, not from Python bytes: Arrow's threads let go of Python objects later than
        # they answer, and a program that ends at that moment is aborted.
        return name, pq.read_table(members.extract(name, folder))


def _train(client: ApiClient) -> None:
    """Match a demo catalog with the demo's objects, where the server has both."""
    releases = client.get(f"releases/?name={RELEASE}")["results"]
    named = urllib.parse.quote(TRAINED)
    catalogs = client.get(f"products/?status=1&display_name={named}")["results"]
    if not releases or not catalogs:
        say("8. This server has no demo objects: no training set is made.")
        return
    pipeline = client.get("pipelines/?name=training_set_maker")["results"][0]
    asked = {
        "display_name": "Demo training set",
        "pipeline": pipeline["id"],
        "inputs": [catalogs[0]["id"]],
        "release": releases[0]["id"],
        "used_config": {"param": {"unique": "nearest", "random_seed": 1}},
    }
    process = wait_for_end(client, client.post("processes/", asked))
    if process["status"] != "Successful":
        raise StoryError(f"process {process['id']} {process['status']}: {process['comment']}")
    split = process["summary"]["split"]
    product = client.get(f"products/{process['upload']}/")
    say(f"8. Training set {product['internal_name']} from {catalogs[0]['internal_name']}:")
    say(f"     {split['train_rows']} rows for training, {split['test_rows']} for testing.")
