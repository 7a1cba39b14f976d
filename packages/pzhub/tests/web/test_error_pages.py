"""Error pages say what happened and what to do; a mistyped name finds its product."""

from __future__ import annotations

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductStatus, ProductType, Release
from pzhub.core.errors import NotFoundError
from pzhub.web.middleware import RefusalPages

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana", password="far-too-secret-4711")


@pytest.fixture
def signed_in(client: Client, ana: User) -> Client:
    client.force_login(ana)
    return client


def publish(owner: User, name: str, release: Release | None = None) -> Product:
    product = Product.objects.create(
        display_name=name,
        product_type=ProductType.objects.get(name="redshift_catalog"),
        user=owner,
        release=release,
        status=ProductStatus.PUBLISHED,
        published_at=timezone.now(),
    )
    product.internal_name = f"{product.pk}_{name.lower().replace(' ', '_')}"
    product.save()
    return product


@pytest.mark.parametrize("path", ["/product/7_nothing_like_it", "/no/such/page"])
def test_every_error_page_gives_its_number_and_a_way_on(signed_in: Client, path: str) -> None:
    response = signed_in.get(path, headers={"X-Request-ID": "incident-4712"})

    page = response.content.decode()
    assert response.status_code == 404
    assert "<code>incident-4712</code>" in page
    assert 'href="/products"' in page


def test_a_mistyped_name_finds_the_products_that_are_most_like_it(
    signed_in: Client, ana: User
) -> None:
    wanted = publish(ana, "Deep Survey DR1")
    publish(ana, "Something else")

    page = signed_in.get("/product/99_deep_survey_dr2").content.decode()

    assert "Did you mean one of these?" in page
    assert f'href="/product/{wanted.internal_name}"' in page
    assert "Something else" not in page


def test_a_mistyped_name_tells_nothing_of_closed_releases(signed_in: Client) -> None:
    owner = User.objects.create_user("ben")
    closed = Release.objects.create(name="closed", display_name="Closed", is_public=False)
    closed.access_groups.create(name="the chosen")
    hidden = publish(owner, "Deep Survey DR1", closed)

    page = signed_in.get("/product/99_deep_survey_dr2").content.decode()

    assert hidden.display_name not in page
    assert "Did you mean" not in page


def test_a_name_without_words_asks_the_database_nothing_more(
    signed_in: Client, django_assert_max_num_queries: object
) -> None:
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        assert signed_in.get("/product/12_3").status_code == 404


def test_refusals_are_told_in_the_language_of_the_page(rf: RequestFactory) -> None:
    request: HttpRequest = rf.get("/x")
    middleware = RefusalPages(lambda request: None)  # type: ignore[arg-type, return-value]

    with translation.override("es"):
        response = middleware.process_exception(request, NotFoundError("There is no such token."))

    assert response is not None
    assert 'lang="es"' in response.content.decode()
