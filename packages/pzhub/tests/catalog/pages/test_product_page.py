from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.models import Column, FileRole, Product, ProductStatus, Release
from pzhub.processes.models import Phase, Pipeline, Process, ProcessInput
from pzhub.uploads.models import Inspection, InspectionState

if TYPE_CHECKING:
    from conftest import FileFactory, ProductFactory


def page_of(site: Client, product: Product, status: int = 200) -> str:
    response = site.get(f"/product/{product.internal_name}")
    assert response.status_code == status
    return response.content.decode()


def cells(page: str) -> list[list[str]]:
    """Return the texts of the first rows' cells."""
    table = page.partition('id="first-rows"')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", table)]
    return [[re.sub("<[^>]+>", "", text) for text in row] for row in rows]


def test_the_page_shows_facts_description_columns_and_rows(site: Client, catalog: Product) -> None:
    page = page_of(site, catalog)

    assert "4,321" in page
    assert "4, of which 3 associated" in page
    assert "<h4>Selection</h4>" in page
    assert "pos.eq.ra;meta.main" in page
    assert cells(page) == [
        ["10.5", "-3.25", "0.123456789", "null"],
        ["9007199254740993", "0.0", "1.0", "&lt;b&gt;x&lt;/b&gt;"],
    ]


def test_numbers_lead_to_the_name(site: Client, catalog: Product) -> None:
    response = site.get(f"/product/{catalog.pk}")

    assert (response.status_code, response["Location"]) == (
        302,
        f"/product/{catalog.internal_name}",
    )


@pytest.mark.parametrize("key", ["999999", "no_such_product", "0", "99999999999999999999"])
def test_unknown_products_have_a_page_that_says_so(site: Client, db: None, key: str) -> None:
    response = site.get(f"/product/{key}")

    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()


def test_visitors_are_asked_to_sign_in(client: Client, catalog: Product) -> None:
    address = f"/product/{catalog.internal_name}"

    assert client.get(address)["Location"] == f"/login?next={address}"


def test_products_of_a_closed_release_do_not_exist_for_others(
    site: Client, bob: User, closed_release: Release, product_factory: ProductFactory
) -> None:
    product = product_factory(bob, name="Secret", release=closed_release)

    assert "Secret" not in page_of(site, product, status=404)


def test_sharing_offers_address_name_and_python_line(site: Client, catalog: Product) -> None:
    page = page_of(site, catalog)

    assert f"<code>http://testserver/product/{catalog.internal_name}</code>" in page
    assert f"<code>{catalog.internal_name}</code>" in page
    assert f"pz.get_product(&quot;{catalog.internal_name}&quot;)" in page


def test_files_have_sizes_checksums_and_addresses(
    site: Client, catalog: Product, file_factory: FileFactory
) -> None:
    extra = file_factory(catalog, b"notes", name="notes.txt", role=FileRole.AUXILIARY)

    page = page_of(site, catalog)

    assert "2 files, " in page
    assert "abababababab…abab" in page
    assert f'href="/product/{catalog.internal_name}/files/{extra.pk}" download' in page


def test_owners_act_and_others_look(site: Client, bob_site: Client, catalog: Product) -> None:
    edit = f'href="/product/{catalog.internal_name}/edit"'

    assert edit in page_of(site, catalog)
    assert edit not in page_of(bob_site, catalog)
    assert "Download" in page_of(bob_site, catalog)


def test_a_failed_product_says_why_and_what_to_do(
    site: Client, ana: User, product_factory: ProductFactory
) -> None:
    failure = {"code": "unreadable_table", "message": "a.fits ends early. Send it again."}
    product = product_factory(ana, status=ProductStatus.FAILED, failure=failure)

    page = page_of(site, product)

    assert "a.fits ends early. Send it again." in page
    assert "unreadable_table" in page
    assert f'href="/upload/{product.pk}/files"' in page


@pytest.mark.parametrize(
    ("state", "is_table", "sentence"),
    [
        (InspectionState.WAITING, False, "The server is reading the table."),
        (InspectionState.RUNNING, False, "The server is reading the table."),
        (InspectionState.DONE, True, "The table has no rows."),
        (InspectionState.DONE, False, "The main file is not a table that can be shown here."),
        (InspectionState.REFUSED, False, "a.csv has no columns"),
    ],
)
def test_rows_that_are_not_there_have_their_reason(
    site: Client, catalog: Product, state: str, is_table: bool, sentence: str
) -> None:
    error = {"message": "a.csv has no columns"} if state == "refused" else None
    lease = timezone.now() if state == "running" else None
    Inspection.objects.update(
        state=state, is_table=is_table, first_rows=[], error=error, lease_until=lease
    )

    page = page_of(site, catalog)
    part = site.get(f"/product/{catalog.internal_name}/rows").content.decode()

    assert sentence in page
    assert sentence in part
    assert ("hx-get" in part) is (state in {"waiting", "running"})


def test_a_deleted_product_leaves_a_stone_and_can_come_back(
    site: Client, bob_site: Client, catalog: Product
) -> None:
    site.post(f"/product/{catalog.internal_name}/delete")

    stone = page_of(site, catalog, status=410)
    others = page_of(bob_site, catalog, status=410)
    site.post(f"/product/{catalog.internal_name}/restore")

    assert "was deleted on" in stone
    assert "Restore it" in stone
    assert "Restore it" not in others
    assert "4,321" in page_of(site, catalog)


def test_others_do_not_bring_back_what_they_may_not_change(
    site: Client, bob_site: Client, catalog: Product
) -> None:
    site.post(f"/product/{catalog.internal_name}/delete")

    response = bob_site.post(f"/product/{catalog.internal_name}/restore")

    assert response.status_code == 403
    assert page_of(site, catalog, status=410)


