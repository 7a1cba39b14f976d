"""Parity with the site that users know, line by line: coming in, finding, looking, fetching.

The number before each docstring is the line's in the checklist of the specification;
``tests/house/test_parity.py`` counts them. Thorough are those whose promises tests without a
browser keep too.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from playwright.sync_api import Page, expect

from contract.wire import CSV
from e2e.conftest import Complaints
from e2e.parity.conftest import TEAM, Visit
from e2e.parity.stage import Item, Person, forgive
from hub import Hub

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
N_SHELF = 27
FUNDERS = ["INCT", "CAPES", "CNPq", "FAPERJ", "FINEP"]
#: Would say that a script ran.
DOCUMENT = b"""<h1>Notes of the survey</h1><p id="p">Written by hand.</p>
<script>document.getElementById("p").textContent = "A script ran.";</script>"""


# -- the frame -------------------------------------------------------------------------------------


def test_a_visitor_signs_in_comes_to_the_page_asked_for_and_signs_out(
    visit: Visit, hub: Hub, raul: Person, catalog: Item
) -> None:
    """12.1: local sign-in, return to the requested page, sign-out."""
    page = visit(None, f"{catalog.path}#files")
    page.wait_for_url(re.compile(r"/login\?next="))
    page.get_by_label("User name").fill(raul.name)
    page.get_by_label("Password", exact=True).fill(hub.password)
    page.get_by_label("Password", exact=True).press("Enter")
    page.wait_for_url(f"**{catalog.path}*")
    expect(page.get_by_role("heading", level=1)).to_have_text(catalog.title)

    page.get_by_label(f"Account: {raul.name}").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{hub.address}/")
    expect(page.get_by_role("main").get_by_role("link", name="Sign in")).to_be_visible()
    page.goto(catalog.path)
    page.wait_for_url(re.compile(r"/login\?next="))


def test_a_test_instance_says_on_every_page_that_it_is_one(visit: Visit, raul: Person) -> None:
    """12.2: banner on an instance that is not for production."""
    page = visit(raul, "/products")
    banner = page.get_by_role("complementary", name="About this instance")
    expect(banner).to_contain_text("Test instance")
    expect(banner).to_contain_text("Do not use or cite data from here.")
    page.goto("/pipelines")
    expect(banner).to_be_visible()


def test_the_start_page_leads_to_the_three_entries(visit: Visit, hub: Hub, raul: Person) -> None:
    """12.3: the landing page reaches official products, users' products and pipelines."""
    page = visit(raul, "/")
    for entry, address in {
        "Official products": "/products?tab=official",
        "User-generated products": "/products",
        "Pipelines": "/pipelines",
    }.items():
        page.locator("a.entry", has_text=entry).click()
        page.wait_for_url(f"{hub.address}{address}")
        page.go_back()


def test_everybody_reads_the_pages_of_text(visit: Visit) -> None:
    """12.26: about, contact, documentation, credits and funders, for visitors too."""
    page = visit(None, "/")
    for link, heading, words in (
        ("About", "About the Photo-z Server", ["LSST data rights"]),
        ("Contact", "Contact", ["When you report a problem"]),
        ("API and Python library", "Documentation", ["pip install pzserver"]),
        ("Credits and funders", "About the Photo-z Server", ["LIneA", *FUNDERS]),
    ):
        page.get_by_role("navigation", name="Footer").get_by_role("link", name=link).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        for word in words:
            expect(page.get_by_role("main").get_by_text(word).first).to_be_visible()


def test_a_dark_theme_is_chosen_and_kept(visit: Visit, raul: Person) -> None:
    """12.27: dark mode."""
    page = visit(raul, "/about")
    body, colour = page.locator("body"), "getComputedStyle(document.body).backgroundColor"

    def choose(theme: str) -> None:
        page.get_by_label("Theme").click()
        with page.expect_response("**/settings/theme"):
            page.get_by_role("button", name=theme).click()

    light = page.evaluate(colour)
    choose("Dark")
    dark = page.evaluate(colour)
    assert all(int(part) < 60 for part in re.findall(r"\d+", dark)), dark
    assert all(int(part) > 200 for part in re.findall(r"\d+", light)), light
    page.goto("/contact")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(body).to_have_css("background-color", dark)

    choose("As the system")
    expect(body).to_have_css("background-color", light)
    page.emulate_media(color_scheme="dark")
    expect(body).to_have_css("background-color", dark)


