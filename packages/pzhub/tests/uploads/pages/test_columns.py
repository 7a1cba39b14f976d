"""Step 3 of the wizard: meanings, saved at once or all together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from pzhub.accounts.models import User
from pzhub.catalog.models import Column, Product
from pzhub.uploads.models import InspectionState

pytestmark = pytest.mark.django_db
DraftMaker = Callable[..., Product]


def meanings_of(draft: Product) -> dict[str, str]:
    """Return the meaning of each column that has one."""
    stored = draft.columns.exclude(alias=None).order_by("order")
    return dict(stored.values_list("column_name", "alias"))


def column_named(draft: Product, name: str) -> Column:
    """Return one column."""
    return Column.objects.get(product=draft, column_name=name)


def test_a_row_shows_type_unit_samples_and_the_suggestion_with_its_reason(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft()
    page = ana_site.get(f"/upload/{draft.pk}/columns").content.decode()
    for words in ("ALPHA", 'value="deg"', "1, 2, 3", "Accept RA for ALPHA", "its name", "high"):
        assert words in page
    assert "4 suggestions" in page
    assert "3 of 3 missing" in page
    assert "No column means RA, Dec, z yet." in page


def test_all_suggestions_are_accepted_at_once(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft()
    ana_site.post(f"/upload/{draft.pk}/columns", {"accept": "all"})
    assert meanings_of(draft) == {"NUM": "ID", "ALPHA": "RA", "DELTA": "Dec", "Z": "z"}
    page = ana_site.get(f"/upload/{draft.pk}/columns").content.decode()
    assert "complete" in page
    assert "pos.eq.ra;meta.main" in page


def test_choices_about_columns_that_were_read_again_cannot_be_taken_back(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft()
    way = f"/upload/{draft.pk}/columns"
    ana_site.post(way, {"accept": column_named(draft, "Z").pk})
    assert 'value="undo">' in ana_site.get(way).content.decode()
    column_named(draft, "Z").delete()
    assert 'value="undo" hidden>' in ana_site.get(way).content.decode()


def test_a_form_of_a_thousand_columns_is_taken_whole(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft()
    Column.objects.bulk_create(
        Column(product=draft, column_name=f"c{number}", order=number, dtype="double", facts={})
        for number in range(1_101)
    )
    pks = draft.columns.values_list("pk", flat=True)
    form = {f"{part}-{pk}": "" for part in ("meaning", "unit", "ucd", "alias") for pk in pks}
    form |= {f"meaning-{column_named(draft, 'Z').pk}": "z", "then": "confirm"}
    answer = ana_site.post(f"/upload/{draft.pk}/columns", form)
    assert answer.headers["Location"] == f"/upload/{draft.pk}/confirm"
    assert meanings_of(draft) == {"Z": "z"}


def test_a_choice_about_columns_that_were_read_again_is_told_as_not_saved(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft()
    old = column_named(draft, "Z").pk
    Column.objects.filter(pk=old).delete()
    form = {f"meaning-{old}": "z"}
    one = ana_site.post(f"/upload/{draft.pk}/columns/{old}", form, headers={"HX-Request": "true"})
    assert (one.status_code, one.headers["HX-Refresh"], one.content) == (204, "true", b"")
    words = "your last choice was not saved: choose once more"
    assert words in ana_site.get(f"/upload/{draft.pk}/columns").content.decode()
    whole = ana_site.post(f"/upload/{draft.pk}/columns", {**form, "then": "confirm"}, follow=True)
    assert words in whole.content.decode()
    assert whole.redirect_chain == [(f"/upload/{draft.pk}/columns", 302)]


def test_one_suggestion_is_accepted_by_its_button(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft()
    ana_site.post(f"/upload/{draft.pk}/columns", {"accept": column_named(draft, "Z").pk})
    assert meanings_of(draft) == {"Z": "z"}


def test_a_form_without_script_saves_all_meanings_and_goes_on(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft()
    roles = {"NUM": "", "ALPHA": "dec", "DELTA": "ra", "Z": "z", "EPOCH": "own"}
    form = {f"meaning-{column_named(draft, name).pk}": role for name, role in roles.items()}
    form[f"alias-{column_named(draft, 'EPOCH').pk}"] = "epoch of observation"
    answer = ana_site.post(f"/upload/{draft.pk}/columns", {**form, "then": "confirm"})
    assert answer["Location"] == f"/upload/{draft.pk}/confirm"
    assert meanings_of(draft) == {
        "ALPHA": "Dec",
        "DELTA": "RA",
        "Z": "z",
        "EPOCH": "epoch of observation",
    }
    assert column_named(draft, "EPOCH").ucd is None


def test_meanings_can_be_swapped_in_one_form(ana_site: Client, inspected_draft: DraftMaker) -> None:
    draft = inspected_draft()
    ana_site.post(f"/upload/{draft.pk}/columns", {"accept": "all"})
    alpha, delta = column_named(draft, "ALPHA"), column_named(draft, "DELTA")
    form = {f"meaning-{alpha.pk}": "dec", f"meaning-{delta.pk}": "ra"}
    ana_site.post(f"/upload/{draft.pk}/columns", form)
    assert meanings_of(draft) == {"NUM": "ID", "ALPHA": "Dec", "DELTA": "RA", "Z": "z"}


def test_a_meaning_given_twice_is_refused_at_its_row_and_nothing_is_saved(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft()
    alpha, delta = column_named(draft, "ALPHA"), column_named(draft, "DELTA")
    form = {f"meaning-{alpha.pk}": "ra", f"meaning-{delta.pk}": "ra"}
    answer = ana_site.post(f"/upload/{draft.pk}/columns", form)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "ALPHA was given this meaning too; each one is used once." in page
    assert f'aria-describedby="error-{delta.pk}"' in page
    assert meanings_of(draft) == {}


def test_choosing_own_label_opens_its_field(ana_site: Client, inspected_draft: DraftMaker) -> None:
    draft = inspected_draft()
    column = column_named(draft, "EPOCH")
    answer = ana_site.post(f"/upload/{draft.pk}/columns", {f"meaning-{column.pk}": "own"})
    assert f'name="alias-{column.pk}"' in answer.content.decode()
    assert meanings_of(draft) == {}


def test_one_choice_is_saved_at_once_and_only_what_changed_is_sent_back(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft()
    column = column_named(draft, "EPOCH")
    answer = ana_site.post(f"/upload/{draft.pk}/columns/{column.pk}", {f"meaning-{column.pk}": "z"})
    fragment = answer.content.decode()
    assert meanings_of(draft) == {"EPOCH": "z"}
    # The row itself, and the row of Z, whose suggestion has gone.
    changed = {row.pk for row in draft.columns.all() if f'id="column-{row.pk}"' in fragment}
    assert changed == {column.pk, column_named(draft, "Z").pk}
    assert 'id="checklist" hx-swap-oob="true"' in fragment
    assert "2 of 3 missing" in fragment


def test_a_meaning_in_use_moves_to_the_column_chosen_last(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft()
    ana_site.post(f"/upload/{draft.pk}/columns", {"accept": "all"})
    column = column_named(draft, "EPOCH")
    answer = ana_site.post(f"/upload/{draft.pk}/columns/{column.pk}", {f"meaning-{column.pk}": "z"})
    assert meanings_of(draft)["EPOCH"] == "z"
    assert "Z" not in meanings_of(draft)
    assert f'id="column-{column_named(draft, "Z").pk}"' in answer.content.decode()


def test_a_file_that_is_no_table_has_nothing_to_associate(
    ana_site: Client, empty_draft: DraftMaker
) -> None:
    draft = empty_draft(type_name="other")
    page = ana_site.get(f"/upload/{draft.pk}/columns").content.decode()
    assert "There are no columns to associate" in page


def test_warnings_of_the_inspection_are_shown(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft()
    check = {"code": "reading_note", "ok": False, "message": "Three comment lines were skipped."}
    draft.inspection.checks = [check, {"code": "rows", "ok": True, "message": "All rows read."}]
    draft.inspection.save()
    page = ana_site.get(f"/upload/{draft.pk}/columns").content.decode()
    assert "Three comment lines were skipped." in page
    assert "All rows read." not in page


def test_columns_stay_closed_to_a_refused_file(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft(state=InspectionState.REFUSED, error={"message": "broken"})
    page = ana_site.get(f"/upload/{draft.pk}/confirm").content.decode()
    assert "The main file cannot be used: replace it." in page


def own(draft: Product, name: str, **fields: str) -> dict[str, str]:
    """Return the fields of a row with a label of one's own."""
    pk = column_named(draft, name).pk
    return {f"meaning-{pk}": "own"} | {f"{field}-{pk}": text for field, text in fields.items()}


