"""The form of Combine Redshift Catalogs."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductFile
from pzhub.processes.models import Pipeline, Process

pytestmark = pytest.mark.django_db
FORM = "/pipelines/combine-redshift-catalogs"
PREFLIGHT = f"{FORM}/preflight"
CatalogMaker = Callable[..., Product]


@pytest.fixture
def pair(ana: User, catalog: CatalogMaker, combine: Pipeline) -> list[Product]:
    """Return two catalogs that can be combined."""
    pair = [catalog(ana, "one"), catalog(ana, "two", 20.0)]
    ProductFile.objects.update(n_rows=6)
    return pair


def filled(*catalogs: Product, **changes: Any) -> dict[str, Any]:
    """Return the form as the page shows it, with a name and some catalogs."""
    return {
        "display_name": "Both together",
        "catalog": [product.internal_name for product in catalogs],
        "z_flag_homogenized_value_to_cut": "3",
        "combine_type": "concatenate",
        "output_format": "parquet",
        "tie_treatment_option": "remove_all",
        "null_z": "keep",
        "invalid_rows": "refuse",
        "random_seed": "0",
        "insert_rubin_footprint_flag": "on",
        **changes,
    }


def test_the_pipelines_are_listed_with_what_can_be_run(ana_site: Client, combine: Pipeline) -> None:
    page = ana_site.get("/pipelines").content.decode()
    assert f'href="{FORM}"' in page
    assert "Training Set Maker" in page
    combine.is_enabled = False
    combine.save()
    page = ana_site.get("/pipelines").content.decode()
    assert f'href="{FORM}"' not in page
    assert "Switched off by the administrators" in page


def test_a_filled_form_starts_a_run_with_only_what_differs_from_the_defaults(
    ana_site: Client, ana: User, pair: list[Product]
) -> None:
    changes = {
        "combine_type": "concatenate_and_mark_duplicates",
        "output_format": "fits",
        "extra_columns": "quality: float from QF\nsv: str from SV",
        "crossmatch_radius_arcsec": "0.75",
    }
    answer = ana_site.post(FORM, filled(*pair, **changes))
    process = Process.objects.get()
    assert answer["Location"] == f"/jobs/{process.pk}"
    assert process.user == ana
    assert [link.product for link in process.input_links.all()] == pair
    parameters = process.used_config["param"]
    assert parameters["combine_type"] == "concatenate_and_mark_duplicates"
    assert parameters["crossmatch_radius_arcsec"] == 0.75
    assert parameters["z_flag_homogenized_value_to_cut"] == 3.0
    assert parameters["extra_columns"] == {
        "quality": {"source": "QF", "type": "float"},
        "sv": {"source": "SV", "type": "str"},
    }
    assert process.used_config["output_format"] == "fits"


def test_a_cut_of_zero_means_no_cut(ana_site: Client, pair: list[Product]) -> None:
    ana_site.post(FORM, filled(*pair, z_flag_homogenized_value_to_cut="0"))
    assert not Process.objects.get().used_config["param"]["z_flag_homogenized_value_to_cut"]


def test_what_is_missing_is_said_at_its_field_and_the_rest_is_kept(
    ana_site: Client, pair: list[Product]
) -> None:
    answer = ana_site.post(FORM, filled(pair[0], display_name="", description="my words"))
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "Give the combined catalog a name." in page
    assert "Choose at least 2 catalogs; 1 chosen." in page
    assert "my words" in page
    assert f'value="{pair[0].internal_name}"' in page
    assert not Process.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("crossmatch_radius_arcsec", "-1", "greater than or equal to 0"),
        ("extra_columns", "what is this", "write one column per line"),
        ("random_seed", "many", "Enter a whole number"),
        ("combine_type", "guess", "not one of the available choices"),
    ],
)
def test_a_bad_setting_is_said_at_its_field(
    ana_site: Client, pair: list[Product], field: str, value: str, words: str
) -> None:
    answer = ana_site.post(FORM, filled(*pair, **{field: value}))
    assert answer.status_code == 400
    assert words in unescape(answer.content.decode())
    assert not Process.objects.exists()


def test_the_pipelines_own_refusal_of_an_option_opens_advanced_at_its_field(
    ana_site: Client, pair: list[Product]
) -> None:
    answer = ana_site.post(FORM, filled(*pair, extra_columns="CRD_ID: str"))
    page = unescape(answer.content.decode())
    assert answer.status_code == 400
    assert "CRD_ID" in page
    assert not Process.objects.exists()


def test_an_address_fills_the_form(ana_site: Client, pair: list[Product]) -> None:
    query = {
        "catalog": [product.internal_name for product in pair],
        "display_name": "From a link",
        "combine_type": "concatenate_and_remove_duplicates",
        "keep_stars": "true",
        "unknown": "ignored",
    }
    page = ana_site.get(FORM, query).content.decode()
    assert page.count('name="catalog"') == 2
    assert page.count("checked data-rows") == 2
    assert 'value="From a link"' in page
    assert 'value="concatenate_and_remove_duplicates" checked' in page
    assert 'id="id_keep_stars" checked' in page


def test_a_search_keeps_what_is_chosen_on_top(
    ana_site: Client, ana: User, catalog: CatalogMaker, pair: list[Product]
) -> None:
    third = catalog(ana, "Zebra")
    sent = filled(pair[0], q="zebra", action="search", csrfmiddlewaretoken="secret")
    answer = ana_site.post(FORM, sent)
    assert answer.status_code == 302
    assert "csrf" not in answer["Location"]
    page = ana_site.get(answer["Location"]).content.decode()
    first, second = (
        page.index(f'value="{pair[0].internal_name}"'),
        page.index(f'value="{third.internal_name}"'),
    )
    assert first < second
    assert f'value="{pair[1].internal_name}"' not in page
    assert '<span data-chosen="count">1</span>' in page
    assert 'value="Both together"' in page


def test_only_published_redshift_catalogs_that_the_user_may_see_can_be_chosen(
    ana_site: Client, bob: User, pair: list[Product], product_factory: Callable[..., Product]
) -> None:
    other = product_factory(bob, name="a training set", type_name="training_set")
    draft = product_factory(bob, name="hidden", type_name="redshift_catalog", status=0)
    answer = ana_site.post(FORM, filled(*pair, other, draft))
    page = answer.content.decode()
    assert answer.status_code == 400
    names = f"{other.internal_name}, {draft.internal_name}"
    assert f"Not found, or not a published redshift catalog: {names}" in page


def test_preflight_tells_paths_rows_and_the_run_as_a_program(
    ana_site: Client, pair: list[Product]
) -> None:
    fragment = unescape(ana_site.post(PREFLIGHT, filled(*pair)).content.decode())
    assert "<html" not in fragment
    assert "Ready" in fragment
    assert fragment.count('class="path path-C"') == 2
    assert "<dt>Rows in</dt><dd>12</dd>" in fragment
    assert "_both_together" in fragment
    names = " ".join(str(product.internal_name) for product in pair)
    assert f"pz combine {names} --name 'Both together'" in fragment
    assert "pz.combine_redshift_catalogs('Both together')" in fragment
    pipeline = Pipeline.objects.get(name="combine_redshift_dedup")
    assert f'"pipeline": {pipeline.pk},' in fragment


def test_preflight_does_not_need_a_name(ana_site: Client, pair: list[Product]) -> None:
    fragment = ana_site.post(PREFLIGHT, filled(*pair, display_name="")).content.decode()
    assert "Ready" in fragment


def test_a_survey_without_rules_blocks_the_run_with_its_count(
    ana_site: Client, pair: list[Product], data_dir: Path
) -> None:
    _rename_survey(pair[1], "WONDERLAND", data_dir)
    fragment = ana_site.post(PREFLIGHT, filled(*pair)).content.decode()
    assert "1 problem" in fragment
    assert "<code>WONDERLAND</code>: 6 rows" in fragment
    assert "Solve the problems above to run." in fragment
    answer = ana_site.post(FORM, filled(*pair))
    assert answer.status_code == 400
    assert "WONDERLAND" in answer.content.decode()
    assert not Process.objects.exists()


def test_a_rule_file_of_ones_own_makes_the_survey_known(
    ana_site: Client, pair: list[Product], data_dir: Path
) -> None:
    _rename_survey(pair[1], "WONDERLAND", data_dir)
    rules = b"""translation_rules:
  2DFGRS:
    z_flag_translation: {3: 3, 4: 4}
    instrument_type_translation: {default: s}
  WONDERLAND:
    z_flag_translation: {3: 3, 4: 4}
    instrument_type_translation: {default: s}