# -- the list --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shelf(hub: Hub, carl: Person, vera: Person) -> Iterator[list[Item]]:
    """Return 27 published products: two of a release, three estimates; taken away in the end."""
    hub.create_release("parity_open")
    release = carl.wire.results("releases/?name=parity_open")[0]["id"]
    items = [
        vera.tell(
            f"Shelf {number:02}",
            "photoz_estimates" if number in (3, 4, 5) else "other",
            release=release if number in (1, 2) else None,
        )
        for number in range(1, N_SHELF + 1)
    ]
    yield items
    for item in items:
        vera.wire.send("DELETE", f"products/{item.key}/")


def expect_found(page: Page, number: int) -> None:
    found = page.locator("#listing").get_by_role("status").filter(has_text=f"{number} of")
    expect(found).to_be_visible()


def narrow(page: Page, facet: str, choice: str, *, left: int) -> None:
    """Tick a choice of a facet, see what is left, and take the choice away again."""
    part = page.locator("details.facet").filter(has=page.locator("summary", has_text=facet))
    if part.get_attribute("open") is None:
        part.locator("summary").click()
    box = part.locator("label").filter(has_text=choice).get_by_role("checkbox")
    box.check()
    expect_found(page, left)
    box.uncheck()
    expect_found(page, N_SHELF)


@pytest.mark.thorough
def test_the_list_is_narrowed_sorted_and_paged(
    visit: Visit, raul: Person, shelf: list[Item]
) -> None:
    """12.4: filters by release, type and text; order by name and date; 25, 50, 100 rows."""
    page = visit(raul, "/products")
    page.get_by_role("searchbox", name="Search in this list").fill("shelf")
    expect_found(page, N_SHELF)
    names = page.locator("#selection a.name")
    expect(names.first).to_have_text(f"Shelf {N_SHELF}")  # the newest first
    narrow(page, "Release", "parity_open", left=2)
    narrow(page, "Type", "Photo-z Estimates", left=3)
    narrow(page, "Release", "No release", left=25)

    sorts = (
        ("Name", "Shelf 01"),
        ("Created", "Shelf 27"),
        ("Name", "Shelf 01"),
        ("Name", "Shelf 27"),
    )
    for header, first in sorts:
        page.get_by_role("columnheader", name=header).get_by_role("link").click()
        expect(names.first).to_have_text(first)
    page.get_by_label("Sort", exact=True).select_option("Oldest first")
    expect(names.first).to_have_text("Shelf 01")

    page.get_by_role("link", name="Next page").click()
    expect(names).to_have_text(["Shelf 26", "Shelf 27"])
    for size in ("50", "100", "25"):
        page.get_by_role("navigation", name="Rows per page").get_by_role("link", name=size).click()
        page.wait_for_url(lambda url, size=size: f"size={size}" in url or size == "25")
        expect(names).to_have_count(min(int(size), N_SHELF))


def menu_of(page: Page, item: Item) -> list[str]:
    """Open what can be done with a product; return it, with the reasons of what cannot."""
    page.get_by_label(f"Actions for {item.title}").click()
    menu = page.locator(f"#product-{item.key} .dropdown-menu")
    expect(menu).to_be_visible()
    return [re.sub(r"\s+", " ", text) for text in menu.locator(".dropdown-item").all_inner_texts()]


@pytest.mark.thorough
def test_rows_offer_what_may_be_done_and_say_why_the_rest_may_not(
    visit: Visit, vera: Person, raul: Person, catalog: Item
) -> None:
    """12.5: row actions follow published, can_update and can_delete, with explanations."""
    search = "/products?q=parity+first"
    own = visit(vera, search)
    assert [line.split()[0] for line in menu_of(own, catalog)] == [
        "Download", "Share", "Edit", "Delete",
    ]  # fmt: skip
    expect(own.locator(".dropdown-item.is-off:visible")).to_have_count(0)
    own.get_by_role("link", name="Edit", exact=True).click()
    own.wait_for_url(f"**{catalog.path}/edit")

    other = visit(raul, search)
    assert menu_of(other, catalog)[2:] == [
        "Edit belongs to vera-owns", "Delete belongs to vera-owns",
    ]  # fmt: skip
    expect(other.locator(".dropdown-item.is-off:visible")).to_have_count(2)
    other.get_by_role("link", name="Share").click()
    expect(other.get_by_role("dialog", name="Share")).to_be_visible()

    draft = vera.begin("Parity draft of a row", "other")
    own.goto("/products?tab=drafts&q=parity+draft")
    assert "Download when it is published" in menu_of(own, draft)
    assert vera.wire.send("DELETE", f"products/{draft.key}/").status_code == 204


