"""The page of a table: what it shows is in its address, and it works without script."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from django.test import Client

from pzhub.uploads.models import Inspection
from pztables.expressions import matches, parse

from .conftest import N_ROWS, TABLE


class Pages:
    """The pages of one product's table, as somebody sees them who may."""

    def __init__(self, client: Client, name: str) -> None:
        self.client, self.base = client, f"/product/{name}/data"

    def __call__(self, path: str = "", /, **given: Any) -> Any:
        headers = given.pop("headers", None)
        return self.client.get(f"{self.base}{path}", given, headers=headers)


@pytest.fixture
def pages(table_product: Any, client: Client, bob: Any) -> Pages:
    """Return the pages of a product of the table of these tests."""
    client.force_login(bob)
    return Pages(client, table_product().internal_name)


def grid_of(answer: Any) -> list[list[str]]:
    """Return the texts of a grid: its head, then its rows."""
    text = answer.content.decode()
    rows = re.findall(r"<tr aria-rowindex[^>]*>(.*?)</tr>", text, re.DOTALL)
    return [
        [
            " ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split())
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        for row in rows
    ]


def test_a_page_shows_the_rows_as_they_are_in_the_file(pages: Pages) -> None:
    answer = pages(size=25)
    head, *rows = grid_of(answer)
    assert [each.split()[0] for each in head[1:]] == [
        name.split()[0] for name in TABLE.column_names
    ]
    assert "deg" in head[2]
    assert "RA" in head[2].split()
    assert (len(rows), [row[0] for row in rows]) == (25, [str(n) for n in range(25)])
    assert rows[5][1] == str(2**60 + 5)
    assert rows[7][4] == "null"
    assert rows[3][5] == "NaN"
    assert rows[2][5] == "0.2"  # single precision, with the digits that it has
    assert f"1 to 25 of {N_ROWS}" in answer.content.decode()


def test_filter_order_and_columns_are_those_of_the_address(pages: Pages) -> None:
    where = "zspec > 0.5 and survey == 'DESI'"
    answer = pages(where=where, sort="-zspec", cols="survey,zspec", size=25)
    head, *rows = grid_of(answer)
    assert [each.split()[0] for each in head] == ["#", "survey", "zspec"]
    columns = {name: TABLE[name] for name in TABLE.column_names}
    fits = np.flatnonzero(matches(parse(where), columns))
    z = TABLE["zspec"].to_numpy()
    expected = sorted(fits.tolist(), key=lambda row: (-z[row], row))[:25]
    assert [int(row[0]) for row in rows] == expected
    assert 'aria-sort="descending"' in answer.content.decode()
    counted = pages("/count", where=where).content.decode()
    assert f"{len(fits)} rows of {N_ROWS}" in counted


def test_pages_join_to_the_whole_table(pages: Pages) -> None:
    found: list[str] = []
    for page in range(1, 6):
        answer = pages(size=50, page=page)
        found += [row[0] for row in grid_of(answer)[1:]]
        assert ('aria-label="Next page"' in answer.content.decode()) == (page < 4)
    assert found == [str(n) for n in range(N_ROWS)]
    assert "The table ends before this page." in pages(size=50, page=9).content.decode()


def test_a_mistake_is_shown_at_its_place_with_what_may_be_meant(pages: Pages) -> None:
    answer = pages(where="zspec > 1 and surveys == 'a'")
    text = unescape(answer.content.decode())
    assert answer.status_code == 400
    assert "zspec > 1 and <mark>surveys == 'a'</mark>" in text
    assert re.search(r'href="[^"]*where=zspec[^"]*survey%20[^"]*"[^>]*>survey<', text)
    assert 'aria-invalid="true"' in text
    assert grid_of(answer) == []
    for where in ("zspec >", "1 < zspec < 'a'", "zspec", "int(zspec) == 1", "cone(1, 95, 1)"):
        assert pages(where=where).status_code == 400


def test_to_htmx_only_the_part_goes_with_the_address_of_the_view(pages: Pages) -> None:
    part = {"hx-request": "1", "hx-target": "data-view"}
    answer = pages(where="zspec > 1", size=100, headers=part)
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    assert answer.headers["HX-Push-Url"] == f"{pages.base}?where=zspec%20%3E%201"
    wrong = pages(where="zspec >", headers=part)
    assert (wrong.status_code, b"data-view" in wrong.content) == (200, True)


def test_columns_of_a_form_come_back_as_a_short_address(pages: Pages) -> None:
    answer = pages(cols=["zspec", "RA"], where="zspec > 1")
    assert (answer.status_code, answer.headers["Location"]) == (
        302, f"{pages.base}?where=zspec%20%3E%201&cols=zspec,RA",
    )  # fmt: skip
    chosen = pages("/columns", cols="zspec,RA").content.decode()
    boxes = re.findall(r'name="cols" value="([^"]+)"( checked)?', chosen)
    assert boxes[:3] == [("zspec", " checked"), ("RA", " checked"), ("objectId", "")]
    assert "cols=RA,zspec" in chosen  # zspec to the right


def test_a_condition_is_added_by_a_form(pages: Pages) -> None:
    form = pages("/condition", column="survey", where="zspec > 1 or RA > 3").content.decode()
    assert re.findall(r'<option value="(\w+)"', form) == [
        "eq", "ne", "in", "contains", "null", "some",
    ]  # fmt: skip
    sent = {"column": "survey", "op": "eq", "value": "DESI", "where": "zspec > 1 or RA > 3"}
    answer = pages("/condition", **sent)
    assert answer.status_code == 302
    shown = pages.client.get(answer.headers["Location"])
    assert 'value="(zspec &gt; 1 or RA &gt; 3) and survey == &quot;DESI&quot;"' in (
        shown.content.decode()
    )
    wrong = pages("/condition", column="zspec", op="between", value="a")
    assert wrong.status_code == 400
    assert "Write a number" in wrong.content.decode()


def test_a_row_has_an_address_and_all_its_values(pages: Pages) -> None:
    text = pages(row=3, cols="zspec").content.decode()
    shown = dict(
        re.findall(r'<th scope="row" class="mono">([^<]+)</th><td[^>]*>([^<]*)</td>', text)
    )
    assert list(shown) == TABLE.column_names
    assert (shown["objectId"], shown["zerr"]) == (str(2**60 + 3), "NaN")
    assert shown["RA"] == repr(TABLE["RA"][3].as_py())
    assert "no row of this number" in pages(row=N_ROWS).content.decode()


def test_the_completion_knows_columns_functions_and_regions(pages: Pages) -> None:
    body = pages("/names").json()
    assert [column["name"] for column in body["columns"]] == TABLE.column_names
    assert body["columns"][1] == {"name": "RA", "type": "double", "role": "RA"}
    assert {"name": "cone", "help": "ra, dec, radius"} in body["regions"]
    assert any(function["name"] == "abs" for function in body["functions"])


def test_the_selection_is_offered_in_every_format_and_as_lines_to_paste(pages: Pages) -> None:
    text = unescape(pages(where="zspec > 1", cols="RA,zspec", sort="-zspec").content.decode())
    address = re.search(r'href="(/api/products/\d+/data/\?[^"]+format=fits)"', text)
    assert address
    answer = pages.client.get(address[1])
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/fits")
    b"".join(answer.streaming_content)
    for line in ("pz.get_product(", "pz get ", "curl -H", "where='zspec > 1'"):
        assert line in text


def test_a_wide_table_reads_only_what_it_shows(
    table_product: Any, client: Client, bob: Any
) -> None:
    names = ["RA", "Dec", "z", *(f"flux_{n}" for n in range(1098))]
    table = pa.table({name: np.arange(30.0) for name in names})
    product = table_product(table, {"RA": "RA", "Dec": "Dec", "z": "z"})
    client.force_login(bob)
    pages = Pages(client, product.internal_name)
    head, *_ = grid_of(pages())
    assert len(head) == 41
    assert "Columns 40 of 1,101" in pages().content.decode()
    every = pages(cols=",".join(names), size=500)
    assert len(grid_of(every)[0]) == 41  # 20,000 values are a page
    assert "1061 chosen columns are not shown" in every.content.decode()


def test_values_are_shown_as_text_whatever_they_hold(
    table_product: Any, client: Client, bob: Any
) -> None:
    hostile = '<script>alert("x")</script>'
    table = pa.table(
        {
            "RA": [1.0], "Dec": [1.0], "z": [0.12345678901234567], "<b>": [hostile],
            "long": ["x" * 100], "when": pa.array([1], pa.timestamp("us")),
            "list": pa.array([[1.5, None]]), "good": [True], "inf": [np.inf],
        }
    )  # fmt: skip
    product = table_product(table, {"RA": "RA", "Dec": "Dec", "z": "z"})
    client.force_login(bob)
    answer = Pages(client, product.internal_name)()
    text = answer.content.decode()
    assert hostile not in text
    assert "<b>" not in text
    (_, row) = grid_of(answer)
    assert row[3:] == [
        "0.12345679", hostile, "x" * 59 + "…", "1970-01-01T00:00:00.000001", "[1.5, null]",
        "true", "inf",
    ]  # fmt: skip
    assert f'title="{0.12345678901234567!r}"' in text


def test_a_table_that_is_not_there_is_said_to_be_so(
    ana: Any, client: Client, product_factory: Any, file_factory: Any, table_product: Any
) -> None:
    client.force_login(ana)
    unread = product_factory(ana, name="unread")
    file_factory(unread)
    waiting = Pages(client, unread.internal_name)()
    assert (waiting.status_code, b"not ready yet" in waiting.content) == (409, True)
    product = table_product()
    Inspection.objects.filter(product=product).update(canonical_path="", is_table=False)
    nothing = Pages(client, product.internal_name)()
    assert (nothing.status_code, b"No table to show" in nothing.content) == (404, True)


def test_the_product_page_begins_with_the_same_rows(
    pages: Pages, django_assert_max_num_queries: Any
) -> None:
    first = pages("/first")
    assert grid_of(first) == grid_of(pages(size=25))
    with django_assert_max_num_queries(10):
        pages()
