"""The administration: for administrators, and read-only where services rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from pzhub.accounts.models import User
from pzhub.catalog.models import Release

if TYPE_CHECKING:
    from conftest import ProductFactory

READ_ONLY = ("core/auditentry", "accounts/apitoken", "catalog/producttype", "catalog/product")


@pytest.mark.parametrize("page", [*READ_ONLY, "accounts/user", "catalog/release"])
def test_administrators_see_every_list(
    admin: User, ana: User, client: Client, product_factory: ProductFactory, page: str
) -> None:
    product_factory(ana)
    client.force_login(admin)
    assert client.get(f"/admin/{page}/").status_code == 200
    client.force_login(ana)
    assert client.get(f"/admin/{page}/").status_code == 302


@pytest.mark.parametrize("page", READ_ONLY)
def test_what_services_write_cannot_be_added(admin: User, client: Client, page: str) -> None:
    client.force_login(admin)
    assert client.get(f"/admin/{page}/add/").status_code == 403


def test_a_release_is_made(admin: User, client: Client) -> None:
    client.force_login(admin)
    form = {"name": "dp2", "display_name": "DP2", "indexing_column": "objectId"}
    empty = {"dereddening": "null", "fluxes": "null"}
    answer = client.post("/admin/catalog/release/add/", {**form, **empty})
    assert answer.status_code == 302
    assert Release.objects.get().name == "dp2"
