"""Training sets in a browser: from the form to the result, also without script and on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.conftest import sign_in
from e2e.story import upload_catalog, watch_to_the_end
from hub import Hub
from pzhub.demo.generate import CONVENTIONS, generate_catalogs
from pzhub.demo.objects import generate_objects, write_objects
from pztables.formats import write_table

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
PageMaker = Callable[..., Page]
FORM = "/pipelines/training-set-maker"


@pytest.fixture(scope="module")
def redshifts(
    browser: Browser, hub: Hub, ana: str, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """Return the internal name of a published catalog, once a release has its objects."""
    folder = tmp_path_factory.mktemp("training")
    write_objects(generate_objects(), folder / "sky")
    done = hub.cli("register-release", "sky", "--objects", str(folder / "sky"), "--public")
    assert done.returncode == 0, done.stderr
    (catalog,) = generate_catalogs(CONVENTIONS[4:5])
    path = folder / catalog.file_name
    write_table(catalog.table, path)
    context = browser.new_context(base_url=hub.address)
    page = context.new_page()
    sign_in(page, hub, ana)
    name = upload_catalog(page, "Secure redshifts", path)
    context.close()
    return name


def test_a_training_set_is_made_from_the_form(
    open_page: PageMaker, ana: str, redshifts: str
) -> None:
    page = open_page(ana)
    page.goto("/pipelines")
    page.get_by_role("link", name="Make a training set").click()
    page.get_by_label("Name of the training set").fill("From the browser")
    page.get_by_role("searchbox", name="Search catalogs").fill(redshifts)
    page.locator(f"input[name='catalog'][value='{redshifts}']").check()
    page.get_by_label("Flux type").select_option("psf")
    page.locator("#object-columns summary").click()
    page.get_by_role("searchbox", name="Search columns").fill("i_psf")
    page.get_by_label("i_psfMag_sfd").check()
    preflight = page.locator("#preflight")
    expect(preflight.get_by_text("Expected matches")).to_be_visible(timeout=30_000)
    expect(preflight.get_by_text("≈ 500")).to_be_visible()
    preflight.get_by_role("button", name="Run").click()
    page.wait_for_url("**/jobs/*")
    watch_to_the_end(page)
    expect(page.get_by_text("psf AB magnitudes")).to_be_visible()
    page.get_by_role("link", name="Open the result").click()
    page.wait_for_url("**/product/*")
    expect(page.get_by_text("Training Set").first).to_be_visible()
    for column in ("i_psfMag_sfd", "_dist_arcsec", "is_training_set"):
        expect(page.locator("#columns").get_by_text(column, exact=True)).to_be_visible()


def test_another_photometry_offers_other_columns(
    open_page: PageMaker, ana: str, redshifts: str
) -> None:
    page = open_page(ana, width=375, scheme="dark")
    page.goto(f"{FORM}?catalog={redshifts}&selected_cols=objectId,g_cModelMag_sfd")
    boxes = page.locator("input[name='selected_cols']")
    checked = page.locator("input[name='selected_cols']:checked")
    expect(checked).to_have_count(2)
    page.get_by_label("Convert fluxes into magnitudes").uncheck()
    expect(page.locator("input[value='g_cModelFlux_sfd']")).to_have_count(1)
    expect(checked).to_have_count(1)  # of the columns that are still there
    assert boxes.count() > 12
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_what_would_stop_the_run_is_shown_before(
    open_page: PageMaker, ana: str, redshifts: str
) -> None:
    page = open_page(ana)
    page.goto(f"{FORM}?catalog={redshifts}&radius_arcsec=0.00001")
    problem = page.locator("#preflight").get_by_text("no object is within")
    expect(problem.first).to_be_visible(timeout=30_000)


def test_without_script_a_training_set_is_checked_and_started(
    open_page: PageMaker, ana: str, redshifts: str
) -> None:
    page = open_page(ana, script=False)
    page.goto(f"{FORM}?catalog={redshifts}")
    page.get_by_label("Name of the training set").fill("Without script")
    page.get_by_role("button", name="Show what it has").click()
    expect(page.get_by_label("Name of the training set")).to_have_value("Without script")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_text("Expected matches")).to_be_visible()
    page.locator("#preflight").get_by_role("button", name="Run").click()
    page.wait_for_url("**/jobs/*")
