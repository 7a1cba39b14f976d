"""What some pages need and a demo does not leave behind: drafts, failures, prepared downloads.

`set_scene` makes them through the API and the pages, as users do.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pyarrow as pa
from playwright.sync_api import Page

from pzhub.demo.generate import CONVENTIONS, DemoCatalog, generate_catalogs
from pzhub.demo.http import ApiClient
from pzhub.demo.story import submit_combination, upload_catalog, wait_for_end
from pztables.formats import write_table

SEED = 7
#: No survey writes it, so that a combination fails.
UNKNOWN_FLAG = 77.0
SEND = """async ([path, form]) => {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const body = new URLSearchParams([["csrfmiddlewaretoken", token], ...form]);
  const answer = await fetch(path, { method: "POST", body, redirect: "manual" });
  return answer.status;
}"""
NOTES = """# How it was observed

Spectra of **one night**; see the table.

| Field | Exposures |
|-------|-----------|
| ECDFS | 12        |
"""


@dataclass(frozen=True)
class Form:
    """A form that makes something: on which page it stands, where it goes, what it says."""

    page: str
    action: str
    fields: tuple[tuple[str, str], ...]


def set_scene(address: str, token: str, user: Page, administrator: Page) -> None:
    """Make a draft, a failed job, a deleted product and what the forms make.

    Parameters
    ----------
    address
        Of the server.
    token
        Of the user, for the API.
    user, administrator
        Pages of browsers that are signed in.
    """
    client = ApiClient(urljoin(address, "/api/"), token)
    first, broken, gone = catalogs()
    draft = begin_draft(client, first)
    add_notes(client, draft["id"])
    published = upload_catalog(client, broken)
    wait_for_end(client, submit_combination(client, [published, own_catalog(client)]))
    deleted = upload_catalog(client, gone)
    described = own_catalog(client)
    add_notes(client, described["id"])
    mine = described["internal_name"], deleted["internal_name"]
    for form in forms_of_user(*mine):
        send(user, address, form)
    for form in FORMS_OF_ADMINISTRATOR:
        send(administrator, address, form)


def catalogs() -> tuple[DemoCatalog, DemoCatalog, DemoCatalog]:
    """Return a good catalog, one whose flags mean nothing to its survey, and another good one."""
    first, second, third = generate_catalogs(CONVENTIONS[1:4], seed=SEED)
    column = second.roles["z_flag"]
    at = second.table.column_names.index(column)
    flags = pa.repeat(UNKNOWN_FLAG, second.table.num_rows)
    broken = replace(
        second,
        name="spectra with own flags",
        table=second.table.set_column(at, column, flags),
    )
    return replace(first, name="spectra of this week"), broken, replace(third, name="wrong spectra")


def begin_draft(client: ApiClient, catalog: DemoCatalog) -> dict[str, Any]:
    """Begin a registration and send its table."""
    kind = client.get("product-types/?name=redshift_catalog")["results"][0]["id"]
    draft: dict[str, Any] = client.post(
        "products/", {"display_name": "Spectra of this week", "product_type": kind}
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / catalog.file_name
        write_table(catalog.table, path)
        client.upload("product-files/", {"product": draft["id"], "role": 0}, path)
    client.get(f"products/{draft['id']}/registry/")
    return draft


def add_notes(client: ApiClient, product: int) -> None:
    """Add a document in Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "observations.md"
        path.write_text(NOTES)
        client.upload("product-files/", {"product": product, "role": 1}, path)


def own_catalog(client: ApiClient) -> dict[str, Any]:
    """Return the first catalog that the story published."""
    found = client.get("products/?status=1&product_type_name=redshift&page_size=100")["results"]
    own: dict[str, Any] = min(
        (each for each in found if each["display_name"].startswith("Demo ")),
        key=lambda each: int(each["id"]),
    )
    return own


def forms_of_user(own: str, deleted: str) -> tuple[Form, ...]:
    """Return the forms that a user sends."""
    return (
        Form(
            f"/product/{deleted}/delete",
            f"/product/{deleted}/delete",
            (("reason", "The redshifts of half the rows were wrong."),),
        ),
        Form("/products", "/bundles", (("product", own),)),
        Form(
            "/account/tokens",
            "/account/tokens",
            (("name", "notebook"), ("scope", "read"), ("days", "30")),
        ),
    )


FORMS_OF_ADMINISTRATOR = (
    Form("/administration/groups", "/administration/groups", (("name", "dp2-team"),)),
    Form(
        "/administration/announcements/new",
        "/administration/announcements/new",
        (
            ("level", "info"),
            ("text_en", "New: training sets from DP1 objects."),
            ("text_pt_br", "Novo: conjuntos de treinamento a partir de objetos do DP1."),
            ("text_es", "Nuevo: conjuntos de entrenamiento con objetos de DP1."),
            ("begins_at", "2026-11-01T10:00"),
        ),
    ),
)


def send(page: Page, address: str, form: Form) -> None:
    """Send a form from its page; stop when the server refuses it."""
    page.goto(urljoin(address, form.page))
    status = page.evaluate(SEND, [form.action, [list(pair) for pair in form.fields]])
    if status >= 400:
        raise SystemExit(f"POST {form.action}: {status}")
