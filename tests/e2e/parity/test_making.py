"""Parity with the site that users know, line by line: uploading, running, changing, deleting.

The number before each docstring is the line's in the checklist of the specification;
``tests/house/test_parity.py`` counts them. Thorough are those whose promises tests without a
browser keep too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from contract.wire import CSV
from e2e.conftest import Complaints
from e2e.parity.conftest import Visit
from e2e.parity.stage import Item, Person, forgive
from e2e.story import begin_draft
from hub import Hub
from release_catalogs import write_flux_catalog, write_magnitude_catalog

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e")]
COMBINE = "/pipelines/combine-redshift-catalogs"
TRAIN = "/pipelines/training-set-maker"


# -- the wizard ------------------------------------------------------------------------------------


def test_the_wizard_asks_by_four_steps_for_what_each_type_has(
    visit: Visit, raul: Person, complaints: Complaints
) -> None:
    """12.16: four steps; which fields and files a type has."""
    page = visit(raul, "/product/new")
    expect(page.get_by_role("list", name="Upload steps").get_by_role("listitem")).to_contain_text(
        ["Basic information", "Files", "Columns", "Review and publish"]
    )
    fields = ("Release", "Photo-z code", "Where the data are")
    offered = {}
    for choice in page.locator("label.choice").all():
        choice.get_by_role("radio").check()
        kind = choice.locator(".fw-medium").inner_text()
        offered[kind] = [name for name in fields if page.get_by_label(name).is_visible()]
    assert offered == {
        "Reference Redshift Catalog": [],
        "Training Set": ["Release"],
        "Training Results": ["Release", "Where the data are"],
        "Validation Results": ["Release", "Photo-z code", "Where the data are"],
        "Photo-z Estimates": ["Release", "Photo-z code", "Where the data are"],
        "Objects Catalog": ["Release", "Photo-z code"],
        "Other": ["Release", "Photo-z code", "Where the data are"],
    }
    page.get_by_role("button", name="Next: files").click()
    expect(page.get_by_text("Give the product a name.")).to_be_visible()
    forgive(complaints, "status of 400")

    begin_draft(page, "Parity four steps", "Training Set")
    expect(page.get_by_role("button", name="Next")).to_be_disabled()
    expect(page.get_by_text("There is no main file yet.")).to_be_visible()
    page.get_by_role("link", name="Basic information").first.click()
    expect(page.get_by_label("Product name")).to_have_value("Parity four steps")
    expect(page.get_by_role("radio")).to_have_count(0)  # the type is for good
    expect(page.get_by_label("Photo-z code")).to_have_count(0)


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("redshift_catalog", "Dec RA z"),
        pytest.param("training_set", "z", marks=pytest.mark.thorough),
        pytest.param("object_catalog", "Dec RA", marks=pytest.mark.thorough),
    ],
)
def test_what_a_type_must_have_is_asked_by_the_page_and_by_the_server(
    visit: Visit, vera: Person, kind: str, missing: str, complaints: Complaints
) -> None:
    """12.17: mandatory meanings of each type, enforced by page and server."""
    draft = vera.begin(f"Parity lacks {missing}", kind)
    assert vera.wire.send_file(draft.key, "cat.csv", CSV.encode()).status_code == 201
    vera.wire.read(f"products/{draft.key}/registry/")
    page = visit(vera, f"/upload/{draft.key}/columns")
    n = len(missing.split())
    expect(page.get_by_text(f"{n} of {n} missing")).to_be_visible()
    page.goto(f"/upload/{draft.key}/confirm")
    expect(page.get_by_role("button", name="Publish")).to_be_disabled()
    page.evaluate("document.getElementById('publish').requestSubmit()")  # all the same
    refusal = page.get_by_role("alert").filter(has_text="Not published")
    for alias in missing.split():
        expect(refusal).to_contain_text(alias)
    forgive(complaints, "status of 409")
    assert vera.wire.read(f"products/{draft.key}/")["product_status"] == "Registering"
    assert vera.wire.send("DELETE", f"products/{draft.key}/").status_code == 204


@pytest.mark.thorough
def test_drafts_are_gone_on_with_where_they_stopped_or_discarded(
    visit: Visit, raul: Person
) -> None:
    """12.19: resume and discard a pending product."""
    kept, dropped = (
        raul.begin(f"Parity {word}", "redshift_catalog") for word in ("kept", "dropped")
    )
    page = visit(raul, "/product/new")
    drafts = page.get_by_role("complementary", name="Continue a draft")
    drafts.get_by_role("link", name=kept.title, exact=True).click()
    page.wait_for_url(f"**/upload/{kept.key}/files")
    page.goto("/product/new")
    drafts.get_by_role("link", name=dropped.title, exact=True).click()
    page.get_by_role("link", name="Discard draft").click()
    dialog = page.get_by_role("dialog", name=f"Discard the draft “{dropped.title}”?")
    dialog.get_by_role("button", name="Discard").click()
    expect(page.get_by_text(f"The draft {dropped.title} was discarded.")).to_be_visible()
    page.goto("/product/new")
    expect(drafts.get_by_text(kept.title).first).to_be_visible()
    expect(drafts.get_by_text(dropped.title)).to_have_count(0)
    assert raul.wire.read(f"products/{dropped.key}/")["status"] == 2
    raul.wire.send("DELETE", f"products/{kept.key}/")


@pytest.mark.thorough
def test_only_administrators_are_offered_the_official_mark_and_only_theirs_is_taken(
    visit: Visit, carl: Person, raul: Person
) -> None:
    """12.20: admin-only official flag."""
    page = visit(carl, "/product/new")
    page.get_by_label("Official product").check()
    page.get_by_label("Product name").fill("Parity made official")
    page.get_by_role("radio", name="Other").check()
    page.get_by_role("button", name="Next: files").click()
    page.wait_for_url("**/upload/*/files")
    made = page.url.split("/")[-2]
    assert carl.wire.read(f"products/{made}/")["official_product"] is True
    carl.wire.send("DELETE", f"products/{made}/")

    page = visit(raul, "/product/new")
    expect(page.get_by_label("Official product")).to_have_count(0)
    page.get_by_label("Product name").fill("Parity pretends")
    page.get_by_role("radio", name="Other").check()
    page.evaluate("""() => {
        const mark = Object.assign(document.createElement("input"),
                                   {type: "hidden", name: "official_product", value: "on"});
        document.getElementById("basics").append(mark);
    }""")
    page.get_by_role("button", name="Next: files").click()
    page.wait_for_url("**/upload/*/files")
    made = page.url.split("/")[-2]
    assert raul.wire.read(f"products/{made}/")["official_product"] is False
    raul.wire.send("DELETE", f"products/{made}/")


# -- pipelines -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def combined(vera: Person, catalog: Item, second: Item) -> Item:
    """Return what Combine Redshift Catalogs made of two catalogs."""
    (pipeline,) = vera.wire.results("pipelines/?name=combine_redshift_dedup")
    config = {"param": {"z_flag_homogenized_value_to_cut": 1.0}, "output_format": "csv"}
    sent = {
        "display_name": "Parity combined",
        "used_config": json.dumps(config),
        "pipeline": pipeline["id"],
        "inputs": [catalog.key, second.key],
    }
    answer = vera.wire.send("POST", "processes/", json=sent)
    assert answer.status_code == 201, answer.text
    run: dict[str, Any] = vera.wire.ended(answer.json()["id"])
    assert run["status"] == "Successful", run
    return vera.find(run["upload"])


def panel_of(page: Page, heading: str) -> Locator:
    return page.locator("#provenance .panel").filter(has=page.get_by_role("heading", name=heading))


@pytest.mark.thorough
def test_the_sources_of_a_product_are_listed_and_lead_to_their_pages(
    visit: Visit, raul: Person, combined: Item, catalog: Item, second: Item
) -> None:
    """12.9: sources listed and linked."""
    page = visit(raul, f"{combined.path}#provenance")
    sources = panel_of(page, "Made from")
    for item in (catalog, second):
        expect(sources.get_by_role("link", name=item.title)).to_be_visible()
    expect(sources).to_contain_text("Combine Redshift Catalogs")
    sources.get_by_role("link", name=second.title).click()
    page.wait_for_url(f"**{second.path}")
    expect(panel_of(page, "Used by")).to_contain_text(combined.title)


@pytest.mark.thorough
def test_a_product_shows_the_configuration_and_the_flag_translation_of_its_run(
    visit: Visit, raul: Person, combined: Item
) -> None:
    """12.10: configuration and flag translation of what a pipeline made."""
    page = visit(raul, combined.path)
    page.locator("#provenance").scroll_into_view_if_needed()
    page.get_by_role("heading", name="Configuration", exact=True).click(timeout=20_000)
    shown = page.locator("pre[aria-label='Configuration']")
    expect(shown).to_be_visible()
    assert json.loads(shown.inner_text())["param"]["z_flag_homogenized_value_to_cut"] == 1.0
    page.get_by_role("heading", name="Flag translation", exact=True).click()
    expect(page.locator("pre[aria-label='Flag translation']")).to_contain_text("VVDS")


@pytest.mark.thorough
def test_the_form_of_combinations_has_six_inputs_and_wants_two_catalogs(
    visit: Visit, vera: Person, catalog: Item, complaints: Complaints
) -> None:
    """12.21: all six inputs, at least two catalogs, nothing typed is lost."""
    page = visit(vera, COMBINE)
    page.get_by_role("textbox", name="Description").fill("Kept as it was typed.")
    page.get_by_role("searchbox", name="Search catalogs").fill("parity first")
    page.get_by_label(f"Select {catalog.title}").check()
    page.locator("input[name='z_flag_homogenized_value_to_cut'][value='2']").check(force=True)
    page.get_by_role("radio", name="Yes, and remove duplicates").check()
    page.get_by_label("Format").select_option("fits")
    assert page.locator("input[name='z_flag_homogenized_value_to_cut']").count() == 5
    assert page.get_by_label("Format").locator("option:not([disabled])").all_inner_texts()
    assert page.locator("input[name='combine_type']").count() == 3
    page.locator("#preflight").get_by_role("button", name="Run").click()

    expect(page.get_by_text("Choose at least 2 catalogs; 1 chosen.")).to_be_visible()
    name = page.get_by_label("Name of the combined catalog")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("textbox", name="Description")).to_have_value("Kept as it was typed.")
    expect(page.get_by_label(f"Select {catalog.title}")).to_be_checked()
    expect(page.locator("input[value='2'][type='radio']")).to_be_checked()
    expect(page.get_by_role("radio", name="Yes, and remove duplicates")).to_be_checked()
    expect(page.get_by_label("Format")).to_have_value("fits")
    forgive(complaints, "status of 400")


@pytest.fixture(scope="module")
def releases(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Return a release of fluxes and one of magnitudes, each with the objects that it has."""
    folder = tmp_path_factory.mktemp("parity-objects")
    write_flux_catalog(folder / "fluxes")
    write_magnitude_catalog(folder / "magnitudes")
    hub.register_release("parity_fluxes", folder / "fluxes")
    hub.register_release("parity_magnitudes", folder / "magnitudes")
    return "parity_fluxes", "parity_magnitudes"