@pytest.fixture
def combined(ana: User, catalog: Product, product_factory: ProductFactory) -> Product:
    """Return a product that a run made of the catalog."""
    product = product_factory(ana, name="Combined", type_name="redshift_catalog")
    pipeline, _ = Pipeline.objects.get_or_create(name="combine_redshift_dedup")
    process = Process.objects.create(
        pipeline=pipeline,
        pipeline_version="2.1",
        user=ana,
        display_name="Combined",
        upload=product,
        phase=Phase.COMPLETED,
        ended_at=timezone.now(),
        used_config={"param": {"combine_type": "concatenate"}},
    )
    ProcessInput.objects.create(process=process, product=catalog, position=0)
    return product


def test_sources_and_uses_are_linked(site: Client, catalog: Product, combined: Product) -> None:
    made, source = page_of(site, combined), page_of(site, catalog)

    assert f'href="/product/{catalog.internal_name}">Deep field<' in made
    assert "Combine Redshift Catalogs" in made
    assert f'href="/product/{combined.internal_name}">Combined<' in source


def test_the_run_of_a_product_shows_its_configuration(site: Client, combined: Product) -> None:
    address = f"/product/{combined.internal_name}/run"

    whole = site.get(address).content.decode()
    part = site.get(address, headers={"HX-Request": "true"}).content.decode()

    for page in (whole, part):
        assert "&quot;combine_type&quot;: &quot;concatenate&quot;" in page
        assert "2.1" in page
    assert "<html" in whole
    assert "<html" not in part


def summary_with(*names: str) -> dict[str, Any]:
    """Return what a run over catalogs of these names keeps of itself."""
    rows = {"rows_in": 1234, "rows_out": 1200, "path_used": {}}
    return {
        "rows_in": 1234,
        "rows_out": 1200,
        "catalogs": [{"internal_name": name, **rows} for name in names],
        "matching": {"groups": {"count": 17}, "verdicts": {"winners": 16}},
    }


def test_the_run_of_a_product_tells_what_it_did(
    site: Client, catalog: Product, combined: Product
) -> None:
    names = (str(catalog.internal_name), "9999_not_visible")
    Process.objects.filter(upload=combined).update(summary=summary_with(*names))

    page = site.get(f"/product/{combined.internal_name}/run").content.decode()

    assert "Groups of repeated measurements" in page
    assert ">17<" in page
    assert f">{catalog.internal_name}<" in page
    assert "9999_not_visible" not in page


def test_the_rules_of_a_run_are_shown_from_the_file_kept_with_its_result(
    site: Client, combined: Product, file_factory: FileFactory
) -> None:
    rules = file_factory(
        combined, name="flags_translation.yaml", role=FileRole.AUXILIARY, content=b"delta_z: 7"
    )

    page = site.get(f"/product/{combined.internal_name}/run").content.decode()

    assert rules.name == "flags_translation.yaml"
    assert "delta_z: 7" in page


def test_uploads_have_no_run(site: Client, catalog: Product) -> None:
    assert site.get(f"/product/{catalog.internal_name}/run").status_code == 404


def test_queries_of_the_page_do_not_grow_with_columns_and_files(
    site: Client, catalog: Product, file_factory: FileFactory
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(site, catalog)
        return len(captured)

    few = queries()
    Column.objects.bulk_create(
        Column(product=catalog, column_name=f"c{number}", order=number + 10)
        for number in range(300)
    )
    for number in range(5):
        file_factory(catalog, name=f"{number}.txt", role=FileRole.AUXILIARY)

    assert queries() == few


def read(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_a_file_is_sent_as_it_was_uploaded(site: Client, catalog: Product) -> None:
    file = catalog.files.get()

    response = site.get(f"/product/{catalog.internal_name}/files/{file.pk}")
    part = site.get(
        f"/product/{catalog.internal_name}/files/{file.pk}", headers={"Range": "bytes=0-4"}
    )

    assert read(response) == b"ra,dec,z\n1.0,2.0,0.5\n"
    assert response.headers["Content-Disposition"] == 'attachment; filename="deep.csv"'
    assert (part.status_code, read(part)) == (206, b"ra,de")


def test_files_of_other_products_and_of_hidden_ones_are_not_sent(
    site: Client,
    bob: User,
    catalog: Product,
    product_factory: ProductFactory,
    file_factory: FileFactory,
) -> None:
    hidden = product_factory(bob, name="Draft", status=ProductStatus.REGISTERING)
    file = file_factory(hidden)

    for key in (catalog.internal_name, hidden.internal_name):
        assert site.get(f"/product/{key}/files/{file.pk}").status_code == 404


def test_html_of_users_is_shown_in_a_sandbox_only(
    site: Client, catalog: Product, file_factory: FileFactory, data_dir: Path
) -> None:
    html = b"<script>parent.location='/'</script><p>Hello"
    file = file_factory(catalog, html, name="Readme.HTML", role=FileRole.DESCRIPTION)

    page = page_of(site, catalog)
    response = site.get(f"/product/{catalog.internal_name}/documents/{file.pk}")

    assert f'src="/product/{catalog.internal_name}/documents/{file.pk}" sandbox=""' in page
    assert "parent.location" not in page
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script" not in policy
    assert response.headers["Content-Type"].startswith("text/html")
    assert read(response) == html


def test_only_html_is_shown_as_a_document(site: Client, catalog: Product) -> None:
    file = catalog.files.get()

    assert site.get(f"/product/{catalog.internal_name}/documents/{file.pk}").status_code == 404
