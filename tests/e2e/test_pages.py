"""Pages of the wizard, of pipelines and of jobs: small screens, no script, keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from e2e.catalogs import SURVEYS, write_catalog
from e2e.story import begin_draft, choose_catalogs, send_file, watch_to_the_end

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
PageMaker = Callable[..., Page]
COMBINE = "/pipelines/combine-redshift-catalogs"
#: What every page must have; returns what is wrong.
CHECK_PAGE = """() => {
  const wrong = [];
  const extra = document.documentElement.scrollWidth - innerWidth;
  if (extra > 0) wrong.push(`scrolls sideways by ${extra} px`);
  const headings = document.querySelectorAll("h1").length;
  if (headings !== 1) wrong.push(`${headings} h1`);
  const ids = [...document.querySelectorAll("[id]")].map((el) => el.id);
  const twice = ids.filter((id, at) => ids.indexOf(id) !== at);
  if (twice.length) wrong.push(`ids twice: ${twice}`);
  for (const el of document.querySelectorAll("input, select, textarea")) {
    if (el.type === "hidden") continue;
    if (!el.labels?.length && !el.ariaLabel) wrong.push(`no label: ${el.outerHTML.slice(0, 90)}`);
  }
  for (const el of document.querySelectorAll("button, a[href]")) {
    if (el.closest("[aria-hidden=true]") && el.tabIndex < 0) continue;  // for the mouse alone
    const name = el.textContent.trim() || el.ariaLabel;
    if (!name) wrong.push(`no name: ${el.outerHTML.slice(0, 90)}`);
  }
  // What a script measured (marked as ready) is no style of the page's text.
  if (document.querySelector("[style]:not([data-ready])")) wrong.push("inline style");
  return wrong;
}"""


def accessibility_faults(page: Page) -> list[str]:
    """Return what axe-core finds against WCAG 2.2 A and AA, and its best practices."""
    found = Axe().run(page).response["violations"]
    return [f"{fault['id']}: {node['html'][:200]}" for fault in found for node in fault["nodes"]]


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "dark"), pytest.param(375, "light", marks=pytest.mark.thorough)]
)
def test_every_page_fits_is_labelled_and_accessible(
    open_page: PageMaker,
    ana: str,
    two_catalogs: list[str],
    tmp_path: Path,
    width: int,
    scheme: str,
) -> None:
    page = open_page(ana, width=width, scheme=scheme)
    begin_draft(page, f"Looked at {width}")
    send_file(page, write_catalog(SURVEYS[0], tmp_path, seed=1))
    draft = page.url.rsplit("/", 1)[0]
    query = "&".join(f"catalog={name}" for name in two_catalogs)
    pages = [
        "/product/new",
        *(f"{draft}/{step}" for step in ("basics", "files", "columns", "confirm", "discard")),
        "/pipelines",
        f"{COMBINE}?{query}&display_name=Seen#advanced",
        "/pipelines/training-set-maker",
        "/jobs",
        "/",
        "/products?q=shared&has=z",
        "/products?q=nothing+of+the+kind",
        "/products?tab=drafts",
        "/bundles",
        f"/product/{two_catalogs[0]}",
        f"/product/{two_catalogs[0]}/data?where=Z+%3E+0&sort=-Z&row=3&pin=Z",
        f"/product/{two_catalogs[0]}/data/columns",
        f"/product/{two_catalogs[0]}/data/condition",
        f"/product/{two_catalogs[0]}/data/save",
        f"/product/{two_catalogs[0]}/columns",
        f"/product/{two_catalogs[0]}/plots",
        f"/product/{two_catalogs[0]}/samp",
        f"/compare?products={','.join(two_catalogs[:2])}",
        f"/compare/common?left={two_catalogs[0]}&right={two_catalogs[1]}",
        "/compare",
        f"/product/{two_catalogs[0]}/samp",
        f"/product/{two_catalogs[0]}/edit",
        f"/product/{two_catalogs[0]}/delete",
        "/account/tokens",
        *(f"/account{page}" for page in ("", "/activity", "/password", "/sign-out-everywhere")),
        "/notices",
        "/jobs?state=failed&q=nothing",
        "/about",
        "/contact",
        "/documentation",
    ]
    for address in pages:
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert (address, page.evaluate(CHECK_PAGE)) == (address, [])
        assert (address, accessibility_faults(page)) == (address, [])
    page.goto(f"{draft}/discard")
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("was discarded")).to_be_visible()


def test_the_picker_keeps_the_choice_across_searches(
    open_page: PageMaker, ana: str, two_catalogs: list[str]
) -> None:
    page = open_page(ana)
    page.goto(COMBINE)
    choose_catalogs(page, two_catalogs)
    page.get_by_role("searchbox", name="Search catalogs").fill("no such catalog")
    expect(page.locator("#picker-rows tbody tr")).to_have_count(2)
    expect(page.get_by_text("Selected: 2")).to_be_visible()
    expect(page.locator("#preflight").get_by_text("Ready")).to_be_visible()


def test_a_choice_of_meaning_is_saved_at_once(
    open_page: PageMaker, ana: str, tmp_path: Path
) -> None:
    page = open_page(ana)
    begin_draft(page, "Saved at once")
    send_file(page, write_catalog(SURVEYS[0], tmp_path, seed=1))
    page.get_by_role("link", name="Next: columns").click()
    page.get_by_label("Meaning of DELTA").select_option("ra")
    expect(page.get_by_text("2 of 3 missing")).to_be_visible()
    page.get_by_role("button", name="Accept z for Z", exact=True).click()
    expect(page.get_by_text("1 of 3 missing")).to_be_visible()
    page.get_by_label("Meaning of ALPHA").select_option("own")
    page.get_by_label("Own label of ALPHA").fill("my alpha")
    with page.expect_response(lambda response: response.request.method == "POST") as saved:
        page.get_by_label("Own label of ALPHA").press("Tab")
    assert saved.value.ok
    expect(page.get_by_text("your label, no UCD")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Meaning of DELTA")).to_have_value("ra")
    expect(page.get_by_label("Own label of ALPHA")).to_have_value("my alpha")
    expect(page.get_by_text("No column means Dec yet.")).to_be_visible()


def test_a_refused_file_keeps_the_draft_and_is_replaced(
    open_page: PageMaker, ana: str, tmp_path: Path
) -> None:
    page = open_page(ana)
    begin_draft(page, "Mended later")
    broken = tmp_path / "broken.csv"
    broken.write_text("ra,dec,z\n1,2,3\n4,5\n")
    page.locator("#id_file").set_input_files(broken)
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_text("broken.csv cannot be used")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("row 2 has 2 values where 3 are expected")).to_be_visible()
    page.goto("/product/new")
    page.get_by_role("link", name="Mended later", exact=True).click()
    send_file(page, write_catalog(SURVEYS[0], tmp_path, seed=1))
    expect(page.get_by_text("broken.csv")).to_have_count(0)


def test_files_over_the_limit_are_not_even_sent(
    open_page: PageMaker, ana: str, tmp_path: Path
) -> None:
    page = open_page(ana)
    begin_draft(page, "Too large")
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(200_000_001)
    page.locator("#id_file").set_input_files(large)
    expect(page.get_by_text("large.csv has 200 MB; the limit is 200 MB.")).to_be_visible()


def test_files_are_dropped_and_get_their_roles(open_page: PageMaker, ana: str) -> None:
    page = open_page(ana)
    begin_draft(page, "Dropped")
    page.evaluate("""() => {
        const data = new DataTransfer();
        data.items.add(new File(["ra,dec,z\\n1,2,3\\n"], "data.csv"));
        data.items.add(new File(["# Words"], "words.md"));
        const drop = new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true});
        document.getElementById("drop").dispatchEvent(drop);
    }""")
    expect(page.get_by_label("What data.csv is")).to_have_value("0")
    expect(page.get_by_label("What words.md is")).to_have_value("1")
    page.get_by_role("button", name="Upload", exact=True).click()
    expect(page.get_by_text("Table read")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("words.md", exact=True)).to_be_visible()


def test_all_goes_without_script(
    open_page: PageMaker, ana: str, two_catalogs: list[str], tmp_path: Path
) -> None:
    page = open_page(ana, script=False)
    begin_draft(page, "Without script")
    page.locator("#id_file").set_input_files(write_catalog(SURVEYS[2], tmp_path, seed=5))
    page.get_by_role("button", name="Upload", exact=True).click()
    for _ in range(60):
        if page.get_by_text("Table read").count():
            break
        page.wait_for_timeout(500)
        page.get_by_role("link", name="Look again").click()
    page.get_by_role("link", name="Next: columns").click()
    page.get_by_role("button", name="Accept all").click()
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Publish").click()
    page.wait_for_url("**/product/*")
    third = page.url.rsplit("/", 1)[-1]
    page.goto(COMBINE)
    page.get_by_label("Name of the combined catalog").fill("By forms alone")
    for name in (*two_catalogs, third):
        page.get_by_role("searchbox", name="Search catalogs").fill(name)
        page.locator("#picker").get_by_role("button", name="Search").click()
        page.locator(f"input[name='catalog'][value='{name}']").check()
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#preflight").get_by_text("Ready")).to_be_visible()
    page.locator("#preflight").get_by_role("button", name="Run").click()
    page.wait_for_url("**/jobs/*")
    for _ in range(120):
        if page.get_by_role("link", name="Open the result").count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.get_by_text("By forms alone").first).to_be_visible()
    expect(page.get_by_role("link", name="Open the result")).to_be_visible()


def test_a_combination_is_started_by_keyboard_alone(
    open_page: PageMaker, ana: str, two_catalogs: list[str]
) -> None:
    page = open_page(ana)
    page.goto(COMBINE)
    tab_to(page, "id_display_name")
    page.keyboard.type("By keyboard")
    for name in two_catalogs:
        tab_to(page, "picker-q", backwards=name != two_catalogs[0])
        page.keyboard.press("Control+A")
        page.keyboard.type(name)
        box = page.locator(f"input[name='catalog'][value='{name}']")
        expect(box).to_be_visible()
        tab_to(page, box.get_attribute("id") or "")
        page.keyboard.press("Space")
        expect(box).to_be_checked()
    expect(page.locator("#preflight").get_by_text("Ready")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    tab_to(page, "id_display_name", backwards=True)
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs/*")
    watch_to_the_end(page)


def tab_to(page: Page, element_id: str, *, backwards: bool = False) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(80):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        if page.evaluate("document.activeElement.id") == element_id:
            return
    raise AssertionError(f"the keyboard does not reach {element_id}")
