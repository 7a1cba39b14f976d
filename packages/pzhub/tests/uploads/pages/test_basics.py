"""Step 1 of the wizard: start, resume, change, discard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductStatus, Release
from pzhub.uploads.models import InspectionState

pytestmark = pytest.mark.django_db
DraftMaker = Callable[..., Product]


def test_a_visitor_is_sent_to_sign_in_and_back(client: Client) -> None:
    answer = client.get("/product/new")
    assert answer.status_code == 302
    assert answer["Location"] == "/login?next=/product/new"


def test_a_name_and_a_type_make_a_draft_and_lead_to_its_files(
    ana_site: Client, ana: User, product_types: object
) -> None:
    form = {"display_name": "Deep set", "product_type": "training_set", "description": "Hello"}
    answer = ana_site.post("/product/new", form)
    draft = Product.objects.get()
    assert answer["Location"] == f"/upload/{draft.pk}/files"
    assert (draft.user, draft.display_name, draft.description) == (ana, "Deep set", "Hello")
    assert draft.status == ProductStatus.REGISTERING
    assert draft.product_type.name == "training_set"


def test_what_was_typed_is_kept_and_the_first_error_has_the_focus(
    ana_site: Client, product_types: object
) -> None:
    answer = ana_site.post("/product/new", {"display_name": "", "description": "my words"})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "Give the product a name." in page
    assert "Choose what kind of product this is." in page
    assert "my words" in page
    assert 'aria-describedby="id_display_name-error id_display_name-help"' in page
    assert page.count("autofocus") == 1
    assert not Product.objects.exists()


def test_a_release_is_refused_where_the_type_has_none(
    ana_site: Client, product_types: object, open_release: Release
) -> None:
    form = {"display_name": "a", "product_type": "redshift_catalog", "release": open_release.pk}
    answer = ana_site.post("/product/new", form)
    assert answer.status_code == 400
    assert "Reference Redshift Catalog has no such field" in answer.content.decode()


def test_members_are_not_offered_what_administrators_may(
    ana_site: Client, admin: User, product_types: object
) -> None:
    assert b"official_product" not in ana_site.get("/product/new").content
    ana_site.force_login(admin)
    assert b"official_product" in ana_site.get("/product/new").content


def test_several_drafts_are_offered_each_with_its_state(
    ana_site: Client, empty_draft: DraftMaker, inspected_draft: DraftMaker
) -> None:
    empty_draft("First")
    inspected_draft(name="Second")
    inspected_draft(state=InspectionState.REFUSED, name="Third")
    page = ana_site.get("/product/new").content.decode()
    for words in ("First", "No file yet", "Second", "File is read", "Third", "File refused"):
        assert words in page


def test_a_draft_resumes_where_it_stopped(
    ana_site: Client, empty_draft: DraftMaker, inspected_draft: DraftMaker
) -> None:
    def step_of(draft: Product) -> str:
        return ana_site.get(f"/upload/{draft.pk}")["Location"].rsplit("/", 1)[-1]

    assert step_of(empty_draft()) == "files"
    assert step_of(inspected_draft(state=InspectionState.REFUSED)) == "files"
    draft = inspected_draft()
    assert step_of(draft) == "columns"
    ana_site.post(f"/upload/{draft.pk}/columns", {"accept": "all"})
    assert step_of(draft) == "confirm"


def test_basics_can_be_changed_but_not_the_type(ana_site: Client, empty_draft: DraftMaker) -> None:
    draft = empty_draft(type_name="other")
    form = {"display_name": "New name", "pz_code": "GPz", "product_type": "training_set"}
    assert ana_site.post(f"/upload/{draft.pk}/basics", form).status_code == 302
    draft.refresh_from_db()
    assert (draft.display_name, draft.pz_code) == ("New name", "GPz")
    assert draft.product_type.name == "other"


def test_discarding_asks_first(ana_site: Client, empty_draft: DraftMaker) -> None:
    draft = empty_draft()
    page = ana_site.get(f"/upload/{draft.pk}/discard").content.decode()
    assert "Discard the draft “Deep set”?" in page
    draft.refresh_from_db()
    assert draft.status == ProductStatus.REGISTERING
    answer = ana_site.post(f"/upload/{draft.pk}/discard")
    assert answer["Location"] == "/products?tab=drafts"
    draft.refresh_from_db()
    assert draft.status == ProductStatus.DELETED


@pytest.mark.parametrize("step", ["", "/basics", "/files", "/columns", "/confirm", "/discard"])
def test_nobody_else_sees_a_draft(bob_site: Client, empty_draft: DraftMaker, step: str) -> None:
    assert bob_site.get(f"/upload/{empty_draft().pk}{step}").status_code == 404


def test_a_published_product_is_no_draft(
    ana_site: Client, ana: User, product_factory: object
) -> None:
    product = product_factory(ana, name="Done")  # type: ignore[operator]
    answer = ana_site.get(f"/upload/{product.pk}/files")
    assert answer.status_code == 409 or answer.status_code == 400
    assert "is not a draft any more" in answer.content.decode()


def test_a_script_gets_values_and_faults_instead_of_pages(
    ana_site: Client, product_types: object
) -> None:
    script = {"X-Requested-With": "XMLHttpRequest"}
    form = {"display_name": "Dropped", "product_type": "other"}
    answer = ana_site.post("/product/new", form, headers=script)
    draft = Product.objects.get()
    assert (answer.status_code, answer.json()) == (
        201,
        {
            "product": draft.pk,
            "action": f"/upload/{draft.pk}/files",
            "next": f"/upload/{draft.pk}/columns",
        },
    )
    refused = ana_site.post("/product/new", {"display_name": ""}, headers=script)
    assert refused.status_code == 400
    assert sorted(refused.json()["errors"]) == ["display_name", "product_type"]
    way = f"/upload/{draft.pk}/basics"
    assert ana_site.post(way, {"display_name": "Saved"}, headers=script).json() == {"ok": True}
    assert ana_site.post(way, {"display_name": ""}, headers=script).status_code == 400
    draft.refresh_from_db()
    assert draft.display_name == "Saved"


def test_a_new_product_names_the_version_that_it_replaces(
    ana_site: Client, ana: User, product_factory: Callable[..., Product]
) -> None:
    earlier = product_factory(ana, name="First version", type_name="training_set")
    page = ana_site.get("/product/new").content.decode()
    assert 'data-type="training_set">First version' in page
    form = {"display_name": "Second", "product_type": "training_set"}
    ana_site.post("/product/new", {**form, "replaces": earlier.internal_name})
    assert Product.objects.get(display_name="Second").replaces == earlier
    wrong = {"display_name": "Third", "product_type": "other", "replaces": earlier.internal_name}
    refused = ana_site.post("/product/new", wrong)
    assert refused.status_code == 400
    assert "cannot replace" in refused.content.decode()
    assert not Product.objects.filter(display_name="Third").exists()


@pytest.mark.parametrize(
    "type_name", ["photoz_estimates", "training_results", "validation_results", "other"]
)
def test_a_product_without_files_is_published_with_the_address_of_its_data(
    ana_site: Client, empty_draft: DraftMaker, type_name: str
) -> None:
    draft = empty_draft(type_name=type_name)
    way = f"/upload/{draft.pk}"
    assert ana_site.post(f"{way}/confirm").status_code == 409
    wrong = ana_site.post(f"{way}/basics", {"display_name": "x", "access_url": "not an address"})
    assert "Give a whole address" in wrong.content.decode()
    data = {"display_name": "x", "access_url": "https://example.org/data"}
    ana_site.post(f"{way}/basics", data)
    assert ana_site.get(way)["Location"] == f"{way}/confirm"
    assert ana_site.post(f"{way}/confirm").status_code == 302
    page = ana_site.get(f"/product/{draft.internal_name}").content.decode()
    assert 'href="https://example.org/data"' in page
