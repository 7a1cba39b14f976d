"""Single keys: they go places and press what the page shows, and can be switched off."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
PageMaker = Callable[..., Page]


def test_keys_go_places_search_and_press_what_a_product_offers(
    open_page: PageMaker, ana: str, two_catalogs: list[str]
) -> None:
    page = open_page(ana)
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.wait_for_url("**/products")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox").first).to_be_focused()
    page.keyboard.type("g j n ?")  # letters in a field are letters
    expect(page.get_by_role("searchbox").first).to_have_value("g j n ?")

    page.goto(f"/product/{two_catalogs[0]}")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(page.get_by_role("dialog", name="Share")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    page.wait_for_url("**/edit")


def test_keys_do_nothing_for_those_who_switched_them_off(open_page: PageMaker, ana: str) -> None:
    page = open_page(ana)
    page.goto("/account")
    page.get_by_label("Single keys do things").uncheck()
    page.get_by_role("button", name="Save the choices").click()
    page.goto("/products")
    page.keyboard.press("?")
    page.keyboard.press("g")
    page.keyboard.press("j")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()
    assert page.url.endswith("/products")
    page.goto("/account")
    page.get_by_label("Single keys do things").check()
    page.get_by_role("button", name="Save the choices").click()