def test_a_label_has_a_ucd_of_the_vocabulary_and_a_unit(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft()
    way = f"/upload/{draft.pk}/columns/{column_named(draft, 'EPOCH').pk}"
    answer = ana_site.post(way, own(draft, "EPOCH", alias="mag_i", ucd="PHOT.mag;em.opt.i"))
    ana_site.post(way, {f"unit-{column_named(draft, 'EPOCH').pk}": "mag"})
    stored = column_named(draft, "EPOCH")
    assert (stored.alias, stored.ucd, stored.unit) == ("mag_i", "phot.mag;em.opt.I", "mag")
    assert "your label and UCD" in answer.content.decode()


def test_a_wrong_ucd_is_named_with_what_comes_close_and_stays_in_its_field(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft()
    fields = own(draft, "EPOCH", alias="mine", ucd="src.redshfit", unit="degs")
    page = ana_site.post(f"/upload/{draft.pk}/columns", fields)
    text = page.content.decode()
    assert page.status_code == 400
    assert "Did you mean src.redshift" in text
    assert 'value="src.redshfit"' in text
    assert 'value="mine"' in text
    stored = column_named(draft, "EPOCH")
    assert (stored.alias, stored.ucd) == (None, None)


def test_the_last_choices_are_taken_back_one_by_one(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft()
    way = f"/upload/{draft.pk}/columns"
    ana_site.post(way, {"accept": "all"})
    ana_site.post(way, own(draft, "EPOCH", alias="epoch"))
    assert meanings_of(draft)["EPOCH"] == "epoch"
    ana_site.post(way, {"do": "undo"})
    assert list(meanings_of(draft)) == ["NUM", "ALPHA", "DELTA", "Z"]
    ana_site.post(way, {"do": "undo"})
    assert meanings_of(draft) == {}
    ana_site.post(way, {"do": "undo"})  # there is nothing left to undo
    assert meanings_of(draft) == {}


def test_meanings_are_taken_over_from_an_earlier_product(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    earlier = inspected_draft(name="Earlier")
    ana_site.post(f"/upload/{earlier.pk}/columns", {"accept": "all"})
    ana_site.post(f"/upload/{earlier.pk}/columns", own(earlier, "EPOCH", alias="epoch", unit="yr"))
    draft = inspected_draft(name="Later")
    way = f"/upload/{draft.pk}/columns"
    assert "Earlier (5 columns)" in ana_site.get(way).content.decode()
    ana_site.post(way, {"do": "copy", "copy-from": earlier.internal_name})
    assert meanings_of(draft) == meanings_of(earlier)
    assert column_named(draft, "EPOCH").unit == "yr"
    answer = ana_site.post(way, {"do": "copy", "copy-from": "nothing"}, follow=True)
    assert "nothing" in answer.content.decode()


def test_an_extra_column_is_carried_under_its_label(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft()
    way = f"/upload/{draft.pk}/columns"
    chosen = {"extra-column": str(column_named(draft, "EPOCH").pk), "extra-label": "epoch"}
    ana_site.post(way, {"do": "carry", **chosen})
    stored = column_named(draft, "EPOCH")
    assert (stored.alias, stored.facts["carry"]) == ("epoch", True)
    row = own(draft, "EPOCH", alias="epoch", carryable="1")
    ana_site.post(f"{way}/{stored.pk}", row)
    assert column_named(draft, "EPOCH").facts["carry"] is False
    answer = ana_site.post(way, {"do": "carry"}, follow=True)
    assert "Choose the column that pipelines should carry along." in answer.content.decode()


def test_a_label_with_blanks_is_not_carried_and_says_why(
    ana_site: Client, inspected_draft: DraftMaker
) -> None:
    draft = inspected_draft()
    chosen = {"extra-column": str(column_named(draft, "EPOCH").pk), "extra-label": "my epoch"}
    answer = ana_site.post(f"/upload/{draft.pk}/columns", {"do": "carry", **chosen})
    assert answer.status_code == 400
    assert "write it without blanks" in answer.content.decode()


def test_the_combination_offers_what_owners_want_carried(
    ana_site: Client, ana: User, product_factory: Callable[..., Product]
) -> None:
    product = product_factory(ana, name="With extras", type_name="redshift_catalog")
    Column.objects.create(
        product=product, column_name="EPOCH", order=0, dtype="int16", alias="epoch",
        facts={"carry": True},
    )  # fmt: skip
    address = f"/pipelines/combine-redshift-catalogs?catalog={product.internal_name}"
    assert "epoch: int from EPOCH" in ana_site.get(address).content.decode()


def test_the_words_of_ucds_are_listed_for_completion(ana_site: Client) -> None:
    words = ana_site.get("/upload/ucd-words").json()["words"]
    assert ["src.redshift", "PS", "Redshift"] in words
    assert next(places for name, places, _ in words if name == "meta.main") == "S"


def test_what_a_page_says_of_columns_costs_few_queries(
    ana_site: Client, inspected_draft: DraftMaker, django_assert_max_num_queries: Any
) -> None:
    draft = inspected_draft()
    with django_assert_max_num_queries(24):
        ana_site.get(f"/upload/{draft.pk}/columns")