def test_a_release_decides_which_photometry_can_be_chosen(
    visit: Visit, vera: Person, releases: tuple[str, str]
) -> None:
    """12.22: flux types, dereddening and magnitudes by release; the format of the redshifts."""
    fluxes, magnitudes = releases
    page = visit(vera, f"{TRAIN}?release={fluxes}")
    converts = page.get_by_label("Convert fluxes into magnitudes")
    types = page.get_by_label("Flux type").locator("option")
    expect(converts).to_be_enabled()
    expect(types).to_contain_text(["cModel", "gaap1p0"])
    page.get_by_label("Objects catalog").select_option(magnitudes)
    expect(page.get_by_text("This release has magnitudes only.")).to_be_visible()
    expect(converts).to_be_disabled()
    expect(converts).to_be_checked()
    expect(types.filter(has_text="gaap1p0")).to_have_count(0)
    page.get_by_label("Objects catalog").select_option(fluxes)
    expect(converts).to_be_enabled()
    expect(page.get_by_label("Format").locator("option:checked")).to_have_text(
        "Same as the redshift catalog"
    )


# -- what is one's own -----------------------------------------------------------------------------


@pytest.mark.thorough
def test_the_owner_changes_the_words_and_the_files_beside_the_main_one(
    visit: Visit, vera: Person, second: Item, tmp_path: Path, complaints: Complaints
) -> None:
    """12.15: edit the description; add and remove files; names once; the main file stays."""
    page = visit(vera, f"{second.path}/edit")
    page.get_by_role("textbox", name="Description").fill("**Edited** in the browser.")
    page.get_by_role("form", name="Name and description").get_by_role("button").click()
    page.wait_for_url(f"**{second.path}")
    expect(page.locator("#overview .prose strong")).to_have_text("Edited")

    notes = tmp_path / "notes.txt"
    notes.write_text("About the catalog.")
    page.goto(f"{second.path}/edit")
    files = page.locator("#files")
    names = files.locator(".worklist .mono")
    for said in ("notes.txt is added.", "already has a file named notes.txt"):
        files.get_by_label("Add an auxiliary file").set_input_files(notes)
        files.get_by_role("button", name="Upload").click()
        expect(page.get_by_text(said)).to_be_visible()
        expect(names.filter(has_text="notes.txt")).to_have_count(1)
    main = files.get_by_role("listitem").filter(has_text="cat.csv")
    expect(main).to_contain_text("fixed; publish a new product to change it")
    expect(main.get_by_role("link")).to_have_count(0)
    (key,) = (
        each["id"]
        for each in vera.wire.results(f"product-files/?product_id={second.key}")
        if each["name"] == "cat.csv"
    )
    assert page.goto(f"{second.path}/files/{key}/remove").status == 404  # type: ignore[union-attr]
    forgive(complaints, "status of 404")

    page.goto(f"{second.path}/edit")
    files.get_by_role("link", name="Remove notes.txt").click()
    page.get_by_role("button", name="Remove the file").click()
    expect(page.get_by_text("notes.txt is removed.")).to_be_visible()
    expect(names.filter(has_text="notes.txt")).to_have_count(0)


