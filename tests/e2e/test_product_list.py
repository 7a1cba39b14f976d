"""The product list in a browser: marks, arrows, the way back, and several products at once."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e.test_pages import CHECK_PAGE, accessibility_faults

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
PageMaker = Callable[..., Page]
SHARED = "/products?q=shared&sort=name"


def focused(page: Page) -> str:
    """Return the text of what has the focus."""
    text: str = page.evaluate("document.activeElement.textContent.trim()")
    return text


def bar(page: Page) -> str:
    """Return what the bar of acts says."""
    return page.locator("[data-bulk-count]").inner_text()


def test_arrows_move_over_rows_and_letters_mark_them(
    open_page: PageMaker, ana: str, two_catalogs: list[str]
) -> None:
    page = open_page(ana)
    page.goto(SHARED)
    names = page.locator("#selection a.name")
    first, second = names.all_inner_texts()
    names.first.focus()
    page.keyboard.press("ArrowDown")
    assert focused(page) == second
    page.keyboard.press("x")
    assert bar(page) == "1 selected"
    page.keyboard.press("Home")
    page.keyboard.press("x")
    assert bar(page) == "2 selected"
    page.keyboard.press("End")
    page.evaluate("document.documentElement.dataset.shortcuts = 'off'")
    page.keyboard.press("x")
    assert bar(page) == "2 selected"
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("checkbox", name=f"Select {second}")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('tbody')") is None
    page.keyboard.press("Shift+Tab")
    assert accessibility_faults(page) == []
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/product/*")
    assert first in page.locator("h1").inner_text()


def test_back_and_forward_bring_filters_back(
    open_page: PageMaker, ana: str, two_catalogs: list[str]
) -> None:
    page = open_page(ana)
    page.goto(SHARED)
    page.get_by_role("searchbox", name="Search in this list").fill("shared nothing")
    expect(page.get_by_role("heading", name="Nothing matches this condition")).to_be_visible()
    page.wait_for_url(lambda url: "nothing" in url)
    page.go_back()
    expect(page.locator("#selection a.name")).to_have_count(2)
    expect(page.get_by_role("searchbox", name="Search in this list")).to_have_value("shared")
    page.go_forward()
    expect(page.get_by_role("link", name="Remove filter “shared nothing”")).to_be_visible()
    page.get_by_role("link", name="Remove filter “shared nothing”").click()
    page.wait_for_url(lambda url: "q=" not in url)


def test_a_page_of_products_comes_as_one_file(
    open_page: PageMaker, ana: str, two_catalogs: list[str]
) -> None:
    page = open_page(ana)
    page.goto(f"{SHARED}&view=cards")
    assert page.evaluate(CHECK_PAGE) == []
    page.get_by_label("Select all on this page").check()
    assert bar(page) == "2 selected"
    assert accessibility_faults(page) == []
    page.get_by_role("button", name="Download").click()
    page.wait_for_url("**/bundles/*")
    assert page.evaluate(CHECK_PAGE) == []
    assert accessibility_faults(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Save file").click()
    with zipfile.ZipFile(download.value.path()) as packed:
        manifest = json.loads(packed.read("manifest.json"))
        assert packed.testzip() is None
    assert [entry["internal_name"] for entry in manifest["products"]] == two_catalogs
    page.goto("/products?view=table")


def test_products_are_deleted_and_taken_back(
    open_page: PageMaker, ana: str, two_catalogs: list[str]
) -> None:
    page = open_page(ana, width=375, scheme="dark")
    page.goto(SHARED)
    page.locator('input[name="product"]').first.check()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", name="Delete 1 product?")).to_be_visible()
    assert page.evaluate(CHECK_PAGE) == []
    assert accessibility_faults(page) == []
    page.get_by_role("button", name="Delete 1 product").click()
    expect(page.get_by_text("1 product is deleted.")).to_be_visible()
    expect(page.locator("#selection a.name")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("1 product is back.")).to_be_visible()
    expect(page.locator("#selection a.name")).to_have_count(2)


def test_marked_products_fill_in_a_form_without_script(
    open_page: PageMaker, ana: str, two_catalogs: list[str]
) -> None:
    page = open_page(ana, script=False)
    page.goto(SHARED)
    for mark in page.locator('input[name="product"]').all():
        mark.check()
    page.get_by_role("button", name="Use in a pipeline").click()
    page.get_by_role("link", name="Open the form").first.click()
    for name in two_catalogs:
        assert f"catalog={name}" in page.url
    expect(page.locator('input[name="catalog"]:checked')).to_have_count(2)
