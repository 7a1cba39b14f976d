"""The columns of a product with their statistics, as pages show and files hold them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pytest
from astropy.io.votable import parse
from django.test import Client

from pzhub.accounts.models import User
from pzhub.catalog.models import Column, Product
from pzhub.core.models import AuditEntry
from pzhub.tables.pages.column_rows import bar_path, bars_of, column_rows, columns_part
from pzhub.uploads.models import TableProfile
from pzhub.uploads.profiles import stored_profile
from pzhub.uploads.services import make_profile, want_profile

TableMaker = Callable[..., Product]


def described(product: Product) -> Product:
    want_profile(product)
    make_profile(TableProfile.objects.get(product=product).pk)
    return product


@pytest.fixture
def product(table_product: TableMaker) -> Product:
    return described(table_product())


@pytest.fixture
def browser(bob: User) -> Client:
    client = Client()
    client.force_login(bob)
    return client


def text_of(response: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def test_each_column_shows_its_meaning_and_its_numbers(product: Product, browser: Client) -> None:
    page = browser.get(f"/product/{product.internal_name}/columns")
    text = text_of(page)
    assert "objectId not associated – int64 0 unique all 200 values differ" in text.replace(
        "– – 0", "– int64 0"
    )
    assert "zspec z src.redshift" in text
    assert "DESI (50 %), VVDS (48.5 %)" in text
    assert page.content.decode().count('class="z-bar"') == 1


def test_the_product_page_has_the_same_section(product: Product, browser: Client) -> None:
    text = text_of(browser.get(f"/product/{product.internal_name}"))
    assert "Copy names Schema CSV JSON VOTable" in text
    assert "DESI (50 %), VVDS (48.5 %)" in text


def test_a_search_finds_names_meanings_and_words_of_descriptions(
    product: Product, browser: Client
) -> None:
    Column.objects.filter(product=product, column_name="zerr").update(description="Half of W68")
    address = f"/product/{product.internal_name}/columns"
    for words, names in (("Z", ["zspec", "zerr"]), ("w68 half", ["zerr"]), ("nothing", [])):
        part = browser.get(address, {"q": words}, headers={"HX-Target": "columns-table"})
        found = re.findall(r'<th scope="row" class="mono"><a [^>]+>([^<]+)', part.content.decode())
        assert found == names
        assert "<html" not in part.content.decode()
    assert "No column fits “nothing”." in text_of(part)


def test_a_thousand_columns_come_in_pages(table_product: TableMaker, browser: Client) -> None:
    names = [f"c{number:04d}" for number in range(1101)]
    wide = table_product(pa.table({name: [1.5, 2.5] for name in names}), {})
    described(wide)
    first = browser.get(f"/product/{wide.internal_name}/columns")
    assert "1 to 100 of 1,101" in text_of(first)
    assert len(first.content) < 250_000
    last = browser.get(f"/product/{wide.internal_name}/columns", {"page": "12"})
    assert "1,101 to 1,101 of 1,101" in text_of(last)


def test_the_page_of_a_column_leads_to_the_rows_behind_every_bar(
    product: Product, browser: Client
) -> None:
    name = product.internal_name
    for column, known in (("zspec", "Quantile 50 %"), ("survey", "Most frequent values")):
        pk = product.columns.get(column_name=column).pk
        page = browser.get(f"/product/{name}/columns/{pk}")
        assert known in text_of(page)
        links = re.findall(rf'href="(/product/{name}/data\?where=[^"]+)"', page.content.decode())
        shown = [
            int(n) for n in re.findall(r'</th><td class="num">(\d+)</td>', page.content.decode())
        ]
        assert len(links) == len(shown) > 1
        for link, rows in zip(links, shown, strict=True):
            where = parse_qs(urlsplit(unescape(link)).query)["where"][0]
            counted = browser.get(f"/api/products/{product.pk}/data/count/", {"where": where})
            assert counted.json()["count"] == rows


def test_the_owner_says_what_a_column_holds_and_others_do_not(
    product: Product, ana: User, browser: Client
) -> None:
    column = product.columns.get(column_name="zerr")
    address = f"/product/{product.internal_name}/columns/{column.pk}"
    assert "What this column holds" not in text_of(browser.get(address))
    assert browser.post(address, {"description": "mine"}).status_code == 403
    browser.force_login(ana)
    assert "What this column holds" in text_of(browser.get(address))
    answer = browser.post(address, {"description": " One sigma, from MIZUKI. "})
    assert (answer.status_code, answer["Location"]) == (302, address)
    column.refresh_from_db()
    assert column.description == "One sigma, from MIZUKI."
    entry = AuditEntry.objects.get(action="column-described")
    assert (entry.actor, entry.data["column"]) == (ana, "zerr")
    assert "One sigma" in text_of(browser.get(f"/product/{product.internal_name}/columns"))


def test_the_schema_is_there_as_csv_json_and_votable(
    product: Product, browser: Client, tmp_path: Any
) -> None:
    base = f"/product/{product.internal_name}/columns"
    rows = list(csv.DictReader(io.StringIO(browser.get(f"{base}.csv").content.decode())))
    assert [row["name"] for row in rows] == [c.column_name for c in product.columns.all()]
    z = rows[3]
    assert (z["meaning"], z["ucd"], z["type"], z["missing"]) == ("z", "src.redshift", "double", "4")
    listed = browser.get(f"{base}.json").json()["columns"]
    assert [str(row["min"] if row["min"] is not None else "") for row in listed] == [
        row["min"] for row in rows
    ]
    (tmp_path / "schema.vot").write_bytes(browser.get(f"{base}.vot").content)
    fields = list(parse(tmp_path / "schema.vot").iter_fields_and_params())
    assert [field.name for field in fields][:2] == ["objectId", "RA"]
    assert (fields[1].unit, fields[1].ucd) == ("deg", "pos.eq.ra;meta.main")
    assert browser.get(f"{base}.xlsx").status_code == 404


def test_without_a_profile_the_columns_are_shown_and_the_page_says_why(
    table_product: TableMaker, browser: Client
) -> None:
    product = table_product()
    want_profile(product)
    text = text_of(browser.get(f"/product/{product.internal_name}/columns"))
    assert "The statistics are being computed" in text
    assert "zspec z" in text
    TableProfile.objects.update(state="failed", error={"code": "x", "message": "x"})
    text = text_of(browser.get(f"/product/{product.internal_name}/columns"))
    assert "could not be computed. The table itself is complete." in text


def test_a_page_of_columns_costs_few_queries(
    product: Product, browser: Client, django_assert_max_num_queries: Any
) -> None:
    browser.get(f"/product/{product.internal_name}/columns")
    with django_assert_max_num_queries(14):
        browser.get(f"/product/{product.internal_name}/columns")


def test_bars_are_few_and_count_every_value_between_the_edges(product: Product) -> None:
    profile = stored_profile(product)
    assert profile is not None
    rows = column_rows(product, list(product.columns.all()), profile)
    for row in rows:
        bars = bars_of(row.column.column_name, row.report or {})
        histogram = (row.report or {})["histogram"]
        expected = sum(histogram["counts"]) if histogram else row.n_values
        assert sum(bar.count for bar in bars) == expected
        assert len(bars) <= 22
    part = columns_part(product, list(product.columns.all()), profile)
    assert part.names.split("\n")[0] == "objectId"


def test_an_empty_bar_is_not_drawn_and_a_small_one_is_a_line() -> None:
    assert bar_path([0, 1, 1000]).count("M") == 2
    assert "v-0.8" in bar_path([0, 1, 1000])
    assert bar_path([]) == ""
