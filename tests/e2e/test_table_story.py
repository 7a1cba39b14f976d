"""Somebody looks into a table: filters, sorts, hides a column, passes the view on."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e.test_pages import accessibility_faults

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
PageMaker = Callable[..., Page]


def column(page: Page, place: int) -> list[str]:
    """Return the texts of a column of the grid."""
    return page.locator(f"[data-grid] tbody tr td:nth-child({place})").all_inner_texts()


def focused(page: Page) -> Locator:
    """Return the cell that has the focus."""
    return page.locator("[data-grid] :is(td, th):focus")


def test_a_view_is_made_with_keyboard_and_menus_and_lives_in_its_address(
    open_page: PageMaker, ana: str, two_catalogs: list[str]
) -> None:
    page = open_page(ana)
    page.goto(f"/product/{two_catalogs[0]}")
    page.get_by_role("link", name="Open the whole table").click()
    expect(page.get_by_role("grid")).to_be_visible()

    # The expression completes a column, and shows its mistakes with what may be meant.
    box = page.get_by_role("combobox", name="Rows where")
    box.press_sequentially("zfl")
    expect(page.get_by_role("option", name=re.compile("ZFLAGS"))).to_be_visible()
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("ZFLAGS")
    box.fill("ZZ > 0.3")
    box.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("no column ZZ")
    expect(box).to_have_attribute("aria-invalid", "true")
    assert accessibility_faults(page) == []
    box.fill("Z > 0.3")
    box.press("Enter")
    expect(page.locator("#row-count")).to_contain_text("rows of 40")
    assert all(float(text) > 0.3 for text in column(page, 5))

    # A head sorts, its menu hides; back undoes.
    page.get_by_role("columnheader", name="Z", exact=False).get_by_role(
        "link", name="Z", exact=True
    ).click()
    page.wait_for_url(re.compile("sort=Z"))
    values = [float(text) for text in column(page, 5)]
    assert values == sorted(values)
    page.get_by_role("button", name="What can be done with NUM").click()
    page.get_by_role("menuitem", name="Hide").click()
    page.wait_for_url(re.compile("cols="))
    expect(page.get_by_role("link", name="NUM", exact=True)).to_have_count(0)
    permalink = page.url
    page.go_back()
    expect(page.get_by_role("link", name="NUM", exact=True)).to_have_count(1)

    # Somebody else opens the address and sees the same.
    other = open_page(ana, script=False)
    other.goto(permalink)
    assert [float(text) for text in column(other, 4)] == values
    assert other.locator("#where").input_value() == "Z > 0.3"


def test_the_grid_has_one_tab_stop_and_is_walked_with_arrows(
    open_page: PageMaker, ana: str, two_catalogs: list[str]
) -> None:
    page = open_page(ana, width=375)
    page.goto(f"/product/{two_catalogs[0]}/data?size=25")
    grid = page.get_by_role("grid")
    assert grid.locator("[tabindex='0']").count() == 1
    grid.locator("tbody td").first.focus()
    for key, place in (
        ("ArrowDown", (2, 1)), ("End", (2, 6)), ("PageDown", (12, 6)), ("ArrowLeft", (12, 5)),
        ("Control+Home", (0, 0)), ("Control+End", (25, 6)),
    ):  # fmt: skip
        page.keyboard.press(key)
        found = focused(page).evaluate("el => [el.parentElement.rowIndex, el.cellIndex]")
        assert tuple(found) == place, key
    box = focused(page).bounding_box()
    assert box is not None
    assert 0 <= box["x"] <= 375
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_conditions_and_columns_are_chosen_without_script(
    open_page: PageMaker, ana: str, two_catalogs: list[str]
) -> None:
    page = open_page(ana, script=False)
    page.goto(f"/product/{two_catalogs[0]}/data")
    page.get_by_role("link", name="Add a condition").click()
    page.get_by_label("Column").select_option("ZFLAGS")
    page.get_by_role("button", name="Choose").click()
    page.get_by_label("Condition").select_option("eq")
    page.get_by_label("Value").fill("4")
    page.get_by_role("button", name="Add to the expression").click()
    assert page.locator("#where").input_value() == "ZFLAGS == 4"
    assert set(column(page, 6)) == {"4"}
    page.get_by_role("link", name="Count the rows that fit").click()
    expect(page.get_by_role("heading", name=re.compile("rows? of 40"))).to_be_visible()
    page.get_by_role("link", name="Back to the rows").click()
    page.get_by_role("link", name=re.compile("Columns")).click()
    page.get_by_role("checkbox", name=re.compile("NUM")).uncheck()
    page.get_by_role("button", name="Show these columns").click()
    expect(page.get_by_role("link", name="NUM", exact=True)).to_have_count(0)
