"""Publication: what it asks for, and that the audit row goes with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from pzhub.accounts.models import User
from pzhub.catalog import hooks
from pzhub.catalog.models import Product, ProductStatus
from pzhub.catalog.services import (
    MissingMainFileError,
    MissingRolesError,
    StatusMoveError,
    fail_product,
    publish_product,
    reopen_product,
)
from pzhub.core.errors import ForbiddenError, InvalidError
from pzhub.core.models import AuditEntry

if TYPE_CHECKING:
    from conftest import FileFactory, ProductFactory

Columns = Callable[..., object]


def draft(
    product_factory: ProductFactory, user: User, type_name: str = "redshift_catalog"
) -> Product:
    return product_factory(user, type_name=type_name, status=ProductStatus.REGISTERING)


def test_a_product_with_its_required_roles_is_published(
    ana: User, product_factory: ProductFactory, file_factory: FileFactory, column_factory: Columns
) -> None:
    product = draft(product_factory, ana)
    file_factory(product)
    column_factory(product, ra="RA", dec="Dec", z="z")
    published = publish_product(actor=ana, product=product)
    assert published.status == ProductStatus.PUBLISHED
    assert published.published_at is not None
    entry = AuditEntry.objects.get(action="product-published")
    assert (entry.actor, entry.object_id, entry.object_name) == (
        ana,
        product.pk,
        product.internal_name,
    )


@pytest.mark.parametrize(
    ("type_name", "aliases", "missing"),
    [
        ("redshift_catalog", {"ra": "RA"}, ["Dec", "z"]),
        ("redshift_catalog", {"ra": "ra", "dec": "Dec", "z": "z"}, ["RA"]),
        ("object_catalog", {}, ["Dec", "RA"]),
        ("training_set", {"z": ""}, ["z"]),
    ],
)
def test_missing_roles_are_named(
    ana: User,
    product_factory: ProductFactory,
    file_factory: FileFactory,
    column_factory: Columns,
    type_name: str,
    aliases: dict[str, str],
    missing: list[str],
) -> None:
    product = draft(product_factory, ana, type_name)
    file_factory(product)
    column_factory(product, **aliases)
    with pytest.raises(MissingRolesError) as refusal:
        publish_product(actor=ana, product=product)
    assert refusal.value.roles == missing
    assert ", ".join(missing) in refusal.value.message


def test_free_formats_need_a_file_or_a_text_that_says_where_it_is(
    ana: User, product_factory: ProductFactory
) -> None:
    product = draft(product_factory, ana, "photoz_estimates")
    with pytest.raises(MissingMainFileError):
        publish_product(actor=ana, product=product)
    Product.objects.filter(pk=product.pk).update(description="At https://example.org/data")
    assert publish_product(actor=ana, product=product).status == ProductStatus.PUBLISHED


def test_publishing_twice_keeps_the_first_date(ana: User, product_factory: ProductFactory) -> None:
    product = product_factory(ana)
    again = publish_product(actor=ana, product=product)
    assert again.published_at == product.published_at
    assert not AuditEntry.objects.filter(action="product-published").exists()


@pytest.mark.parametrize("status", [ProductStatus.FAILED, ProductStatus.PROCESSING])
def test_only_a_product_that_is_registering_can_be_published(
    ana: User, product_factory: ProductFactory, status: int
) -> None:
    product = product_factory(ana, status=status, description="text")
    with pytest.raises(StatusMoveError):
        publish_product(actor=ana, product=product)


def test_the_result_of_a_run_goes_from_processing_to_published(
    ana: User, product_factory: ProductFactory
) -> None:
    product = product_factory(ana, status=ProductStatus.PROCESSING, description="text")
    result = publish_product(actor=ana, product=product, from_process=True)
    assert result.status == ProductStatus.PUBLISHED


def test_others_may_not_publish_but_administrators_may(
    ana: User, bob: User, admin: User, product_factory: ProductFactory
) -> None:
    product = product_factory(ana, status=ProductStatus.REGISTERING, description="text")
    with pytest.raises(ForbiddenError):
        publish_product(actor=bob, product=product)
    assert publish_product(actor=admin, product=product).status == ProductStatus.PUBLISHED


@pytest.fixture
def refusing_check() -> Iterator[None]:
    def check(product: Product) -> None:
        raise InvalidError("Row 7: RA is 400.")

    hooks.register_publication_check(check)
    yield
    hooks._publication_checks.remove(check)


@pytest.mark.usefixtures("refusing_check")
def test_a_check_of_another_app_can_refuse_publication(
    ana: User, product_factory: ProductFactory
) -> None:
    product = product_factory(ana, status=ProductStatus.REGISTERING, description="text")
    with pytest.raises(InvalidError, match="Row 7"):
        publish_product(actor=ana, product=product)
    product.refresh_from_db()
    assert product.status == ProductStatus.REGISTERING


def test_a_failure_is_kept_and_can_be_reopened(ana: User, product_factory: ProductFactory) -> None:
    product = product_factory(ana, status=ProductStatus.REGISTERING)
    error = {"code": "unreadable_table", "message": "cat.csv: no columns.", "data": {}}
    fail_product(product=product, error=error)
    product.refresh_from_db()
    assert (product.status, product.failure) == (ProductStatus.FAILED, error)
    assert reopen_product(actor=ana, product=product).status == ProductStatus.REGISTERING
    product.refresh_from_db()
    assert (product.status, product.failure) == (ProductStatus.REGISTERING, None)


def test_a_published_product_does_not_fail(ana: User, product_factory: ProductFactory) -> None:
    with pytest.raises(StatusMoveError):
        fail_product(product=product_factory(ana), error={"code": "x", "message": "y", "data": {}})


def test_act_and_audit_row_are_rolled_back_together(
    ana: User, product_factory: ProductFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = product_factory(ana, status=ProductStatus.REGISTERING, description="text")
    rows = AuditEntry.objects.count()

    def full_disk(*args: object, **kwargs: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(AuditEntry.objects, "create", full_disk)
    with pytest.raises(OSError, match="disk full"):
        publish_product(actor=ana, product=product)
    product.refresh_from_db()
    assert product.status == ProductStatus.REGISTERING
    assert AuditEntry.objects.count() == rows
