from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from pzhub.accounts.models import User
from pzhub.catalog.citation import citations_of
from pzhub.catalog.models import Product, ProductStatus, Release

if TYPE_CHECKING:
    from conftest import FileFactory, ProductFactory

ADDRESS = "https://pz.example.org/product/7_deep"


@pytest.fixture
def product(ana: User, product_factory: ProductFactory, open_release: Release) -> Product:
    ana.display_name = "Ana Lima"
    ana.save()
    product = product_factory(
        ana,
        name="Deep & wide: 50 % of z_phot",
        type_name="redshift_catalog",
        release=open_release,
        description="All of it.",
    )
    product.internal_name = "7_deep"
    product.published_at = datetime(2025, 12, 31, 23, 0, tzinfo=UTC)
    product.save()
    return product


def cited(product: Product) -> dict[str, str]:
    return {citation.style: citation.text for citation in citations_of(product, ADDRESS)}


def test_a_citation_names_owner_year_title_release_and_address(product: Product) -> None:
    assert cited(product)["text"] == (
        f"Ana Lima (2025). Deep & wide: 50 % of z_phot [Data set]. DP0.2. Photo-z Server. {ADDRESS}"
    )


def test_bibtex_escapes_what_latex_would_misread(product: Product) -> None:
    assert cited(product)["bibtex"] == (
        "@misc{pzserver:7_deep,\n"
        "  author = {{Ana Lima}},\n"
        "  title = {{Deep \\& wide: 50 \\% of z\\_phot}},\n"
        "  year = {2025},\n"
        "  publisher = {Photo-z Server},\n"
        f"  url = {{{ADDRESS}}},\n"
        "  note = {Reference Redshift Catalog, 7\\_deep, DP0.2},\n"
        "}"
    )


def test_names_cannot_end_a_field_of_bibtex(product: Product) -> None:
    product.display_name = "a}, author = {Eve\\\n~"

    line = cited(product)["bibtex"].splitlines()[2]

    assert line == r"  title = {{a\}, author = \{Eve\textbackslash{} \textasciitilde{}}},"


def test_datacite_has_what_its_schema_requires_and_no_doi(product: Product) -> None:
    assert json.loads(cited(product)["datacite"]) == {
        "schemaVersion": "http://datacite.org/schema/kernel-4",
        "types": {
            "resourceTypeGeneral": "Dataset",
            "resourceType": "Reference Redshift Catalog",
        },
        "titles": [{"title": "Deep & wide: 50 % of z_phot"}],
        "creators": [{"name": "Ana Lima", "nameType": "Personal"}],
        "publisher": {"name": "Photo-z Server"},
        "publicationYear": 2025,
        "dates": [{"date": "2025-12-31", "dateType": "Issued"}],
        "url": ADDRESS,
        "alternateIdentifiers": [
            {
                "alternateIdentifier": "7_deep",
                "alternateIdentifierType": "Photo-z Server internal name",
            }
        ],
        "subjects": [{"subject": "DP0.2"}],
        "descriptions": [{"description": "All of it.", "descriptionType": "Abstract"}],
    }


def test_owners_without_a_name_are_cited_by_what_they_sign_in_with(
    product: Product, ana: User
) -> None:
    product.user.display_name = ""

    assert cited(product)["text"].startswith("ana (2025).")


@pytest.mark.parametrize(
    ("style", "suffix", "kind"),
    [
        ("text", "txt", "text/plain"),
        ("bibtex", "bib", "application/x-bibtex"),
        ("datacite", "json", "application/json"),
    ],
)
def test_citations_are_files(
    bob_site: Client, product: Product, style: str, suffix: str, kind: str
) -> None:
    response = bob_site.get(f"/product/7_deep/cite/{style}")

    here = "http://testserver/product/7_deep"
    assert response.content.decode() == cited(product)[style].replace(ADDRESS, here) + "\n"
    assert response["Content-Type"] == f"{kind}; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="7_deep.{suffix}"'


def test_unknown_styles_and_drafts_have_no_citation(
    ana_site: Client, ana: User, product: Product, product_factory: ProductFactory
) -> None:
    draft = product_factory(ana, name="Draft", status=ProductStatus.REGISTERING)

    assert ana_site.get("/product/7_deep/cite/endnote").status_code == 404
    assert ana_site.get(f"/product/{draft.internal_name}/cite/text").status_code == 404
    assert 'id="cite"' not in ana_site.get(f"/product/{draft.internal_name}").content.decode()


def test_the_page_shows_every_citation_and_how_to_fetch_the_product(
    ana_site: Client, product: Product, file_factory: FileFactory
) -> None:
    file = file_factory(product)
    type(file).objects.filter(pk=file.pk).update(n_rows=1)

    page = ana_site.get("/product/7_deep").content.decode()

    for text in ("Ana Lima (2025).", "@misc{pzserver:7_deep,", "&quot;publicationYear&quot;: 2025"):
        assert text in page
    assert 'href="/product/7_deep/cite/bibtex" download' in page
    assert "<code>pz get 7_deep</code>" in page
    assert (
        "<code>curl -OJ -H &quot;Authorization: Token $PZSERVER_TOKEN&quot;"
        f" http://testserver/api/products/{product.pk}/download_main_file/</code>"
    ) in page


def test_products_without_a_table_are_fetched_whole(ana_site: Client, product: Product) -> None:
    page = ana_site.get("/product/7_deep").content.decode()

    assert "<code>pz download 7_deep</code>" in page
    assert f"/api/products/{product.pk}/download/</code>" in page