def test_a_product_of_a_release_is_there_for_its_groups_only(
    visit: Visit, hub: Hub, carl: Person, mila: Person, raul: Person, complaints: Complaints
) -> None:
    """12.28: release-based access, as two users see it."""
    hub.create_release("parity_closed", groups=[TEAM])
    release = carl.wire.results("releases/?name=parity_closed")[0]["id"]
    item = carl.tell("Parity of the team", "photoz_estimates", release=release)

    inside = visit(mila, "/products?q=parity+team&release=parity_closed")
    inside.get_by_role("link", name=item.title, exact=True).click()
    expect(inside.get_by_role("heading", level=1)).to_have_text(item.title)
    expect(inside.get_by_role("definition").filter(has_text="parity_closed")).to_be_visible()

    outside = visit(raul, "/products?q=parity+team")
    expect(outside.get_by_role("heading", name="Nothing matches this condition")).to_be_visible()
    expect(outside.locator("#narrow").get_by_text("parity_closed")).to_have_count(0)
    assert outside.goto(item.path).status in (403, 404)  # type: ignore[union-attr]
    expect(outside.get_by_text(item.title)).to_have_count(0)
    outside.goto("/product/new")
    expect(outside.get_by_label("Release").get_by_role("option")).not_to_contain_text(
        ["parity_closed"]
    )
    forgive(complaints, "status of 40")


# -- a product -------------------------------------------------------------------------------------


def test_a_product_has_one_page_for_its_name_and_its_number(
    visit: Visit, hub: Hub, raul: Person, catalog: Item, complaints: Complaints
) -> None:
    """12.6: details by internal name and by numeric id."""
    page = visit(raul, f"/product/{catalog.key}")
    assert page.url == f"{hub.address}{catalog.path}"
    expect(page.get_by_role("heading", level=1)).to_have_text(catalog.title)
    assert page.goto("/product/no_such_product").status == 404  # type: ignore[union-attr]
    expect(page.get_by_role("main")).to_contain_text("no_such_product")
    forgive(complaints, "status of 404")


def test_an_official_product_shows_its_chip_and_others_say_that_they_are_not(
    visit: Visit, carl: Person, raul: Person, catalog: Item
) -> None:
    """12.7: official chip."""
    item = carl.tell("Parity of the observatory", "photoz_estimates", official_product=True)
    page = visit(raul, "/products?tab=official&q=parity")
    row = page.locator(f"#product-{item.key}")
    expect(row.get_by_text("Official", exact=True)).to_be_visible()
    expect(page.locator(f"#product-{catalog.key}")).to_have_count(0)
    page.goto(item.path)
    expect(page.locator(".product-head .tag-official")).to_have_text("Official")
    page.goto(catalog.path)
    expect(page.locator(".tag-official")).to_have_count(0)
    expect(page.get_by_text("User-generated, not validated by Rubin")).to_be_visible()


def test_a_description_is_markdown_with_tables_and_links_in_new_tabs(
    visit: Visit, raul: Person, catalog: Item
) -> None:
    """12.8: Markdown description, GFM tables, links in new tabs; HTML in it is only text."""
    page = visit(raul, catalog.path)
    prose = page.locator("#overview .prose")
    expect(prose.get_by_role("heading", name="Selection")).to_be_visible()
    expect(prose.get_by_role("row")).to_have_text(
        [re.compile(r"survey\s+rows"), re.compile(r"VVDS\s+25")]
    )
    expect(prose).to_contain_text("<b>not bold</b>")
    with page.context.expect_page() as opened:
        prose.get_by_role("link", name="the table").evaluate(
            "(link) => { link.href = '/about'; link.click(); }"  # no test leaves this machine
        )
    opened.value.close()
    for link in prose.get_by_role("link").all():
        assert link.get_attribute("target") == "_blank"
        assert link.get_attribute("rel") == "noopener noreferrer"


def test_a_description_in_html_is_shown_where_its_scripts_reach_nothing(
    visit: Visit, vera: Person, raul: Person, complaints: Complaints
) -> None:
    """12.11: HTML description displayed."""
    item = vera.tell("Parity documented")
    sent = vera.wire.send_file(item.key, "notes.html", DOCUMENT, role="1")
    assert sent.status_code == 201, sent.text
    page = visit(raul, f"{item.path}#documents")
    frame = page.frame_locator("iframe[title='Document notes.html']")
    expect(frame.get_by_role("heading", name="Notes of the survey")).to_be_visible()
    expect(frame.get_by_text("Written by hand.")).to_be_visible()
    forgive(complaints, "Blocked script execution")


