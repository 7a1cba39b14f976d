"""The start page shows every redshift that was uploaded: added up by a sweep, kept as a file."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductStatus, ProductSummary, ProductType
from pzhub.core.models import Lease
from pzhub.web.hosted_sky import hosted_sky, sweep_hosted_sky

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana")


def summarised(
    owner: User, cells: dict[int, int], *, type_name: str = "redshift_catalog"
) -> Product:
    product = Product.objects.create(
        display_name="A catalog",
        product_type=ProductType.objects.get(name=type_name),
        user=owner,
        status=ProductStatus.PUBLISHED,
        published_at=timezone.now(),
    )
    product.internal_name = f"{product.pk}_a_catalog"
    product.save()
    sky = {"order": 3, "cells": list(cells), "counts": list(cells.values())}
    ProductSummary.objects.create(
        product=product,
        n_rows=sum(cells.values()),
        n_columns=3,
        thumbnail={"redshift": None, "sky": sky},
        signature="a",
    )
    return product


def add_up() -> None:
    Lease.objects.filter(name="hosted-sky").delete()
    sweep_hosted_sky()


def test_all_uploaded_catalogs_are_added_up_cell_by_cell(ana: User) -> None:
    summarised(ana, {5: 10, 700: 1})
    summarised(ana, {5: 3})
    summarised(ana, {5: 1000}, type_name="training_set")

    add_up()

    hosted = hosted_sky()
    assert hosted is not None
    assert (hosted.n_rows, hosted.sky.cells, hosted.sky.counts) == (14, (5, 700), (13, 1))


def test_a_catalog_that_goes_leaves_the_picture(ana: User) -> None:
    summarised(ana, {5: 10})
    gone = summarised(ana, {6: 7})
    add_up()
    Product.objects.filter(pk=gone.pk).update(
        status=ProductStatus.DELETED, deleted_at=timezone.now()
    )

    add_up()

    hosted = hosted_sky()
    assert hosted is not None
    assert (hosted.n_rows, hosted.sky.cells) == (10, (5,))


def test_nothing_is_added_up_again_while_nothing_changes(
    ana: User, django_assert_num_queries: object
) -> None:
    summarised(ana, {5: 10})
    add_up()
    Lease.objects.filter(name="hosted-sky").delete()

    # The lease (found, not there, made within a savepoint), and one sum.
    with django_assert_num_queries(6):  # type: ignore[operator]
        sweep_hosted_sky()


def test_the_start_page_tells_the_redshifts_and_draws_them(client: Client, ana: User) -> None:
    client.force_login(ana)
    assert "Every redshift uploaded here" not in client.get("/").content.decode()
    summarised(ana, {5: 12_345})
    add_up()

    page = client.get("/").content.decode()

    assert "Every redshift uploaded here" in page
    assert "<dd>12,345</dd>" in page