@pytest.mark.thorough
def test_a_token_is_made_copied_and_replaced(visit: Visit, hub: Hub, mila: Person) -> None:
    """12.24: API token: create, copy, the new one replaces the one before."""

    def works(token: str) -> bool:
        headers = {"Authorization": f"Token {token}"}
        answer = httpx.get(f"{hub.address}/api/products/?page_size=1", headers=headers)
        assert answer.status_code in (200, 401)
        return answer.status_code == 200

    page = visit(mila, "/account/tokens")
    tokens = []
    for button in ("the default token",) * 2:
        page.get_by_role("button", name=button).click()
        page.get_by_role("button", name="Copy the token").click()
        expect(page.get_by_text("Copied")).to_be_visible()
        tokens.append(page.evaluate("navigator.clipboard.readText()"))
        assert works(tokens[-1])
        expect(page.get_by_role("rowheader", name="default")).to_have_count(1)
    assert not works(tokens[0])
    page.goto("/account/tokens")
    expect(page.get_by_text(tokens[1])).to_have_count(0)  # shown once


@pytest.mark.thorough
def test_a_product_is_deleted_after_a_question_and_can_be_taken_back(
    visit: Visit, vera: Person, complaints: Complaints
) -> None:
    """12.25: delete with confirmation; the server keeps what was deleted."""
    item = vera.tell("Parity to be deleted")
    page = visit(vera, "/products?q=parity+deleted")
    page.get_by_label(f"Actions for {item.title}").click()
    page.get_by_role("link", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Delete “{item.title}”?")
    page.get_by_role("link", name="Keep it").click()
    page.wait_for_url(f"**{item.path}")
    assert vera.wire.read(f"products/{item.key}/")["status"] == 1

    page.goto(f"{item.path}/delete")
    page.get_by_role("button", name="Delete the product").click()
    page.wait_for_url(f"**{item.path}")
    expect(page.get_by_text("was deleted on")).to_be_visible()
    forgive(complaints, "status of 410")
    assert vera.wire.read(f"products/{item.key}/")["status"] == 2
    page.get_by_role("button", name="Restore it").click()
    expect(page.get_by_text(f"{item.title} is back.")).to_be_visible()
    assert vera.wire.read(f"products/{item.key}/")["status"] == 1
    vera.wire.send("DELETE", f"products/{item.key}/")
