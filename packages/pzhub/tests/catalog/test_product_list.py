"""Facets: what each choice would leave is what choosing it leaves."""

from __future__ import annotations

from itertools import product as combinations
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pzhub.accounts.models import User
from pzhub.catalog.facet_counts import Listed, facet_counts, listed_products
from pzhub.catalog.models import ProductFile, ProductStatus, ProductSummary, Release
from pzhub.catalog.product_list import (
    FACETS,
    ProductFilter,
    products_list,
    tab_counts,
)
from pzhub.catalog.selectors import releases_visible_to
from pzhub.tables.models import SavedView

if TYPE_CHECKING:
    from conftest import ColumnFactory, FileFactory, ProductFactory

VALUES = {
    "type": ("training_set", "redshift_catalog", "nonsense"),
    "release": ("none", "dp02", "dp02,none"),
    "has": ("z_flag", "z_flag,survey", "nonsense"),
    "survey": ("VVDS", "VVDS,DESI", "nonsense"),
    "origin": ("upload", "combine_redshift_dedup", "saved_view,upload"),
    "owner": ("ana", "bob"),
    "format": ("parquet", "csv,hats", "nonsense"),
    "size": ("under-1mb", "1-10mb,over-100mb", "nonsense"),
}


@pytest.fixture
def shelf(
    ana: User,
    bob: User,
    open_release: Release,
    product_factory: ProductFactory,
    column_factory: ColumnFactory,
    file_factory: FileFactory,
) -> None:
    """Put products of all kinds on the shelf."""
    sizes = (10, 2 * 10**6, 3 * 10**8)
    names = ("a.csv", "b.parquet", "c.hats")
    for number, (owner, type_name, release) in enumerate(
        combinations((ana, bob), ("training_set", "redshift_catalog"), (None, open_release))
    ):
        product = product_factory(owner, name=f"n{number}", type_name=type_name, release=release)
        if number < 7:
            file = file_factory(product, b"1,2", name=names[number % 3])
            ProductFile.objects.filter(pk=file.pk).update(
                size=sizes[number % 3], is_directory=number % 3 == 2
            )
            file_factory(product, b"also", name="notes.csv", role=2)
            surveys = [["VVDS"], ["VVDS", "DESI"], []][number % 3]
            ProductSummary.objects.create(product=product, n_rows=1, n_columns=1, surveys=surveys)
        if number % 2:
            column_factory(product, flag="z_flag", **({"s": "survey"} if number % 4 == 1 else {}))
    product_factory(ana, name="draft", status=ProductStatus.REGISTERING)
    view = product_factory(bob, name="view")
    SavedView.objects.create(product=view, source=product, question={}, state="done")


def looked_at(user: User, wanted: ProductFilter) -> Listed:
    return listed_products(user, wanted, releases_visible_to(user))


@pytest.mark.parametrize("tab", ["all", "mine", "drafts"])
@pytest.mark.parametrize("facet", FACETS)
@pytest.mark.usefixtures("shelf")
def test_a_facet_counts_what_its_choices_leave(ana: User, facet: str, tab: str) -> None:
    for other, text in [("type", ""), *((name, v) for name in FACETS for v in VALUES[name])]:
        chosen = {other: tuple(filter(None, text.split(",")))}
        wanted = ProductFilter(tab=tab, chosen=chosen)  # type: ignore[arg-type]
        listed = looked_at(ana, wanted)
        counts = facet_counts(listed, facet)
        assert listed.numbers == [row.pk for row in products_list(ana, wanted)]
        for value in {value for text in VALUES[facet] for value in text.split(",")} | set(counts):
            kept = chosen.get("has", ()) if facet == "has" else ()
            narrowed = ProductFilter(
                tab=wanted.tab, chosen={**chosen, facet: tuple({*kept, value})}
            )
            left = products_list(ana, narrowed).count()
            assert (other, text, value, counts.get(value, 0)) == (other, text, value, left)


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("sort", ["name", "-size", "rows", "-created"])
def test_what_is_looked_at_is_in_the_order_of_the_list(ana: User, sort: str) -> None:
    wanted = ProductFilter(sort=sort, chosen={"release": ("none",)})
    assert looked_at(ana, wanted).numbers == [row.pk for row in products_list(ana, wanted)]


@pytest.mark.usefixtures("shelf")
def test_tabs_count_what_they_list_in_one_look(ana: User) -> None:
    with CaptureQueriesContext(connection) as captured:
        counts = tab_counts(ana)
    assert len(captured) <= 2  # groups of the user, counts
    assert counts == {
        tab: products_list(ana, ProductFilter(tab=tab)).count()  # type: ignore[arg-type]
        for tab in ("all", "official", "mine", "drafts")
    }


@pytest.mark.usefixtures("shelf")
def test_words_and_facets_narrow_each_other(ana: User) -> None:
    wanted = ProductFilter(q="n", chosen={"has": ("z_flag",), "owner": ("bob",)}, sort="name")
    assert [row.display_name for row in products_list(ana, wanted)] == ["n5", "n7"]
    counts = facet_counts(looked_at(ana, wanted), "has")
    assert counts == {"z_flag": 2, "survey": 1}
