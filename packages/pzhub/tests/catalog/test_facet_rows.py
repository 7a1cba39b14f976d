"""The rows that facets count: the database writes them, whatever changes a product."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from pzhub.accounts.models import User
from pzhub.catalog.facet_rows import drop_triggers, ensure_rows
from pzhub.catalog.models import (
    Column,
    FileRole,
    Product,
    ProductFacets,
    ProductFile,
    ProductSummary,
)

if TYPE_CHECKING:
    from conftest import ColumnFactory, FileFactory, ProductFactory

Told = tuple[int, int, int, str]


def told(product: Product) -> Told:
    """Return what the row of a product says: roles, format, size, surveys."""
    row = ProductFacets.objects.get(product=product)
    return row.roles, row.format, row.size, row.surveys


@pytest.fixture
def product(
    ana: User,
    product_factory: ProductFactory,
    file_factory: FileFactory,
    column_factory: ColumnFactory,
) -> Product:
    made: Product = product_factory(ana, name="told")
    file_factory(made, b"1,2", name="a.csv")
    file_factory(made, b"also", name="notes.fits", role=FileRole.AUXILIARY)
    column_factory(made, flag="z_flag", kind="instrument_type", mag="something else")
    ProductSummary.objects.create(product=made, n_rows=1, n_columns=3, surveys=["DESI", "VVDS"])
    return made


def test_a_product_without_anything_has_an_empty_row(
    ana: User, product_factory: ProductFactory
) -> None:
    assert told(product_factory(ana, name="bare")) == (0, 0, 0, "")


def test_the_row_tells_files_meanings_and_surveys(product: Product) -> None:
    assert told(product) == (0b1001, 2, 1, '["DESI", "VVDS"]')


def test_every_change_is_in_the_row_at_once(product: Product) -> None:
    main = ProductFile.objects.filter(product=product, role=FileRole.MAIN)
    main.update(size=2 * 10**6, extension=".parquet")
    assert told(product)[1:3] == (1, 2)
    main.update(is_directory=True, size=2**40)
    assert told(product)[1:3] == (6, 4)
    Column.objects.filter(product=product, column_name="mag").update(alias="z_err")
    Column.objects.filter(product=product, column_name="flag").update(alias=None)
    assert told(product)[0] == 0b1010
    Column.objects.filter(product=product).delete()
    ProductSummary.objects.filter(product=product).update(surveys=["a"])
    assert told(product) == (0, 6, 4, '["a"]')
    main.delete()
    ProductSummary.objects.filter(product=product).delete()
    assert told(product) == (0, 0, 0, "")


def test_a_file_of_an_unknown_format_has_a_size_only(product: Product) -> None:
    ProductFile.objects.filter(product=product, role=FileRole.MAIN).update(extension=".docx")

    assert told(product)[1:3] == (0, 1)


def test_the_row_goes_with_its_product(product: Product) -> None:
    key = product.pk
    product.delete()

    assert not ProductFacets.objects.filter(pk=key).exists()


def test_after_a_migration_lost_triggers_and_rows_are_made_anew(product: Product) -> None:
    before = told(product)
    drop_triggers(using=connection.alias)
    ProductFacets.objects.all().delete()
    ensure_rows(using=connection.alias)
    Column.objects.filter(product=product, column_name="flag").delete()

    assert told(product) == (0b1000, *before[1:])


def test_where_nothing_is_migrated_the_triggers_stay(product: Product) -> None:
    drop_triggers(using=connection.alias, plan=[])
    Column.objects.filter(product=product, column_name="flag").delete()

    assert told(product)[0] == 0b1000
