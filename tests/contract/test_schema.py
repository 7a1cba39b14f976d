"""The API keeps what its OpenAPI document says: schemathesis tries all of it on a live server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from hub import Hub, serving

pytestmark = [pytest.mark.contract, pytest.mark.xdist_group("schema")]
SCHEMATHESIS: Final = str(Path(sys.executable).with_name("schemathesis"))
HOOKS: Final = Path(__file__).with_name("schemathesis_hooks.py")
#: No error of ours, nothing undocumented, nothing but what the schema says.
CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
#: Ids that exist: others are hardly ever met by chance. What is deleted is not what is read.
SETTINGS: Final = """
[parameters]
"path.id" = 1

[[operations]]
include-method = "DELETE"
parameters = { "path.id" = 2 }
"""
TABLE: Final = b"ra,dec,z\n10.0,-30.0,0.5\n10.1,-30.1,0.6\n"


@pytest.fixture(scope="module")
def own_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Serve a server that may be left in any state."""
    with serving(tmp_path_factory.mktemp("schema-hub") / "data", "--no-demo") as running:
        yield running


@pytest.fixture(scope="module")
def token(own_hub: Hub) -> str:
    """Return the token of a user who has two catalogs, a draft and a run."""
    token = own_hub.create_token(own_hub.create_user("ana"))
    with httpx.Client(
        base_url=f"{own_hub.address}/api/", headers={"Authorization": f"Token {token}"}, timeout=60
    ) as client:
        found = answer_of(client.get("product-types/", params={"name": "redshift_catalog"}))
        kind = found["results"][0]["id"]
        catalogs = [uploaded(client, name, kind) for name in ("one", "two")]
        for catalog in catalogs:
            publish(client, catalog)
        uploaded(client, "draft", kind)
        answer_of(client.post(f"products/{catalogs[0]}/download/prepare/"))
        run = {"display_name": "both", "pipeline": 1, "inputs": catalogs}
        answer_of(client.post("processes/", json=run))
    return token


def answer_of(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


def uploaded(client: httpx.Client, name: str, product_type: int) -> int:
    """Begin a product, send its file and a document, and register it; return its id."""
    begun = {"display_name": name, "product_type": product_type}
    product: int = answer_of(client.post("products/", json=begun))["id"]
    for role, file in ((0, ("cat.csv", TABLE)), (2, ("notes.txt", b"about it"))):
        form = {"product": str(product), "role": str(role)}
        answer_of(client.post("product-files/", data=form, files={"file": file}))
    answer_of(client.post(f"products/{product}/registry/"))
    return product


def publish(client: httpx.Client, product: int) -> None:
    aliases = {"ra": "RA", "dec": "Dec", "z": "z"}
    found = answer_of(client.get("product-contents/", params={"product": product}))
    for column in found["results"]:
        alias = {"alias": aliases[column["column_name"]]}
        answer_of(client.patch(f"product-contents/{column['id']}/", json=alias))
    answer_of(client.patch(f"products/{product}/", json={"status": 1}))


def attacked(hub: Hub, folder: Path, *options: str) -> dict[str, Any]:
    """Run schemathesis over the whole schema, always in the same way, and return its report."""
    report = folder / "report.json"
    settings = folder / "schemathesis.toml"
    settings.write_text(SETTINGS)
    done = subprocess.run(
        [
            SCHEMATHESIS,
            f"--config-file={settings}",
            "--no-color",
            "run",
            f"{hub.address}/api/schema/",
            f"--checks={','.join(CHECKS)}",
            "--generation-deterministic",
            "--continue-on-failure",
            f"--report-json-path={report}",
            *options,
        ],
        cwd=folder,  # it keeps notes beside itself
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:]
    found: dict[str, Any] = json.loads(report.read_text())
    print(f"schemathesis: operations {found['operations']}, cases {found['test_cases']}")  # noqa: T201  # the summary to show
    assert found["operations"]["tested"] == found["operations"]["total"] > 50
    assert (found["failures"], found["errors"]) == ([], [])
    return found


@pytest.mark.thorough
def test_a_user_meets_nothing_that_the_schema_does_not_say(
    own_hub: Hub, token: str, tmp_path: Path
) -> None:
    found = attacked(
        own_hub,
        tmp_path,
        f"--header=Authorization: Token {token}",
        "--phases=coverage,fuzzing",
        "--max-examples=8",
    )
    assert found["test_cases"]["generated"] > 1000


@pytest.mark.thorough
def test_nobody_meets_nothing_that_the_schema_does_not_say(own_hub: Hub, tmp_path: Path) -> None:
    found = attacked(own_hub, tmp_path, "--phases=fuzzing", "--max-examples=4")
    assert found["test_cases"]["generated"] > 150