"""
    form = filled(*pair, rules=SimpleUploadedFile("mine.yaml", rules))
    answer = ana_site.post(FORM, form)
    assert answer.status_code == 302, unescape(answer.content.decode())
    assert Process.objects.get().used_config["flags_translation"]["name"] == "mine.yaml"


def test_a_broken_rule_file_is_refused_before_the_run(
    ana_site: Client, pair: list[Product]
) -> None:
    form = filled(*pair, rules=SimpleUploadedFile("mine.yaml", b"translation_rules: ["))
    answer = ana_site.post(FORM, form)
    assert answer.status_code == 400
    assert "mine.yaml" in answer.content.decode()
    assert not Process.objects.exists()


def test_an_earlier_job_fills_the_form_without_a_catalog_left_out(
    ana_site: Client, pair: list[Product]
) -> None:
    ana_site.post(FORM, filled(*pair, combine_type="concatenate_and_mark_duplicates"))
    query = {"job": Process.objects.get().pk, "without": pair[1].internal_name}
    page = ana_site.get(FORM, query).content.decode()
    assert 'value="Both together"' in page
    assert 'value="concatenate_and_mark_duplicates" checked' in page
    assert page.count("checked data-rows") == 1


def test_nobody_clones_the_job_of_somebody_else(
    ana_site: Client, bob_site: Client, pair: list[Product]
) -> None:
    ana_site.post(FORM, filled(*pair))
    assert bob_site.get(FORM, {"job": Process.objects.get().pk}).status_code == 404


def _rename_survey(product: Product, survey: str, data_dir: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = data_dir / product.inspection.canonical_path
    table = pq.read_table(path)
    column = pa.array([survey] * len(table))
    pq.write_table(table.set_column(table.column_names.index("SV"), "SV", column), path)
