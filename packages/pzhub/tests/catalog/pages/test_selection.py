"""What is done with several products of the list at once."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductStatus, Release
from pzhub.catalog.pages import bulk
from pzhub.core.models import AuditEntry
from pzhub.processes.models import Phase, Pipeline, Process
from pzhub.processes.services import register_pipelines

if TYPE_CHECKING:
    from conftest import FileFactory, ProductFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf(
    ana: User, bob: User, closed_release: Release, product_factory: ProductFactory
) -> dict[str, Product]:
    return {
        "deep": product_factory(ana, name="Deep", type_name="redshift_catalog"),
        "wide": product_factory(ana, name="Wide", type_name="redshift_catalog"),
        "set": product_factory(ana, name="Set", type_name="training_set"),
        "theirs": product_factory(bob, name="Theirs", type_name="redshift_catalog"),
        "closed": product_factory(
            bob, name="Closed", type_name="redshift_catalog", release=closed_release
        ),
    }


def names_of(shelf: dict[str, Product], *keys: str) -> list[str | None]:
    return [shelf[key].internal_name for key in keys]


def told(site: Client, address: str = "/products") -> str:
    return site.get(address).content.decode()


def test_names_and_lines_of_python_are_shown_to_be_copied(
    site: Client, shelf: dict[str, Product]
) -> None:
    deep, wide = names_of(shelf, "deep", "wide")
    answer = site.post("/products/selection", {"act": "names", "product": [deep, wide]})

    page = answer.content.decode()
    assert f"{deep}\n{wide}</pre>" in page
    assert f"pz.get_product(&quot;{deep}&quot;)\npz.get_product(&quot;{wide}&quot;)</pre>" in page


def test_metadata_come_as_a_table_of_all_results_of_the_list(
    site: Client, shelf: dict[str, Product], file_factory: FileFactory
) -> None:
    file_factory(shelf["deep"], b"12345")
    Product.objects.filter(pk=shelf["deep"].pk).update(description="=1+1")
    answer = site.post(
        "/products/selection",
        {"act": "metadata", "all": "1", "list": "type=redshift_catalog&sort=name"},
    )

    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["display_name"] for row in rows] == ["Deep", "Theirs", "Wide"]
    assert (rows[0]["size_bytes"], rows[0]["owner"], rows[0]["main_file"]) == (
        "5",
        "ana",
        "cat.csv",
    )
    assert rows[0]["description"] == "'=1+1"
    assert rows[0]["address"] == f"http://testserver/product/{shelf['deep'].internal_name}"


@pytest.mark.parametrize("act", ["names", "metadata", "delete", "compare", "nonsense", ""])
@pytest.mark.parametrize(
    "marked", [{}, {"product": "no_such_set"}, {"product": "\0"}, {"all": "1", "list": "q=nothing"}]
)
def test_an_act_on_nothing_goes_back_to_the_list_and_says_so(
    site: Client, shelf: dict[str, Product], act: str, marked: dict[str, str]
) -> None:
    answer = site.post("/products/selection", {"list": "sort=name", **marked, "act": act})

    assert answer.status_code == 302
    assert answer["Location"].startswith("/products?")
    assert 'role="alert"' in told(site, answer["Location"])


def test_a_closed_product_is_in_no_selection(site: Client, shelf: dict[str, Product]) -> None:
    closed = shelf["closed"].internal_name
    named = {"product": [closed, shelf["deep"].internal_name]}
    everything = {"all": "1", "list": ""}

    for marked in (named, everything):
        for act in ("names", "metadata", "delete"):
            answer = site.post("/products/selection", {**marked, "act": act})
            text = b"".join(answer).decode()  # type: ignore[arg-type]
            assert shelf["deep"].internal_name in text
            assert str(closed) not in text
            assert "Closed" not in text


def test_the_question_names_each_product_and_what_was_made_from_it(
    site: Client, ana: User, shelf: dict[str, Product], product_factory: ProductFactory
) -> None:
    made = product_factory(ana, name="Combined", type_name="redshift_catalog")
    pipeline, _ = Pipeline.objects.get_or_create(name="combine_redshift_dedup")
    process = Process.objects.create(
        pipeline=pipeline,
        user=ana,
        display_name="x",
        upload=made,
        phase=Phase.COMPLETED,
        ended_at=timezone.now(),
    )
    process.input_links.create(product=shelf["deep"], position=0)
    running = product_factory(ana, name="Running", status=ProductStatus.PROCESSING)
    second = Process.objects.create(
        pipeline=pipeline, user=ana, display_name="y", upload=running, phase=Phase.EXECUTING
    )
    second.input_links.create(product=shelf["wide"], position=0)
    marked = [*names_of(shelf, "deep", "wide", "set", "theirs"), running.internal_name]

    page = site.post("/products/selection", {"act": "delete", "product": marked}).content.decode()

    asked = re.findall(r'type="hidden" name="product" value="([^"]+)"', page)
    assert asked == names_of(shelf, "deep", "set")
    assert "1 product was made from these" in page
    assert re.search(r"made from it:.*?>Combined</a>", page)
    assert "a run is reading it: wait for its end" in page
    assert "a run is making it: stop the run first" in page
    assert "belongs to bob" in page


def test_products_are_deleted_together_and_taken_back_together(
    site: Client, ana: User, shelf: dict[str, Product], file_factory: FileFactory
) -> None:
    file_factory(shelf["deep"], b"kept")
    marked = names_of(shelf, "deep", "set")
    answer = site.post("/products/delete", {"product": marked, "list": "sort=name"})

    page = told(site, answer["Location"])
    gone = Product.objects.filter(status=ProductStatus.DELETED).values_list(
        "display_name", flat=True
    )
    assert answer["Location"] == "/products?sort=name"
    assert set(gone) == {"Deep", "Set"}
    assert "2 products are deleted." in page
    undo = re.findall(r'name="product" value="([^"]+)"', page.partition("Undo</button>")[0])
    assert undo == marked
    assert "Undo" not in told(site)  # offered once

    site.post("/products/restore", {"product": undo})

    assert "2 products are back." in told(site)
    assert not Product.objects.filter(status=ProductStatus.DELETED).exists()
    assert AuditEntry.objects.filter(actor_id=ana.pk, action="product-restored").count() == 2


def test_what_belongs_to_others_is_neither_deleted_nor_restored(
    site: Client, bob_site: Client, shelf: dict[str, Product]
) -> None:
    theirs = shelf["theirs"].internal_name
    site.post("/products/delete", {"product": [theirs]})
    assert "may delete it" in told(site)
    assert not Product.objects.filter(status=ProductStatus.DELETED).exists()

    bob_site.post("/products/delete", {"product": [theirs]})
    site.post("/products/restore", {"product": [theirs]})
    assert Product.objects.filter(status=ProductStatus.DELETED).count() == 1


def test_administrators_say_why_they_take_products_down(
    admin: User, shelf: dict[str, Product]
) -> None:
    site = Client()
    site.force_login(admin)
    marked = {"product": names_of(shelf, "deep", "theirs")}

    asked = site.post("/products/selection", {"act": "delete", **marked}).content.decode()
    refused = site.post("/products/delete", marked)
    done = site.post("/products/delete", {**marked, "reason": "Wrong flags"})

    assert 'name="reason"' in asked
    assert (refused.status_code, done.status_code) == (400, 302)
    assert "Tell the owner why." in refused.content.decode()
    entries = AuditEntry.objects.filter(action="product-deleted")
    assert [entry.data for entry in entries] == [{"reason": "Wrong flags", "taken_down": True}] * 2


def test_a_deletion_of_too_many_is_refused(
    site: Client, shelf: dict[str, Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST_DELETED", 2)
    answer = site.post("/products/selection", {"act": "delete", "all": "1", "list": ""})

    assert answer.status_code == 302
    assert "4 products are selected; this takes at most 2" in told(site)


def test_few_products_are_compared_where_the_server_can(
    site: Client, shelf: dict[str, Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    two = names_of(shelf, "deep", "wide")
    monkeypatch.setattr(bulk, "compare_address", lambda: "/compare")
    answer = site.post("/products/selection", {"act": "compare", "product": two})
    one = site.post("/products/selection", {"act": "compare", "product": two[:1]})

    assert parse_qs(urlsplit(answer["Location"]).query) == {"products": [f"{two[0]},{two[1]}"]}
    assert one["Location"] == "/products"
    assert "compare 2 to 6" in told(site)

    monkeypatch.setattr(bulk, "compare_address", lambda: None)
    site.post("/products/selection", {"act": "compare", "product": two})
    assert "cannot compare" in told(site)


def test_pipelines_are_offered_with_their_forms_filled_in_and_reasons_for_the_rest(
    site: Client, shelf: dict[str, Product]
) -> None:
    register_pipelines()
    deep, wide = names_of(shelf, "deep", "wide")
    marked = names_of(shelf, "deep", "wide", "set", "closed")
    page = site.post("/pipelines/use", {"product": marked}).content.decode()

    assert f'href="/pipelines/combine-redshift-catalogs?catalog={deep}&amp;catalog={wide}"' in page
    assert f'href="/pipelines/training-set-maker?catalog={deep}"' in page
    assert "It takes one catalog at a time; choose:" in page
    assert page.count("it is of the type Training Set; the pipeline reads redshift catalogs") == 2
    assert "Closed" not in page


def test_a_pipeline_that_cannot_run_says_what_it_needs(
    site: Client, shelf: dict[str, Product]
) -> None:
    register_pipelines()
    one = site.post("/pipelines/use", {"product": names_of(shelf, "deep")}).content.decode()
    none = site.post("/pipelines/use", {"product": names_of(shelf, "set")}).content.decode()

    assert "It needs at least 2 redshift catalogs." in one
    assert "It needs a redshift catalog." in none
    assert "/pipelines/training-set-maker?catalog=" in one
    assert "/pipelines/training-set-maker?catalog=" not in none


def test_more_products_than_can_be_named_are_refused(site: Client, db: None) -> None:
    answer = site.post("/products/selection", {"act": "names", "product": map(str, range(501))})

    assert answer.status_code == 302
    assert "at most 500" in told(site)
