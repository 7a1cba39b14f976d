from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

import pzhub
from pzhub.accounts.models import User
from pzhub.catalog.activity import SHOWN, TEXTS, activity_of
from pzhub.catalog.models import Product, ProductStatus
from pzhub.catalog.services import publish_product, set_official, update_product
from pzhub.core import audit

if TYPE_CHECKING:
    from conftest import ProductFactory


@pytest.fixture
def product(ana: User, admin: User, product_factory: ProductFactory) -> Product:
    """Return a product with a history: two files before its publication, one after."""
    ana.display_name = "Ana Lima"
    ana.save()
    product = product_factory(
        ana, name="Deep", status=ProductStatus.REGISTERING, description="See there."
    )
    audit.record(actor=ana, action="file-received", target=product, file="draft.txt")
    audit.record(actor=None, action="registration-done", target=product, rows=7)
    product = publish_product(actor=ana, product=product)
    audit.record(actor=ana, action="file-received", target=product, file="later.txt")
    update_product(actor=ana, product=product, description="New.", display_name="Deeper")
    set_official(actor=admin, product=product, official=True, note="checked by us")
    return Product.objects.get(pk=product.pk)


def lines(product: Product, user: User) -> list[str]:
    return [f"{act.who or '-'} {act.text}" for act in activity_of(product, user)]


def test_the_owner_and_administrators_see_all_that_was_done(
    product: Product, ana: User, admin: User
) -> None:
    seen = lines(product, ana)

    assert seen == lines(product, admin)
    assert seen[:6] == [
        "root made the product official: checked by us",
        "Ana Lima changed the description, the name",
        "Ana Lima added the file later.txt",
        "Ana Lima published the product",
        "- read the main file",
        "Ana Lima added the file draft.txt",
    ]


def test_others_see_public_acts_only(product: Product, bob: User) -> None:
    assert lines(product, bob) == [
        "root made the product official: checked by us",
        "Ana Lima added the file later.txt",
        "Ana Lima published the product",
    ]


def test_acts_are_told_in_the_language_of_the_reader(product: Product, bob: User) -> None:
    with translation.override("pt-br"):
        assert lines(product, bob)[-1] == "Ana Lima publicou o produto"
    with translation.override("es"):
        assert lines(product, bob)[-1] == "Ana Lima publicó el producto"


def test_names_stay_when_their_users_are_gone_and_facts_may_be_missing(
    product: Product, bob: User
) -> None:
    audit.record(actor=None, action="file-received", target=product)
    entry = audit.latest_entry(product, "product-made-official")
    assert entry is not None
    type(entry).objects.filter(pk=entry.pk).update(actor=None)

    assert lines(product, bob)[:2] == [
        "- added the file",
        "root made the product official: checked by us",
    ]


def test_only_the_latest_acts_are_shown_in_one_query(product: Product, ana: User) -> None:
    for number in range(SHOWN):
        audit.record(actor=ana, action="file-received", target=product, file=f"{number}.txt")

    with CaptureQueriesContext(connection) as captured:
        seen = lines(product, ana)

    assert len(captured) == 1
    assert len(seen) == SHOWN
    assert seen[0] == f"Ana Lima added the file {SHOWN - 1}.txt"


def test_the_page_shows_what_its_reader_may_know(
    product: Product, ana_site: Client, bob_site: Client
) -> None:
    mine, theirs = (
        site.get(f"/product/{product.internal_name}").content.decode()
        for site in (ana_site, bob_site)
    )

    assert "added the file draft.txt" in mine
    assert "added the file draft.txt" not in theirs
    assert "<strong>Ana Lima</strong> added the file later.txt" in theirs


def test_every_act_on_products_that_the_server_writes_has_words() -> None:
    source = "\n".join(path.read_text() for path in Path(pzhub.__file__).parent.rglob("*.py"))
    slugs = re.findall(
        r'"((?:product|file|columns?|registration|result|download)-[a-z-]+)"', source
    )
    written = {
        slug for slug in slugs if f'action="{slug}"' in source or f'Final = "{slug}"' in source
    }

    assert len(written) > 12
    assert written - TEXTS.keys() == set()
