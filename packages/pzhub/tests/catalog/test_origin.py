"""Where a product comes from, and what that forbids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pytest_django import DjangoAssertNumQueries

from pzhub.accounts.models import User
from pzhub.catalog import hooks
from pzhub.catalog.models import Product, ProductStatus, ProductType, Release
from pzhub.catalog.services import (
    StatusMoveError,
    change_product,
    create_product,
    publish_product,
    reopen_product,
)
from pzhub.catalog.services.publish import RunFailedError
from pzhub.core.errors import InvalidError
from pzhub.processes.models import Pipeline, Process

if TYPE_CHECKING:
    from conftest import ClientFactory, ProductFactory


def run_of(product: Product) -> Process:
    pipeline, _ = Pipeline.objects.get_or_create(name="combine_redshift_dedup")
    return Process.objects.create(
        pipeline=pipeline,
        pipeline_version="1",
        user=product.user,
        display_name="run",
        upload=product,
        phase="EXECUTING",
    )


@pytest.mark.parametrize(
    ("reader", "expected"),
    [
        (None, ("combine_redshift_dedup", "Executing")),
        (
            lambda process: hooks.Origin("Combine", process.pk, "Running"),
            ("Combine", "Running"),
        ),
    ],
)
def test_the_wire_names_the_run_that_makes_a_product(
    ana: User,
    api: ClientFactory,
    product_factory: ProductFactory,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
    reader: Any,
    expected: tuple[str, str],
) -> None:
    monkeypatch.setattr(hooks, "_origin_readers", [])
    if reader is not None:
        hooks.register_origin_reader(reader)
    processes = {}
    for _ in range(3):
        product = product_factory(ana, status=ProductStatus.PROCESSING)
        processes[product.pk] = run_of(product).pk
    client = api(ana)
    client.get("/api/products/")
    with django_assert_num_queries(4):
        rows = client.get("/api/products/").json()["results"]
    assert {row["id"]: row["process_id"] for row in rows} == processes
    assert {(row["origin"], row["process_status"]) for row in rows} == {expected}


def test_what_a_run_failed_to_make_is_not_reopened(
    ana: User, product_factory: ProductFactory
) -> None:
    product = product_factory(ana, status=ProductStatus.FAILED)
    assert reopen_product(actor=ana, product=product_factory(ana)).status == ProductStatus.PUBLISHED
    run_of(product)
    with pytest.raises(RunFailedError):
        reopen_product(actor=ana, product=product)


def test_a_failed_product_says_what_to_do(ana: User, product_factory: ProductFactory) -> None:
    product = product_factory(ana, status=ProductStatus.FAILED)
    with pytest.raises(StatusMoveError, match="Correct its files"):
        change_product(actor=ana, product=product, status=ProductStatus.PUBLISHED)


def test_a_published_product_needs_its_file_unless_its_type_may_do_without(
    ana: User, product_factory: ProductFactory
) -> None:
    product = product_factory(
        ana, type_name="redshift_catalog", status=ProductStatus.REGISTERING, description="text"
    )
    for order, alias in enumerate(("RA", "Dec", "z")):
        product.columns.create(column_name=alias, alias=alias, order=order)
    with pytest.raises(InvalidError) as refusal:
        publish_product(actor=ana, product=product)
    assert refusal.value.code == "missing_main_file"


def test_a_service_refuses_a_release_that_the_actor_may_not_use(
    ana: User, product_types: dict[str, ProductType], closed_release: Release
) -> None:
    with pytest.raises(InvalidError) as refusal:
        create_product(
            actor=ana,
            display_name="x",
            product_type=product_types["training_set"],
            release=closed_release,
        )
    assert refusal.value.fields.keys() == {"release"}
