"""The administration: how the service stands, and the mark of official products."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductStatus
from pzhub.catalog.policies import OfficialRequiresAdminError
from pzhub.catalog.services import delete_product, set_official
from pzhub.core.chores import enqueue_chore
from pzhub.core.errors import ConflictError, InvalidError
from pzhub.core.models import AuditEntry, Heartbeat
from pzhub.web.service_status import service_status

Products = Callable[..., Product]


@pytest.fixture
def site(admin: User) -> Client:
    """Return an administrator's browser, signed in."""
    client = Client()
    client.force_login(admin)
    return client


def test_the_overview_counts_what_there_is(
    site: Client, ana: User, product_factory: Products
) -> None:
    product_factory(ana)
    product_factory(ana, official_product=True)
    product_factory(ana, status=ProductStatus.DELETED)

    counts = site.get("/administration").context["counts"]

    expected = {"published": 2, "official": 1, "deleted": 1, "users": 2, "switched_off": 0}
    assert counts == expected | {"groups": 0, "releases": 0}


def test_the_state_of_the_service_tells_what_nobody_does(db: None) -> None:
    before = service_status()
    call_command("sweep")
    after = service_status()

    assert (before.swept_at, before.is_sweep_late, before.is_reconciler_alive) == (
        None,
        True,
        False,
    )
    assert not after.is_sweep_late
    assert after.database_bytes > 0
    assert 0 < after.disk_free_bytes <= after.disk_total_bytes
    Heartbeat.objects.update(at=timezone.now() - timedelta(hours=1))
    assert service_status().is_sweep_late


def test_a_chore_that_waits_for_long_is_pointed_out(db: None) -> None:
    from django_tasks_db.models import DBTaskResult

    enqueue_chore("pzhub.uploads.tasks.inspect", 1)
    assert (service_status().chores_waiting, service_status().are_chores_stuck) == (1, False)
    DBTaskResult.objects.update(enqueued_at=timezone.now() - timedelta(hours=1))
    assert service_status().are_chores_stuck


def test_an_official_product_says_who_made_it_official_when_and_why(
    site: Client, ana: User, ana_site: Client, product_factory: Products
) -> None:
    product = product_factory(ana)
    address = f"/product/{product.internal_name}"
    answer = site.post(f"{address}/official", {"official": "1", "note": "Checked with DESI."})

    assert answer.headers["Location"] == address
    page = ana_site.get(address).content.decode()
    assert "Made official by root on" in page
    assert "Checked with DESI." in page
    assert "/official" not in page  # ana may not take it back

    site.post(f"{address}/official", {"official": "0", "note": "Superseded."})
    assert "Made official by" not in ana_site.get(address).content.decode()
    acts = AuditEntry.objects.filter(action__contains="official").order_by("id")
    assert [(row.action, row.actor_name, row.data) for row in acts] == [
        ("product-made-official", "root", {"note": "Checked with DESI."}),
        ("product-official-taken-back", "root", {"note": "Superseded."}),
    ]


def test_the_mark_needs_an_administrator_a_note_and_a_published_product(
    ana: User, admin: User, product_factory: Products
) -> None:
    product = product_factory(ana)
    draft = product_factory(ana, status=ProductStatus.REGISTERING)

    with pytest.raises(OfficialRequiresAdminError):
        set_official(actor=ana, product=product, official=True, note="Mine.")
    with pytest.raises(InvalidError, match="Say why"):
        set_official(actor=admin, product=product, official=True, note="  ")
    with pytest.raises(InvalidError, match="501 characters"):
        set_official(actor=admin, product=product, official=True, note="x" * 501)
    with pytest.raises(ConflictError, match="not published"):
        set_official(actor=admin, product=draft, official=True, note="Good.")
    with pytest.raises(ConflictError, match="not official"):
        set_official(actor=admin, product=product, official=False, note="Bad.")
    assert not AuditEntry.objects.filter(action__contains="official").exists()


def test_a_note_that_is_missing_is_asked_for_again(
    site: Client, ana: User, product_factory: Products
) -> None:
    product = product_factory(ana)
    answer = site.post(f"/product/{product.internal_name}/official", {"official": "1"})

    assert answer.status_code == 400
    assert "Say why, in a note." in answer.content.decode()


def test_products_are_found_by_name_owner_and_kind(
    site: Client, ana: User, bob: User, product_factory: Products
) -> None:
    product_factory(ana, name="DESI")
    product_factory(bob, name="VIPERS", official_product=True)
    product_factory(bob, name="Old", status=ProductStatus.DELETED)

    def found(query: str) -> list[str]:
        page = site.get(f"/administration/products?{query}").context["page"]
        return [product.display_name for product in page]

    assert found("") == ["Old", "VIPERS", "DESI"]
    assert found("q=bob") == ["Old", "VIPERS"]
    assert found("kind=official") == ["VIPERS"]
    assert found("kind=shared&q=des") == ["DESI"]
    assert found("kind=deleted") == ["Old"]


def test_the_list_of_products_asks_as_much_for_many_as_for_one(
    site: Client, ana: User, product_factory: Products
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            site.get("/administration/products")
        return len(captured)

    product_factory(ana)
    one = queries()
    for _ in range(4):
        product_factory(ana, official_product=True)
    assert queries() == one


def test_what_was_taken_down_tells_its_owner_why_and_only_administrators_undo_it(
    site: Client, ana: User, ana_site: Client, bob_site: Client, product_factory: Products
) -> None:
    product = product_factory(ana)
    address = f"/product/{product.internal_name}"
    assert site.post(f"{address}/delete").status_code == 400  # without a reason
    site.post(f"{address}/delete", {"reason": "Holds embargoed spectra."})

    stone = ana_site.get(address).content.decode()
    assert "Taken down by root" in stone
    assert "Holds embargoed spectra." in stone
    assert f"{address}/restore" not in stone
    assert "embargoed" not in bob_site.get(address).content.decode()
    assert ana_site.post(f"{address}/restore").status_code == 403
    assert site.post(f"{address}/restore").status_code == 302
    assert Product.objects.get(pk=product.pk).status == ProductStatus.PUBLISHED
    # A deletion of the owner's own afterwards is not bound by the old take-down.
    ana_site.post(f"{address}/delete")
    assert f"{address}/restore" in ana_site.get(address).content.decode()
    deletions = AuditEntry.objects.filter(action="product-deleted").order_by("id")
    assert [entry.data for entry in deletions] == [
        {"reason": "Holds embargoed spectra.", "taken_down": True},
        {},
    ]


def test_a_reason_has_an_end(ana: User, product_factory: Products) -> None:
    with pytest.raises(InvalidError, match="501 characters"):
        delete_product(actor=ana, product=product_factory(ana), reason="x" * 501)
