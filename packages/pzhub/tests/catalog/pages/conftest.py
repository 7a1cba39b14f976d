"""A browser of ana's, without script, and published redshift catalogs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from pzhub.accounts.models import User
from pzhub.catalog.models import Column, Product
from pzhub.uploads.models import Inspection, InspectionState

if TYPE_CHECKING:
    from conftest import FileFactory, ProductFactory


@pytest.fixture
def site(ana_site: Client) -> Client:
    """Return ana's browser: most pages are looked at with it."""
    return ana_site


@pytest.fixture
def catalog(ana: User, product_factory: ProductFactory, file_factory: FileFactory) -> Product:
    """Return a published redshift catalog of ana's: a file, four columns, two rows."""
    product = product_factory(
        ana, name="Deep field", type_name="redshift_catalog", description="# Selection\n\nAll."
    )
    file = file_factory(product, name="deep.csv")
    type(file).objects.filter(pk=file.pk).update(n_rows=4321, sha256="ab" * 32)
    for order, (name, alias, ucd) in enumerate(
        (
            ("ALPHA", "RA", "pos.eq.ra;meta.main"),
            ("DELTA", "Dec", "pos.eq.dec;meta.main"),
            ("Z", "z", "src.redshift"),
            ("NOTE", None, None),
        )
    ):
        Column.objects.create(
            product=product,
            column_name=name,
            order=order,
            alias=alias,
            ucd=ucd,
            dtype="double",
            unit="deg" if order < 2 else "",
            facts={"n_null": 7 if name == "NOTE" else 0},
        )
    Inspection.objects.create(
        product=product,
        file=file,
        sha256="ab" * 32,
        state=InspectionState.DONE,
        is_table=True,
        first_rows=[
            {"ALPHA": 10.5, "DELTA": -3.25, "Z": 0.123456789, "NOTE": None},
            {"ALPHA": 9007199254740993, "DELTA": 0.0, "Z": 1.0, "NOTE": "<b>x</b>"},
        ],
    )
    return product
