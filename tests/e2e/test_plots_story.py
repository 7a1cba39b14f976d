"""From a plot to its rows: by keyboard, by mouse, as a file; in both themes without a fault."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import PageMaker

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]


def opened(page: Page, name: str) -> None:
    page.goto(f"/product/{name}/plots")
    # A profile is made by a worker; the page shows it by itself.
    expect(page.locator("#nz .plot-area svg").first).to_be_visible(timeout=40_000)


def test_a_range_of_redshifts_is_found_by_keyboard_and_leads_to_its_rows(
    open_page: PageMaker, ana: str, two_catalogs: list[str]
) -> None:
    page = open_page(ana)
    opened(page, two_catalogs[0])
    page.locator("#nz .plot-area").focus()
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")

    said = page.locator("#nz figure > [aria-live]").inner_text()
    count = said.split(": ")[1].split()[0]
    page.keyboard.press("Enter")

    page.wait_for_url("**/data?where=*")
    expect(page.locator("main")).to_contain_text(f"1 to {count}")


def test_a_bar_that_is_clicked_is_offered_and_escape_forgets_it(
    open_page: PageMaker, ana: str, two_catalogs: list[str]
) -> None:
    page = open_page(ana, scheme="dark")
    opened(page, two_catalogs[0])
    area = page.locator("#nz .plot-area")
    area.hover()
    page.locator("#nz .brush .overlay").first.wait_for(state="attached")
    area.click()

    picked = page.locator("#nz .plot-picked")
    expect(picked).to_contain_text("<=")
    area.press("Escape")
    expect(picked).to_be_hidden()


def test_a_plot_is_drawn_anew_in_place_and_sent_as_files(
    open_page: PageMaker, ana: str, two_catalogs: list[str], tmp_path: Path
) -> None:
    page = open_page(ana)
    opened(page, two_catalogs[0])
    page.locator("#nz .segments label", has_text="Log").click()
    page.wait_for_url("**/plots?scale=log*")

    sent = {}
    for kind in ("SVG", "CSV", "PNG"):
        if not page.locator("#nz details.menu[open]").count():
            page.locator("#nz details.menu summary").click()
        with page.expect_download() as download:
            page.locator("#nz .dropdown-item", has_text=kind).click()
        sent[kind] = tmp_path / download.value.suggested_filename
        download.value.save_as(sent[kind])
    assert sent["SVG"].read_text().startswith("<?xml")
    assert sent["PNG"].read_bytes().startswith(b"\x89PNG")
    with sent["CSV"].open() as lines:
        assert next(csv.reader(lines)) == ["from", "to", "rows"]


def test_plots_work_without_script(open_page: PageMaker, ana: str, two_catalogs: list[str]) -> None:
    page = open_page(ana, script=False)
    page.goto(f"/product/{two_catalogs[0]}/plots")
    page.locator("#nz [name=cumulative]").check()
    page.locator("#nz button", has_text="Draw").click()

    expect(page.locator("#nz .plot-area svg").first).to_contain_text("redshifts up to z")
    page.locator("#nz summary", has_text="Show as table").click()
    page.locator("#nz .plot-table a").last.click()
    page.wait_for_url("**/data?where=*")
