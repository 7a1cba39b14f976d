"""Step 2 of the wizard: send, watch, replace, remove."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from pzhub.catalog.models import FileRole, Product
from pzhub.uploads.models import Inspection, InspectionState

pytestmark = pytest.mark.django_db
DraftMaker = Callable[..., Product]
CONTENT = b"ra,dec,z\n1.0,2.0,0.5\n"
SCRIPT = {"X-Requested-With": "XMLHttpRequest"}


def sent(role: int = 0, name: str = "cat.csv", content: bytes = CONTENT) -> dict[str, object]:
    return {"role": role, "file": SimpleUploadedFile(name, content)}


def test_the_main_file_is_received_and_its_reading_begins(
    ana_site: Client, empty_draft: DraftMaker
) -> None:
    draft = empty_draft()
    answer = ana_site.post(f"/upload/{draft.pk}/files", sent())
    assert answer["Location"] == f"/upload/{draft.pk}/files"
    assert draft.files.get().name == "cat.csv"
    assert Inspection.objects.get(product=draft).state == InspectionState.WAITING


def test_a_page_that_waits_asks_again_by_itself_and_has_a_link_without_script(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft(state=InspectionState.RUNNING)
    page = ana_site.get(f"/upload/{draft.pk}/files").content.decode()
    assert f'hx-get="/upload/{draft.pk}/inspection"' in page
    assert "Look again" in page
    assert "The main file is still being read." in page


def test_a_settled_page_does_not_ask_again(ana_site: Client, inspected_draft: DraftMaker) -> None:
    draft = inspected_draft()
    fragment = ana_site.get(f"/upload/{draft.pk}/inspection").content.decode()
    assert "Table read" in fragment
    assert "1,234 rows, 5 columns" in fragment
    assert "hx-get" not in fragment
    assert 'id="actionbar" hx-swap-oob="true"' in fragment
    assert "<html" not in fragment


def test_a_refused_file_is_explained_with_the_rows_at_fault(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    error = {
        "code": "ragged_rows",
        "message": "deep.csv: line 7 has 3 values where the header has 5.",
        "data": {"rows": [{"line": 7, "values": 3}]},
    }
    draft = inspected_draft(state=InspectionState.REFUSED, error=error)
    page = ana_site.get(f"/upload/{draft.pk}/files").content.decode()
    assert "deep.csv cannot be used" in page
    assert "line 7 has 3 values" in page
    assert '<th scope="col">line</th>' in page
    assert "The draft is kept." in page


def test_a_new_main_file_takes_the_place_of_a_refused_one(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft(state=InspectionState.REFUSED)
    ana_site.post(f"/upload/{draft.pk}/files", sent(name="better.csv"))
    assert [file.name for file in draft.files.all()] == ["better.csv"]
    assert Inspection.objects.get(product=draft).state == InspectionState.WAITING


def test_a_script_is_told_in_json(ana_site: Client, empty_draft: DraftMaker) -> None:
    draft = empty_draft()
    answer = ana_site.post(f"/upload/{draft.pk}/files", sent(role=2), headers=SCRIPT)
    assert (answer.status_code, answer.json()) == (201, {"ok": True})
    again = ana_site.post(f"/upload/{draft.pk}/files", sent(role=2), headers=SCRIPT)
    assert again.status_code == 400
    assert again.json()["code"] == "duplicate_file_name"
    assert "cat.csv" in again.json()["error"]


def test_a_form_without_a_file_says_so_at_the_field(
    ana_site: Client, empty_draft: DraftMaker
) -> None:
    answer = ana_site.post(f"/upload/{empty_draft().pk}/files", {"role": 0})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert 'aria-describedby="file-error file-hint"' in page


def test_a_file_over_the_limit_is_refused_and_the_draft_kept(
    ana_site: Client, empty_draft: DraftMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pzhub.config import hub_config

    monkeypatch.setattr(hub_config(), "max_upload_bytes", 10)
    draft = empty_draft()
    answer = ana_site.post(f"/upload/{draft.pk}/files", sent())
    assert answer.status_code == 400
    assert "cat.csv" in answer.content.decode()
    assert not draft.files.exists()


def test_removing_a_file_asks_first(ana_site: Client, inspected_draft: DraftMaker) -> None:
    draft = inspected_draft()
    file = draft.files.get(role=FileRole.MAIN)
    address = f"/upload/{draft.pk}/files/{file.pk}/remove"
    assert "Remove deep.csv?" in ana_site.get(address).content.decode()
    assert draft.files.count() == 1
    assert ana_site.post(address)["Location"] == f"/upload/{draft.pk}/files"
    assert draft.files.count() == 0
    assert draft.columns.count() == 0


def test_a_type_that_allows_it_may_go_on_without_a_file(
    ana_site: Client, empty_draft: DraftMaker
) -> None:
    draft = empty_draft(type_name="training_results", description="At https://example.org/model")
    page = ana_site.get(f"/upload/{draft.pk}/files").content.decode()
    assert "Next: review" in page


def test_the_wizard_speaks_three_languages(ana_site: Client, empty_draft: DraftMaker) -> None:
    address = f"/upload/{empty_draft().pk}/files"
    words = {"en": "Send files", "es": "Enviar archivos", "pt-BR": "Enviar arquivos"}
    for language, word in words.items():
        page = ana_site.get(address, headers={"Accept-Language": language}).content.decode()
        assert word in page
