from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from pzhub.catalog.models import Column, FileRole, Product, ProductFile, ProductStatus
from pzhub.core.models import AuditEntry
from pzhub.core.storage import data_path
from pzhub.processes.models import Pipeline, Process, ProcessInput

TEXT = {"display_name": "Deeper field", "description": "New words"}


def address(product: Product, rest: str) -> str:
    return f"/product/{product.internal_name}/{rest}"


def test_name_and_description_change_and_the_internal_name_stays(
    site: Client, catalog: Product
) -> None:
    response = site.post(address(catalog, "edit"), TEXT, follow=True)

    now = Product.objects.get()
    assert (now.display_name, now.description) == ("Deeper field", "New words")
    assert now.internal_name == catalog.internal_name
    assert "The changes are saved." in response.content.decode()
    assert AuditEntry.objects.filter(action="product-updated").count() == 1


def test_an_empty_name_is_told_at_the_field_and_the_text_is_kept(
    site: Client, catalog: Product
) -> None:
    page = site.post(address(catalog, "edit"), {**TEXT, "display_name": ""}).content.decode()

    assert "Give the product a name." in page
    assert 'aria-invalid="true"' in page
    assert "New words" in page
    assert Product.objects.get().display_name == "Deep field"


@pytest.mark.parametrize("rest", ["edit", "delete"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_others_are_refused_with_the_owner_named(
    bob_site: Client, catalog: Product, rest: str, method: str
) -> None:
    response = getattr(bob_site, method)(address(catalog, rest), TEXT)

    assert response.status_code == 403
    assert "only its owner (ana) and administrators" in response.content.decode()
    assert Product.objects.get().status == ProductStatus.PUBLISHED


def test_administrators_change_what_others_own(
    client: Client, admin: object, catalog: Product
) -> None:
    client.force_login(admin)  # type: ignore[arg-type]

    client.post(address(catalog, "edit"), TEXT)

    assert Product.objects.get().display_name == "Deeper field"


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"meaning": "z_flag"}, ("z_flag", "stat.rank")),
        ({"meaning": "instrument_type"}, ("instrument_type", None)),
        ({"meaning": "own", "alias": " comment "}, ("comment", None)),
        ({"meaning": "own", "alias": "i", "ucd": "PHOT.MAG"}, ("i", "phot.mag")),
        ({"meaning": ""}, (None, None)),
    ],
)
def test_the_meaning_of_a_column_changes(
    site: Client, catalog: Product, sent: dict[str, str], stored: tuple[str | None, str | None]
) -> None:
    column = Column.objects.get(column_name="NOTE")

    fields = {f"{name}-{column.pk}": value for name, value in sent.items()}
    site.post(address(catalog, f"edit/columns/{column.pk}"), fields)

    column.refresh_from_db()
    assert (column.alias, column.ucd) == stored


def test_a_wrong_ucd_and_a_wrong_unit_are_refused_with_what_comes_close(
    site: Client, catalog: Product
) -> None:
    column = Column.objects.get(column_name="NOTE")
    way = address(catalog, f"edit/columns/{column.pk}")
    own = {f"meaning-{column.pk}": "own", f"alias-{column.pk}": "mine"}

    ucd = site.post(way, {**own, f"ucd-{column.pk}": "src.redshfit"}, follow=True)
    unit = site.post(way, {**own, f"unit-{column.pk}": "degs"}, follow=True)

    assert "Did you mean src.redshift" in ucd.content.decode()
    assert "Did you mean deg?" in unit.content.decode()
    column.refresh_from_db()
    assert (column.alias, column.unit) == (None, "")


def test_the_edit_page_tells_what_was_done_and_offers_a_preview(
    site: Client, catalog: Product
) -> None:
    site.post(address(catalog, "edit"), TEXT)
    page = site.get(address(catalog, "edit")).content.decode()

    assert "changed the description, the name" in page or "changed the name" in page
    assert 'data-preview="id_description"' in page
    drawn = site.post("/preview", {"text": "**bold** <script>alert(1)</script>"}).content.decode()
    assert "<strong>bold</strong>" in drawn
    assert "<script>" not in drawn
    assert "Nothing written yet." in site.post("/preview", {"text": " "}).content.decode()


