"""Step 4 of the wizard: review and publish."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from pzhub.catalog.models import Product, ProductStatus

pytestmark = pytest.mark.django_db
DraftMaker = Callable[..., Product]


def test_the_review_shows_metadata_files_meanings_and_first_rows(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft(description="Where it *comes* from")
    ana_site.post(f"/upload/{draft.pk}/columns", {"accept": "all"})
    page = ana_site.get(f"/upload/{draft.pk}/confirm").content.decode()
    for words in ("Deep set", f"{draft.internal_name}", "deep.csv", "<em>comes</em>", "EPOCH"):
        assert words in page
    assert "<td>1.5</td>" in page
    assert 'form="publish"' in page


def test_a_draft_with_missing_meanings_cannot_be_published_and_says_why(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft()
    page = ana_site.get(f"/upload/{draft.pk}/confirm").content.decode()
    assert "No column means RA, Dec, z yet." in page
    assert f'href="/upload/{draft.pk}/columns">Mend it' in page
    assert 'form="publish"' not in page
    answer = ana_site.post(f"/upload/{draft.pk}/confirm")
    assert answer.status_code == 409
    assert "Not published" in answer.content.decode()
    draft.refresh_from_db()
    assert draft.status == ProductStatus.REGISTERING


def test_a_metadata_only_product_needs_a_description_and_then_is_published(
    ana_site: Client, empty_draft: DraftMaker
) -> None:
    draft = empty_draft(type_name="training_results")
    page = ana_site.get(f"/upload/{draft.pk}/confirm").content.decode()
    assert "Without a main file, give the address of the data or describe how to get them." in page
    form = {"display_name": draft.display_name, "description": "At https://example.org/model"}
    ana_site.post(f"/upload/{draft.pk}/basics", form)
    answer = ana_site.post(f"/upload/{draft.pk}/confirm")
    assert answer["Location"] == f"/product/{draft.internal_name}"
    draft.refresh_from_db()
    assert draft.status == ProductStatus.PUBLISHED
