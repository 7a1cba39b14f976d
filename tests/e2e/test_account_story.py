"""Sign-ins that are lost, and news that come by themselves: in a browser, as people meet them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e.conftest import Complaints
from e2e.story import choose_catalogs
from e2e.test_pages import CHECK_PAGE, accessibility_faults
from hub import PASSWORD

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
PageMaker = Callable[..., Page]
REFUSED = re.compile(r"status of 401|Status Error Code 401|LDivElement|LFormElement")
COMBINE = "/pipelines/combine-redshift-catalogs"


def lose_sign_in(page: Page) -> None:
    """End the session of a browser, as time does."""
    page.context.clear_cookies(name="sessionid")


def sign_in_again(page: Page, user: str) -> None:
    page.get_by_label("User name").fill(user)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()


def read_both_logs(page: Page) -> None:
    """Find a word in the log of a job that has ended, and look at the other log."""
    expect(page.get_by_text("You can close this page")).to_have_count(0)
    before = page.locator("#log-lines > div").count()
    page.get_by_role("searchbox", name="Find in the log").fill("rows")
    expect(page.locator("#log-found")).to_contain_text("Lines with it:")
    assert 0 < page.locator("#log-lines > div:not(.is-off)").count() < before
    page.get_by_role("link", name="Scheduler").click()
    expect(page.get_by_role("log", name="Scheduler log")).to_be_visible()
    assert accessibility_faults(page) == []


def test_a_form_sent_too_late_is_filled_in_again_and_its_end_is_told_by_itself(
    open_page: PageMaker, ana: str, two_catalogs: list[str]
) -> None:
    page = open_page(ana)
    page.goto(COMBINE)
    page.get_by_label("Name of the combined catalog").fill("Kept & told")
    choose_catalogs(page, two_catalogs)
    run = page.locator("#preflight").get_by_role("button", name="Run")
    expect(run).to_be_enabled()
    lose_sign_in(page)
    run.click()

    page.wait_for_url("**/login?next=*")
    expect(page.get_by_text("What you typed is kept")).to_be_visible()
    sign_in_again(page, ana)
    page.wait_for_url("**/account/kept")
    expect(page.get_by_role("definition").filter(has_text="Kept & told")).to_be_visible()
    assert page.evaluate(CHECK_PAGE) == []
    assert accessibility_faults(page) == []
    page.get_by_role("button", name="Back to the form, filled in").click()

    page.wait_for_url(f"**{COMBINE}*")
    expect(page.get_by_label("Name of the combined catalog")).to_have_value("Kept & told")
    expect(page.get_by_text("What you typed before is in the form again.")).to_be_visible()
    chosen = page.evaluate("[...new FormData(document.forms.run ?? document.querySelector"
                           "('main form[method=post]')).getAll('catalog')]")  # fmt: skip
    assert sorted(chosen) == sorted(two_catalogs)
    page.get_by_label("Name of the combined catalog").press("Enter")
    page.wait_for_url("**/jobs/*")
    job = page.url

    page.goto("/account")  # elsewhere, and no reload
    expect(page.get_by_role("link", name="Notices: 1 new")).to_be_visible(timeout=60_000)
    page.get_by_role("link", name="Notices: 1 new").click()
    expect(page.get_by_text("The job “Kept & told” has finished.")).to_be_visible()
    page.get_by_role("link", name=re.compile("Open the result")).click()
    page.wait_for_url("**/product/*")
    expect(page.get_by_role("link", name="Notices", exact=True)).to_be_visible()

    page.goto(job)
    read_both_logs(page)


def test_a_fragment_without_a_session_asks_for_the_password_and_goes_on(
    open_page: PageMaker, ana: str, complaints: Complaints
) -> None:
    page = open_page(ana)
    page.goto("/jobs")
    lose_sign_in(page)
    page.get_by_role("searchbox", name="Search jobs").fill("nothing like it")
    dialog = page.get_by_role("dialog", name="You were signed out")
    expect(dialog).to_be_visible()
    assert accessibility_faults(page) == []
    dialog.get_by_label(f"Password of {ana}").fill("wrong")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.get_by_text("This did not work.")).to_be_visible()
    dialog.get_by_label(f"Password of {ana}").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()

    expect(dialog).to_be_hidden()
    expect(page.get_by_role("searchbox", name="Search jobs")).to_have_value("nothing like it")
    expect(page.get_by_role("heading", name="No such job")).to_be_visible()
    # The forms of the page know the new sign-in.
    page.goto("/account")
    page.get_by_label("Name that others see").fill("Ana again")
    page.get_by_role("button", name="Save the name").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    # The browser and htmx write the refusal, which was wanted here, to their console.
    complaints.found[:] = [text for text in complaints.found if not REFUSED.search(text)]


def test_without_script_what_was_typed_is_shown_and_sent(open_page: PageMaker, ana: str) -> None:
    page = open_page(ana, script=False)
    page.goto("/account")
    page.get_by_label("Name that others see").fill("Typed too late")
    lose_sign_in(page)
    page.get_by_role("button", name="Save the name").click()
    sign_in_again(page, ana)
    expect(page.get_by_role("definition")).to_have_text("Typed too late")
    page.get_by_role("button", name="Send it now").click()

    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("Name that others see")).to_have_value("Typed too late")