def test_a_required_meaning_cannot_be_taken_away(site: Client, catalog: Product) -> None:
    column = Column.objects.get(column_name="Z")

    response = site.post(
        address(catalog, f"edit/columns/{column.pk}"), {f"meaning-{column.pk}": ""}, follow=True
    )

    column.refresh_from_db()
    assert column.alias == "z"
    assert "is published and needs a column for z" in response.content.decode()


def test_columns_of_other_products_are_not_changed_here(
    site: Client, catalog: Product, product_factory: object, ana: object
) -> None:
    other = product_factory(ana, name="Other")  # type: ignore[operator]
    column = Column.objects.create(product=other, column_name="x", order=0)

    response = site.post(
        address(catalog, f"edit/columns/{column.pk}"), {f"meaning-{column.pk}": "z"}
    )

    assert response.status_code == 404


def test_deleting_asks_names_what_was_made_and_then_deletes(
    site: Client, catalog: Product, product_factory: object, ana: object
) -> None:
    made = product_factory(ana, name="Combined")  # type: ignore[operator]
    pipeline, _ = Pipeline.objects.get_or_create(name="combine_redshift_dedup")
    process = Process.objects.create(
        pipeline=pipeline, pipeline_version="1", user=catalog.user, display_name="x", upload=made
    )
    ProcessInput.objects.create(process=process, product=catalog, position=0)

    question = site.get(address(catalog, "delete")).content.decode()
    refused = site.post(address(catalog, "delete"), follow=True).content.decode()
    process.phase, process.ended_at = "COMPLETED", process.created_at
    process.save()
    site.post(address(catalog, "delete"))

    assert "Delete “Deep field”?" in question
    assert "1 product was made from it" in question
    assert "Combined" in question
    assert "is being read by process" in refused
    assert Product.objects.get(pk=catalog.pk).status == ProductStatus.DELETED


def test_an_auxiliary_file_is_added(site: Client, catalog: Product) -> None:
    upload = SimpleUploadedFile("notes.txt", b"some notes")

    response = site.post(address(catalog, "files/add"), {"file": upload}, follow=True)

    file = ProductFile.objects.get(name="notes.txt")
    assert (file.role, file.size, data_path(file.path).read_bytes()) == (
        FileRole.AUXILIARY,
        10,
        b"some notes",
    )
    assert "notes.txt is added." in response.content.decode()


def test_a_second_file_of_the_same_name_is_refused(site: Client, catalog: Product) -> None:
    upload = SimpleUploadedFile("deep.csv", b"other")

    response = site.post(address(catalog, "files/add"), {"file": upload}, follow=True)

    assert "already has a file named deep.csv" in response.content.decode()
    assert ProductFile.objects.count() == 1


def test_a_form_without_a_file_is_told_so(site: Client, catalog: Product) -> None:
    response = site.post(address(catalog, "files/add"), follow=True)

    assert response.status_code == 200
    assert 'role="alert"' in response.content.decode()
    assert ProductFile.objects.count() == 1


def test_others_add_no_files(bob_site: Client, catalog: Product, data_dir: Path) -> None:
    upload = SimpleUploadedFile("notes.txt", b"some notes")

    response = bob_site.post(address(catalog, "files/add"), {"file": upload}, follow=True)

    assert response.status_code == 403
    assert ProductFile.objects.count() == 1


def test_removing_a_file_asks_first(
    site: Client,
    catalog: Product,
    file_factory: object,
    django_capture_on_commit_callbacks: object,
) -> None:
    file = file_factory(catalog, name="notes.txt", role=FileRole.AUXILIARY)  # type: ignore[operator]
    place = address(catalog, f"files/{file.pk}/remove")

    assert "Remove “notes.txt”?" in site.get(place).content.decode()
    assert ProductFile.objects.count() == 2
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        site.post(place)

    assert ProductFile.objects.count() == 1
    assert not data_path(file.path).exists()


def test_the_main_file_is_not_removed(site: Client, catalog: Product) -> None:
    main = catalog.files.get()

    assert site.post(address(catalog, f"files/{main.pk}/remove")).status_code == 404
    assert ProductFile.objects.count() == 1
