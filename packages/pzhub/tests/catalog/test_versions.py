from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductStatus, Release
from pzhub.catalog.selectors import Versions, versions_of
from pzhub.catalog.services import NotAnEarlierVersionError, delete_product, set_replaces
from pzhub.core.errors import ForbiddenError
from pzhub.core.models import AuditEntry

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from conftest import ProductFactory


@pytest.fixture
def first(ana: User, product_factory: ProductFactory) -> Product:
    return product_factory(ana, name="First")


@pytest.fixture
def second(ana: User, first: Product, product_factory: ProductFactory) -> Product:
    return product_factory(ana, name="Second")


def test_both_products_say_which_replaces_which(
    ana: User,
    bob: User,
    first: Product,
    second: Product,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    second = set_replaces(actor=ana, product=second, replaces=first)

    versions_of(first, bob)  # from here on it is known that bob is no administrator
    with django_assert_num_queries(2):
        seen = (versions_of(first, bob), versions_of(second, bob))
    assert seen == (Versions([second], None), Versions([], first))
    entry = AuditEntry.objects.get(action="product-replacement-set")
    assert (entry.actor, entry.object_id, entry.data) == (
        ana,
        second.pk,
        {"replaces": str(first)},
    )


def test_the_choice_can_be_taken_back_and_repeating_it_changes_nothing(
    ana: User, first: Product, second: Product
) -> None:
    for choice in (first, first, None, None):
        second = set_replaces(actor=ana, product=second, replaces=choice)

    assert versions_of(first, ana) == Versions([], None)
    acts = AuditEntry.objects.filter(action__startswith="product-replacement").order_by("id")
    assert [entry.action for entry in acts] == [
        "product-replacement-set",
        "product-replacement-cleared",
    ]


def test_only_older_published_products_of_the_same_owner_and_type_are_replaced(
    ana: User, bob: User, second: Product, first: Product, product_factory: ProductFactory
) -> None:
    draft = product_factory(ana, name="Draft", status=ProductStatus.REGISTERING)
    other_type = product_factory(ana, name="Set", type_name="training_set")
    theirs = product_factory(bob, name="Theirs")
    newest = product_factory(ana, name="Newest")

    for wrong in (draft, other_type, theirs, newest):
        with pytest.raises(NotAnEarlierVersionError, match="older"):
            set_replaces(actor=ana, product=newest, replaces=wrong)
    with pytest.raises(NotAnEarlierVersionError):
        set_replaces(actor=ana, product=first, replaces=second)
    with pytest.raises(ForbiddenError):
        set_replaces(actor=bob, product=second, replaces=first)


def test_versions_that_the_reader_may_not_see_or_that_are_gone_are_not_told(
    ana: User, bob: User, first: Product, second: Product, closed_release: Release
) -> None:
    set_replaces(actor=ana, product=second, replaces=first)
    Product.objects.filter(pk=second.pk).update(release=closed_release)

    assert versions_of(first, bob) == Versions([], None)
    assert versions_of(first, ana) == Versions([second], None)
    delete_product(actor=ana, product=second)
    assert versions_of(first, ana) == Versions([], None)


def test_the_owner_chooses_on_the_edit_page_and_pages_and_lists_tell(
    ana_site: Client, bob_site: Client, first: Product, second: Product
) -> None:
    edit = f"/product/{second.internal_name}/edit"
    option = f'<option value="{first.internal_name}">First ({first.internal_name})</option>'

    assert option in ana_site.get(edit).content.decode()
    response = ana_site.post(f"{edit}/replaces", {"replaces": first.internal_name})

    assert response["Location"] == f"/product/{second.internal_name}"
    assert f'<option value="{first.internal_name}" selected>' in ana_site.get(edit).content.decode()
    old = bob_site.get(f"/product/{first.internal_name}").content.decode()
    new = bob_site.get(f"/product/{second.internal_name}").content.decode()
    listed = bob_site.get("/products").content.decode()
    assert "There is a newer version" in old
    assert f'<a href="/product/{second.internal_name}">Second</a>' in old
    assert f'Replaces <a href="/product/{first.internal_name}">First</a>' in new
    assert "There is a newer version" not in new
    assert listed.count("newer version exists") == 1


def test_a_choice_that_cannot_be_is_refused_on_the_page(
    ana_site: Client, first: Product, second: Product
) -> None:
    for wrong in (second.internal_name, "no_such_product"):
        response = ana_site.post(
            f"/product/{first.internal_name}/edit/replaces", {"replaces": wrong}, follow=True
        )
        page = response.content.decode()
        assert response.redirect_chain[0][0] == f"/product/{first.internal_name}/edit#versions"
        assert "cannot replace" in page or "There is no product no_such_product" in page
    first.refresh_from_db()
    assert first.replaces is None
