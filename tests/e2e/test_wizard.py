"""The wizard as people use it: from a dropped file to a published product, by few clicks."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e.catalogs import SURVEYS, write_catalog
from e2e.story import begin_draft, send_file

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
PageMaker = Callable[..., Page]
DROP = """([area, name, content]) => {
  const bytes = Uint8Array.from(atob(content), (char) => char.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name));
  const drop = new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true});
  document.getElementById(area).dispatchEvent(drop);
}"""


def drop(page: Page, area: str, path: Path) -> None:
    """Drop a file on an area."""
    content = base64.b64encode(path.read_bytes()).decode()
    page.evaluate(DROP, [area, path.name, content])


def test_a_dropped_file_is_published_by_four_clicks(
    open_page: PageMaker, ana: str, tmp_path: Path
) -> None:
    page = open_page(ana)
    page.add_init_script(
        "addEventListener('click', (event) => { if (event.isTrusted && event.detail) "
        "sessionStorage.clicks = Number(sessionStorage.clicks ?? 0) + 1; }, true)"
    )
    page.goto("/product/new")
    drop(page, "first-drop", write_catalog(SURVEYS[0], tmp_path, seed=11))
    expect(page.locator(".q-columns")).to_contain_text("columns")
    expect(page.get_by_role("radio", name="Reference Redshift Catalog")).to_be_checked()
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url("**/columns")
    page.get_by_role("button", name="Accept all").click(timeout=60_000)
    expect(page.get_by_text("complete", exact=True)).to_be_visible()
    page.get_by_role("button", name="Review").click()
    page.wait_for_url("**/confirm")
    page.get_by_role("button", name="Publish").click()
    page.wait_for_url("**/product/*")
    expect(page.get_by_text("is published.")).to_be_visible()
    assert page.evaluate("Number(sessionStorage.clicks)") == 4


def test_what_cannot_be_a_table_is_not_even_sent(
    open_page: PageMaker, ana: str, tmp_path: Path
) -> None:
    page = open_page(ana)
    begin_draft(page, "No table")
    sheet = tmp_path / "sheet.xlsx"
    sheet.write_bytes(b"PK")
    page.locator("#id_file").set_input_files(sheet)
    expect(page.get_by_text("sheet.xlsx is no table")).to_be_visible()
    page.get_by_label("What sheet.xlsx is").select_option("2")
    expect(page.get_by_text("sheet.xlsx is no table")).to_be_hidden()
    empty = tmp_path / "empty.csv"
    empty.touch()
    page.locator("#id_file").set_input_files(empty)
    expect(page.get_by_text("empty.csv is empty")).to_be_visible()


def test_an_upload_is_paused_and_goes_on(open_page: PageMaker, ana: str, tmp_path: Path) -> None:
    page = open_page(ana)
    begin_draft(page, "Paused", "Other")
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(40_000_000))
    page.route("**/api/uploads/*/", slowly)
    page.locator("#id_file").set_input_files(large)
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("paused; what has arrived is kept")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    files = page.locator("#files-state")
    expect(files.get_by_text("large.bin", exact=True)).to_be_visible(timeout=60_000)


def slowly(route: object) -> None:
    """Give a person the time to press a button between two pieces."""
    import time

    time.sleep(0.4)
    route.continue_()  # type: ignore[attr-defined]


def test_labels_ucds_undo_and_narrowing_in_the_table_of_columns(
    open_page: PageMaker, ana: str, tmp_path: Path
) -> None:
    page = open_page(ana)
    begin_draft(page, "Labels")
    send_file(page, write_catalog(SURVEYS[0], tmp_path, seed=12))
    page.get_by_role("link", name="Next: columns").click()
    page.get_by_label("Meaning of ALPHA").select_option("own")
    page.get_by_label("Own label of ALPHA").fill("mag_i")
    page.get_by_label("Own label of ALPHA").press("Tab")  # what is typed next outlives the saving
    page.get_by_label("UCD of ALPHA").fill("phot.mga")
    page.get_by_label("UCD of ALPHA").press("Tab")
    expect(page.get_by_text("Did you mean phot.mag")).to_be_visible()
    expect(page.get_by_label("UCD of ALPHA")).to_have_value("phot.mga")
    page.get_by_label("UCD of ALPHA").fill("phot.mag;em.opt.i")
    page.get_by_label("UCD of ALPHA").press("Enter")
    expect(page.get_by_text("your label and UCD")).to_be_visible()
    page.get_by_role("button", name="Suggested").click()
    expect(page.get_by_label("Meaning of ALPHA")).to_be_hidden()
    page.get_by_role("searchbox", name="Search columns").fill("no such column")
    expect(page.get_by_text("No column is like that.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The last choice is taken back.")).to_be_visible()
    expect(page.get_by_text("your label, no UCD")).to_be_visible()


def test_what_was_typed_before_there_is_a_draft_is_kept(open_page: PageMaker, ana: str) -> None:
    page = open_page(ana)
    page.goto("/product/new")
    page.get_by_label("Product name").fill("Half a name")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/products")
    page.goto("/product/new")
    expect(page.get_by_label("Product name")).to_have_value("Half a name")
    expect(page.get_by_text("kept in this browser")).to_be_visible()
