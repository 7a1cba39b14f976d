"""Steps of the stories, as a person takes them."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect


def begin_draft(page: Page, name: str, kind: str = "Reference Redshift Catalog") -> None:
    """Step 1: name and type."""
    page.goto("/product/new")
    page.get_by_label("Product name").fill(name)
    page.get_by_role("radio", name=kind).check()
    page.get_by_role("button", name="Next: files").click()
    page.wait_for_url("**/files")


def send_file(page: Page, path: Path) -> None:
    """Step 2: send the main file and wait until the server has read it."""
    page.locator("#id_file").set_input_files(path)
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_text("Table read")).to_be_visible(timeout=30_000)


def associate(page: Page) -> None:
    """Step 3: accept what is suggested."""
    page.get_by_role("link", name="Next: columns").click()
    page.get_by_role("button", name="Accept all").click()
    expect(page.get_by_text("complete", exact=True)).to_be_visible()
    page.get_by_role("button", name="Review").click()
    page.wait_for_url("**/confirm")


def publish(page: Page) -> str:
    """Step 4: publish; return the internal name."""
    page.get_by_role("button", name="Publish").click()
    page.wait_for_url("**/product/*")
    return page.url.rsplit("/", 1)[-1]


def upload_catalog(page: Page, name: str, path: Path) -> str:
    """Take all four steps; return the internal name."""
    begin_draft(page, name)
    send_file(page, path)
    associate(page)
    return publish(page)


def choose_catalogs(page: Page, names: list[str]) -> None:
    """Tick catalogs in the picker, searching for each."""
    for name in names:
        page.get_by_role("searchbox", name="Search catalogs").fill(name)
        page.locator(f"input[name='catalog'][value='{name}']").check()


def start_combination(
    page: Page, name: str, catalogs: list[str], duplicates: str, *, cut: str = "3"
) -> None:
    """Fill the form of Combine Redshift Catalogs, wait for the pre-flight, run."""
    page.goto("/pipelines/combine-redshift-catalogs")
    page.get_by_label("Name of the combined catalog").fill(name)
    choose_catalogs(page, catalogs)
    page.locator(f"input[name='z_flag_homogenized_value_to_cut'][value='{cut}']").check(force=True)
    page.get_by_role("radio", name=duplicates).check()
    preflight = page.locator("#preflight")
    expect(preflight.get_by_text("Ready")).to_be_visible(timeout=30_000)
    preflight.get_by_role("button", name="Run").click()
    page.wait_for_url("**/jobs/*")


def watch_to_the_end(page: Page) -> None:
    """Stay on the job's page until it tells, by itself, that it is done."""
    expect(page.get_by_role("link", name="Open the result")).to_be_visible(timeout=90_000)
    expect(page.get_by_text("Successful")).to_be_visible()
    expect(page.get_by_role("heading", name="Summary")).to_be_visible()