def send_by_form(page: Page, draft: Item, name: str, text: str) -> None:
    """Send a main file as the wizard does without script; the server goes on by itself."""
    file: Any = {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    (token,) = (
        kept["value"] for kept in page.context.cookies() if kept["name"] == "pzserver.csrftoken"
    )
    sent = page.request.post(
        f"/upload/{draft.key}/files",
        multipart={"role": "0", "file": file},
        headers={"X-CSRFToken": token},
        max_redirects=0,
    )
    assert sent.status == 302, sent.text()


def test_first_rows_come_by_themselves_once_the_server_has_read_the_table(
    visit: Visit, vera: Person, catalog: Item
) -> None:
    """12.12: first rows, prepared in the background."""
    draft = vera.begin("Parity still being read", "redshift_catalog")
    page = visit(vera, "/about")
    rows = CSV + "".join(f"{n},{10 + n / 9e5},-30,0.5,3,VVDS\n" for n in range(100, 60_000))
    send_by_form(page, draft, "large.csv", rows)
    page.goto(f"{draft.path}#data")
    expect(page.get_by_text("The server is reading the table.")).to_be_visible()
    table = page.get_by_role("region", name="First rows").get_by_role("row")
    expect(table.nth(1)).to_be_visible(timeout=60_000)
    expect(table.nth(1).get_by_role("cell")).to_have_text(
        ["0", re.compile("10"), re.compile("30"), re.compile("0.01"), "3", "VVDS"]
    )
    assert vera.wire.send("DELETE", f"products/{draft.key}/").status_code == 204


def fetch(page: Page, item: Item) -> dict[str, str]:
    """Press "Download" on a product's page; return the files of the .zip."""
    page.goto(item.path)
    with page.expect_download(timeout=60_000) as waiting:
        page.locator("#download-product").get_by_role("button", name="Download").click()
    with zipfile.ZipFile(waiting.value.path()) as packed:
        return {name: packed.read(name).decode() for name in packed.namelist()}


@pytest.mark.thorough
def test_a_zip_holds_files_and_metadata_and_is_made_anew_only_after_a_change(
    visit: Visit, raul: Person, vera: Person, second: Item
) -> None:
    """12.13: download as .zip with metadata in YAML, reused while nothing changes."""
    page = visit(raul, "/about")

    def identity() -> dict[str, Any]:
        archive = raul.wire.read(f"products/{second.key}/download/status/")
        return {key: archive[key] for key in ("id", "created_at")}

    files = fetch(page, second)
    assert set(files) == {"product_metadata.yaml", "cat.csv"}
    assert files["cat.csv"] == CSV
    assert yaml.safe_load(files["product_metadata.yaml"])["internal_name"] == second.name
    made = identity()
    assert fetch(page, second) == files
    assert identity() == made

    vera.change(second, description="Now described.")
    described = fetch(page, second)
    assert yaml.safe_load(described["product_metadata.yaml"])["description"] == "Now described."
    assert identity()["id"] != made["id"]


def test_the_address_of_a_product_is_copied_and_opens_it_for_others(
    visit: Visit, hub: Hub, raul: Person, vera: Person, catalog: Item
) -> None:
    """12.14: share by copying the address."""
    page = visit(vera, catalog.path)
    page.get_by_role("link", name="Share").click()
    dialog = page.get_by_role("dialog", name="Share")
    dialog.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_text("Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{hub.address}{catalog.path}"
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    other = visit(raul, copied)
    expect(other.get_by_role("heading", level=1)).to_have_text(catalog.title)


@pytest.mark.thorough
def test_addresses_in_papers_and_of_the_old_site_keep_working(
    visit: Visit, hub: Hub, vera: Person, raul: Person
) -> None:
    """12.30: the address of a product is permanent, whatever it is called later."""
    item = vera.tell("Parity before")
    vera.change(item, display_name="Parity after")
    page = visit(raul, item.path)
    assert page.url == f"{hub.address}{item.path}"
    expect(page.get_by_role("heading", level=1)).to_have_text("Parity after")
    expect(page.get_by_text(item.name, exact=True).first).to_be_visible()
    for old, new in {
        "/user_products": "/products",
        "/oficial_products": "/products?tab=official",
        "/pz_pipelines": "/pipelines",
        "/specz_catalogs": "/pipelines/combine-redshift-catalogs",
        "/training_set_maker": "/pipelines/training-set-maker",
    }.items():
        page.goto(old)
        assert page.url == f"{hub.address}{new}"
