"""The list beyond words and facets: cards, spans, the sky, surveys, drafts, the feed."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from pzhub.accounts.models import User
from pzhub.catalog.coverage import ancestors, uniq
from pzhub.catalog.models import (
    Product,
    ProductFile,
    ProductStatus,
    ProductSummary,
    Release,
    SkyCell,
)
from pzhub.catalog.pages.address import ListQuery
from pzhub.uploads.models import Inspection, InspectionState

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import ClientFactory, FileFactory, ProductFactory

ATOM = "{http://www.w3.org/2005/Atom}"


def names(page: str) -> list[str]:
    listed, _, _ = page.partition("Nearest matches")
    return re.findall(r'class="name" href="[^"]*">([^<]*)<', listed)


def shown(site: Client, address: str) -> str:
    response = site.get(address)
    assert response.status_code == 200
    return response.content.decode()


def summarised(
    product: Product, low: float, high: float, surveys: list[str], cell: int | None = None
) -> None:
    import numpy as np

    summary = ProductSummary.objects.create(
        product=product, n_rows=1, n_columns=3, z_min=low, z_max=high, surveys=surveys
    )
    if cell is not None:
        number = uniq(6, np.array([cell]))
        SkyCell.objects.create(summary=summary, uniq=int(number[0]), is_whole=True)
        SkyCell.objects.bulk_create(
            SkyCell(summary=summary, uniq=int(around), is_whole=False)
            for around in ancestors(number)
        )


def cell_of(ra: float, dec: float) -> int:
    from astropy import units
    from astropy_healpix import HEALPix

    return int(HEALPix(64, "nested").lonlat_to_healpix(ra * units.deg, dec * units.deg))


@pytest.fixture
def shelf(
    ana: User,
    bob: User,
    closed_release: Release,
    product_factory: ProductFactory,
    file_factory: FileFactory,
) -> dict[str, Product]:
    made = {
        "Near": product_factory(ana, name="Near", type_name="redshift_catalog"),
        "Far": product_factory(bob, name="Far", type_name="redshift_catalog"),
        "Bare": product_factory(bob, name="Bare"),
        "Closed": product_factory(bob, name="Closed", release=closed_release),
    }
    for name, n_rows, content in (("Near", 10, b"1"), ("Far", 1000, b"123"), ("Closed", 5, b"1")):
        file = file_factory(made[name], content)
        ProductFile.objects.filter(pk=file.pk).update(n_rows=n_rows)
    summarised(made["Near"], 0.01, 0.3, ["2dFGRS", "SDSS"], cell_of(53.1, -28.1))
    summarised(made["Far"], 0.5, 6.5, ["VVDS", "sdss"], cell_of(150.1, 2.2))
    summarised(made["Closed"], 0.0, 9.0, ["TopSecret"], cell_of(53.1, -28.1))
    Product.objects.filter(pk=made["Near"].pk).update(created_at=datetime(2020, 5, 2, tzinfo=UTC))
    return made


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ("z=0.4..1", ["Far"]),
        ("z=..0.4", ["Near"]),
        ("z=0.2..0.6", ["Far", "Near"]),
        ("z=7..", []),
        ("z_from=0.4&z_to=1", ["Far"]),
        ("rows=11..", ["Far"]),
        ("rows=..10", ["Near"]),
        ("rows=10..1000", ["Far", "Near"]),
        ("date=2020-05-02..2020-05-02", ["Near"]),
        ("date=2020-05-03..", ["Bare", "Far"]),
        ("cone=53.1,-28.1,2.5", ["Near"]),
        ("cone=53.1, -28.1, 180", ["Far", "Near"]),
        ("cone=-209.9,2.2,0.1", ["Far"]),
        ("cone=10,80,2", []),
        ("survey=SDSS", ["Far", "Near"]),
        ("survey=2dFGRS", ["Near"]),
        ("survey=2dFGRS,VVDS", ["Far", "Near"]),
        ("survey=SDS", []),
        ("survey=TopSecret", []),
        ("sort=rows", ["Near", "Far", "Bare"]),
        ("sort=-rows", ["Far", "Near", "Bare"]),
        ("sort=-size", ["Far", "Near", "Bare"]),
        ("z=x..y", ["Bare", "Far", "Near"]),
        ("z=2..1", ["Bare", "Far", "Near"]),
        ("z=nan..1", ["Bare", "Far", "Near"]),
        ("z=1e999..", ["Bare", "Far", "Near"]),
        ("rows=-1..", ["Bare", "Far", "Near"]),
        ("date=2020-13-01..", ["Bare", "Far", "Near"]),
        ("date=..9999-12-31", ["Bare", "Far", "Near"]),
        ("cone=1,2", ["Bare", "Far", "Near"]),
        ("cone=1,91,1", ["Bare", "Far", "Near"]),
    ],
)
def test_spans_and_places_narrow_the_list(
    site: Client, shelf: dict[str, Product], parameters: str, expected: list[str]
) -> None:
    assert names(shown(site, f"/products?{parameters}")) == expected


@pytest.mark.parametrize(
    "part", ["z=x..y", "rows=9..1", "cone=1,2", "sort=best", "size=7", "page=none", "view=map"]
)
def test_values_that_mean_nothing_are_named(
    site: Client, shelf: dict[str, Product], part: str
) -> None:
    assert f"they were ignored: {part}." in shown(site, f"/products?{part}")


def test_surveys_are_counted_once_whatever_their_case_and_never_those_of_closed_releases(
    site: Client, shelf: dict[str, Product]
) -> None:
    page = shown(site, "/products")
    found = re.findall(r'name="survey" value="([^"]+)".*?class="num">(\d+)<', page)

    assert [(name.casefold(), n) for name, n in found] == [
        ("sdss", "2"),
        ("2dfgrs", "1"),
        ("vvds", "1"),
    ]
    assert "TopSecret" not in page


def test_each_span_has_a_chip_that_takes_it_away(site: Client, shelf: dict[str, Product]) -> None:
    page = shown(site, "/products?z=0.1..1.2&cone=53.1,-28.1,2.5&rows=..5000")
    chips = re.findall(r'class="chip" href="([^"]+)" aria-label="Remove filter ([^"]+)"', page)

    assert chips == [
        ("/products?rows=..5000&amp;cone=53.1,-28.1,2.5", "Redshift 0.1 to 1.2"),
        ("/products?z=0.1..1.2&amp;cone=53.1,-28.1,2.5", "Rows up to 5000"),
        ("/products?z=0.1..1.2&amp;rows=..5000", "within 2.5° of 53.1, -28.1"),
    ]


def test_the_condition_that_keeps_everything_out_is_named_with_what_comes_near(
    site: Client, shelf: dict[str, Product]
) -> None:
    page = shown(site, "/products?type=redshift_catalog&survey=VVDS&z=7..")
    _, _, near = page.partition("Nearest matches")

    assert "Redshift from 7 keeps them out." in page
    assert re.findall(r'class="name" href="[^"]*">([^<]*)<', near) == ["Far"]


def test_where_taking_one_away_is_not_enough_each_is_offered_alone(
    site: Client, shelf: dict[str, Product]
) -> None:
    page = shown(site, "/products?q=bare&survey=VVDS&cone=53.1,-28.1,2.5")

    assert re.findall(r'<li><a href="[^"]+">Only ([^<]+)</a><span[^>]*>([^<]+)<', page) == [
        ("“bare”", "1 product"),
        ("VVDS", "1 product"),
        ("within 2.5° of 53.1, -28.1", "1 product"),
    ]


def test_the_view_is_in_the_address_and_remembered(site: Client, shelf: dict[str, Product]) -> None:
    assert "<table" in shown(site, "/products")
    cards = shown(site, "/products?view=cards&sort=name")
    again = shown(site, "/products")
    table = shown(site, "/products?view=table")

    assert names(cards) == ["Bare", "Far", "Near"]
    assert 'class="cards"' in cards
    assert 'class="cards"' in again
    assert 'class="cards"' not in table
    assert 'href="/products?sort=name&amp;view=table"' in cards
    assert 'class="cards"' not in shown(site, "/products")


def test_drafts_tell_their_step_their_age_and_how_to_go_on(
    site: Client,
    ana: User,
    product_factory: ProductFactory,
    file_factory: FileFactory,
    column_factory: Callable[..., object],
) -> None:
    steps = {}
    for name in ("Empty", "Read", "Refused", "Ready"):
        draft = product_factory(
            ana, name=name, type_name="redshift_catalog", status=ProductStatus.REGISTERING
        )
        steps[name] = draft
        if name == "Empty":
            continue
        state = InspectionState.REFUSED if name == "Refused" else InspectionState.DONE
        file = file_factory(draft)
        Inspection.objects.create(product=draft, file=file, sha256="a" * 64, state=state)
    column_factory(steps["Ready"], RA="RA", DEC="Dec", Z="z")
    product_factory(
        ana,
        name="Broken",
        status=ProductStatus.FAILED,
        failure={"code": "x", "message": "No row is left."},
    )
    page = shown(site, "/products?tab=drafts&sort=name")
    rows = {
        found[1]: re.sub(r"<[^>]+>|\s+", " ", row)
        for row in page.split('<tr role="row" data-row')[1:]
        if (found := re.search(r'class="name"[^>]*>([^<]+)<', row))
    }

    assert "No row is left." in rows["Broken"]
    for name, step, word in (
        ("Empty", "Step 2 of 4: files", "No file yet"),
        ("Refused", "Step 2 of 4: files", "File refused"),
        ("Read", "Step 3 of 4: columns", "File is read"),
        ("Ready", "Step 4 of 4: review", "File is read"),
    ):
        assert step in rows[name]
        assert word in rows[name]
        assert "now" in rows[name]
    assert f'href="/upload/{steps["Read"].pk}/discard"' in page


def test_the_feed_holds_what_the_list_shows(
    api: ClientFactory, ana: User, shelf: dict[str, Product]
) -> None:
    Product.objects.filter(pk=shelf["Far"].pk).update(description="a \x01 b < c")
    answer = api(ana).get("/api/products/feed/?z=0.4..1&colour=blue")
    feed = ET.fromstring(answer.content)

    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert [entry.findtext(f"{ATOM}title") for entry in feed.iter(f"{ATOM}entry")] == ["Far"]
    entry = next(feed.iter(f"{ATOM}entry"))
    assert entry.findtext(f"{ATOM}summary") == "a  b < c"
    assert entry.findtext(f"{ATOM}id") == (
        f"http://testserver/product/{shelf['Far'].internal_name}"
    )
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links == {
        "alternate": "http://testserver/products?z=0.4..1",
        "self": "http://testserver/api/products/feed/?z=0.4..1",
    }


def test_the_feed_asks_readers_for_a_token_and_hides_closed_products(
    api: ClientFactory, ana: User, ana_site: Client, carla: User, shelf: dict[str, Product]
) -> None:
    nobody = api().get("/api/products/feed/")

    assert nobody.status_code == 401
    assert nobody["WWW-Authenticate"].startswith("Basic")
    assert b"Closed" not in api(ana).get("/api/products/feed/").content
    assert b"Closed" not in ana_site.get("/api/products/feed/?survey=TopSecret").content
    assert b"Closed" in api(carla).get("/api/products/feed/").content


def test_queries_are_few_whatever_narrows_the_list(site: Client, shelf: dict[str, Product]) -> None:
    shown(site, "/products")  # what is remembered between requests
    counts = {}
    for parameters in ("", "z=0..9&cone=53.1,-28.1,180&survey=SDSS&rows=1..", "view=cards"):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            shown(site, f"/products?{parameters}")
        counts[parameters] = len(asked)
    assert max(counts.values()) <= 20, counts


texts = st.text(st.characters(codec="utf-8"), max_size=12)


PARAMETERS = ("tab", "q", "sort", "view", "page", "size", "type", "survey", "cone", "z", "z_from")


@given(
    st.dictionaries(
        st.sampled_from((*PARAMETERS, "rows", "date", "date_to", "other")),
        st.one_of(texts, st.sampled_from(["0.1..2", "1,2,3", "mine", "cards", "-rows", ".."])),
    )
)
def test_every_address_is_read_and_its_short_form_reads_back_the_same(
    parameters: dict[str, str],
) -> None:
    sent = QueryDict(mutable=True)
    sent.update(parameters)
    query = ListQuery.of(sent)

    again = ListQuery.of_text(query.parameters)
    assert again == query
    assert again.unknown == ()
    assert json.dumps(query.address)
