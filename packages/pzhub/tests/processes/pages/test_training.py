"""The form of the Training Set Maker, and how its runs are shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, Release
from pzhub.processes.models import Phase, Pipeline, Process
from pzhub.processes.services import submit_process

pytestmark = pytest.mark.django_db
FORM = "/pipelines/training-set-maker"
PREFLIGHT = f"{FORM}/preflight"
CatalogMaker = Callable[..., Product]


@pytest.fixture
def chosen(ana: User, redshifts: CatalogMaker, training: Pipeline, sky: Release) -> Product:
    """Return a redshift catalog that has objects."""
    return redshifts(ana)


def filled(*catalogs: Product, **changes: Any) -> dict[str, Any]:
    """Return the form as the page shows it, with a name and a catalog."""
    return {
        "display_name": "To learn from",
        "catalog": [product.internal_name for product in catalogs],
        "release": "sky",
        "flux_type": "cModel",
        "dereddening": "sfd",
        "convert_flux_to_mag": "on",
        "radius_arcsec": "1.0",
        "n_neighbors": "1",
        "unique": "none",
        "train_fraction": "0.7",
        "output_format": "same",
        "extinction_coefficients": "rail_lsst",
        **changes,
    }


def test_the_list_of_pipelines_leads_to_the_form(ana_site: Client, training: Pipeline) -> None:
    assert f'href="{FORM}"' in ana_site.get("/pipelines").content.decode()
    assert ana_site.get("/training_set_maker").headers["Location"] == FORM
    Pipeline.objects.filter(pk=training.pk).update(is_enabled=False)
    assert f'href="{FORM}"' not in ana_site.get("/pipelines").content.decode()
    answer = ana_site.get(FORM, follow=True)
    assert answer.redirect_chain == [("/pipelines", 302)]
    assert "The Training Set Maker is switched off on this server." in answer.content.decode()


def test_without_objects_the_page_says_so_and_offers_nothing_to_fill(
    ana_site: Client, training: Pipeline, open_release: Release
) -> None:
    page = ana_site.get(FORM).content.decode()
    assert "There is no objects catalog that you may use" in page
    assert 'name="display_name"' not in page


def test_a_release_of_another_group_is_not_listed(
    ana_site: Client, chosen: Product, sky: Release, closed_release: Release
) -> None:
    Release.objects.filter(pk=sky.pk).update(is_public=False)
    sky.access_groups.set(closed_release.access_groups.all())
    assert "There is no objects catalog" in ana_site.get(FORM).content.decode()


def test_the_first_release_is_chosen_with_what_it_preselects(
    ana_site: Client, chosen: Product
) -> None:
    page = ana_site.get(FORM).content.decode()
    assert '<option value="sky" selected>The sky</option>' in page
    assert '<option value="cModel" selected>cModel</option>' in page
    assert '<option value="sfd" selected>SFD</option>' in page
    assert "This release has both." in page
    assert 'value="g_cModelMag_sfd"' in page
    assert 'value="g_psfMag_sfd"' not in page


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        (
            {"has_flux_hats": False},
            ["This release has magnitudes only.", "checked disabled>"],
        ),
        (
            {"has_mag_hats": False},
            ["This release has fluxes only; AB magnitudes are computed with zero point 31.4."],
        ),
        (
            {"fluxes": [{"name": "cModel", "display_name": "C", "selected": True},
                        {"name": "psf", "display_name": "P", "disabled": True}]},
            ['<option value="psf" disabled>P (not available)</option>'],
        ),
        ({"fluxes": None, "dereddening": None}, ["as the release has it"]),
    ],
)  # fmt: skip
def test_what_a_release_has_decides_what_can_be_chosen(
    ana_site: Client, chosen: Product, fields: dict[str, Any], shown: list[str]
) -> None:
    Release.objects.filter(name="sky").update(**fields)
    page = ana_site.get(FORM).content.decode()
    assert [text for text in shown if text not in page] == []


def test_a_filled_form_starts_a_run(ana_site: Client, chosen: Product, ana: User) -> None:
    changes = {
        "description": "for tests",
        "flux_type": "psf",
        "dereddening": "none",
        "radius_arcsec": "0.75",
        "n_neighbors": "2",
        "unique": "best",
        "selected_cols": ["i_psfMag", "objectId"],
        "random_seed": "5",
        "output_format": "hats",
    }
    answer = ana_site.post(FORM, filled(chosen, **changes))
    process = Process.objects.get()
    assert answer["Location"] == f"/jobs/{process.pk}"
    parameters = process.used_config["param"]
    told = ("flux_type", "dereddening", "unique", "selected_cols", "random_seed")
    assert {name: parameters[name] for name in told} == {
        "flux_type": "psf",
        "dereddening": "none",
        "unique": "best",
        "selected_cols": ["i_psfMag", "objectId"],
        "random_seed": 5,
    }
    crossmatch = parameters["crossmatch"]
    assert (crossmatch["radius_arcsec"], crossmatch["n_neighbors"]) == (0.75, 2)
    assert process.used_config["output_format"] == "hats"
    assert (process.user, process.upload.description) == (ana, "for tests")


def test_what_is_wrong_is_said_at_its_field_and_the_rest_is_kept(
    ana_site: Client, chosen: Product
) -> None:
    wrong = {"display_name": "", "radius_arcsec": "0", "train_fraction": "1", "n_neighbors": "0"}
    answer = ana_site.post(FORM, filled(**wrong, description="my words", flux_type="psf"))
    page = unescape(answer.content.decode())
    assert answer.status_code == 400
    for sentence in (
        "Give the training set a name.",
        "Choose a redshift catalog.",
        "The distance must be more than 0 arcsec.",
        "The share must lie between 0 and 1, without them.",
        "Ensure this value is greater than or equal to 1.",
    ):
        assert sentence in page
    assert "my words" in page
    assert '<option value="psf" selected>' in page
    assert not Process.objects.exists()


def test_a_choice_that_the_release_does_not_offer_is_said_at_its_field(
    ana_site: Client, chosen: Product
) -> None:
    answer = ana_site.post(FORM, filled(chosen, flux_type="auto"))
    assert answer.status_code == 400
    assert "The sky does not offer “auto”; choose one of the list." in answer.content.decode()


def test_a_catalog_of_another_type_counts_as_none(
    ana_site: Client, chosen: Product, product_factory: Any, ana: User
) -> None:
    other = product_factory(ana, name="mine", type_name="training_set")
    answer = ana_site.post(FORM, filled(other))
    assert "Not found, or not a published redshift catalog" in answer.content.decode()


def test_preflight_tells_sky_matches_and_the_run_as_a_program(
    ana_site: Client, chosen: Product, training: Pipeline, sky: Release
) -> None:
    form = filled(chosen, radius_arcsec="2.5", output_format="csv")
    fragment = unescape(ana_site.post(PREFLIGHT, form).content.decode())
    for words in ("Ready", "Overlap", "deg²", "≈ 60", "1 partition", "_to_learn_from"):
        assert words in fragment
    assert f"tsm.set_redshift(internal_name='{chosen.internal_name}')" in fragment
    assert "tsm.set_release(name='sky')" in fragment
    assert "'crossmatch': {'radius_arcsec': 2.5}" in fragment
    assert f'"release": {sky.pk},' in fragment
    assert f"pz train {chosen.internal_name} --release sky --name 'To learn from'" in fragment
    assert "--param crossmatch.radius_arcsec=2.5" in fragment
    assert "--format csv" in fragment


def test_what_would_stop_the_run_is_told_before_and_stops_it(
    ana_site: Client, training: Pipeline, sky: Release, catalog: CatalogMaker, ana: User
) -> None:
    elsewhere = catalog(ana, "elsewhere", 200.0)
    fragment = ana_site.post(PREFLIGHT, filled(elsewhere)).content.decode()
    assert "1 problem" in fragment
    assert "do not overlap on the sky" in fragment
    answer = ana_site.post(FORM, filled(elsewhere))
    assert answer.status_code == 400
    assert not Process.objects.exists()


def test_an_unknown_column_is_a_problem_with_near_names(ana_site: Client, chosen: Product) -> None:
    form = filled(chosen, selected_cols=["g_cModlMag_sfd"])
    fragment = unescape(ana_site.post(PREFLIGHT, form).content.decode())
    assert "Did you mean g_cModelMag_sfd?" in fragment


def test_an_address_fills_the_form_in(ana_site: Client, chosen: Product) -> None:
    query = {
        "catalog": chosen.internal_name,
        "release": "sky",
        "flux_type": "psf",
        "convert_flux_to_mag": "off",
        "radius_arcsec": "0.5",
        "unique": "nearest",
        "selected_cols": "objectId, i_psfFlux_sfd",
    }
    page = ana_site.get(FORM, query).content.decode()
    row = f'value="{chosen.internal_name}" id="catalog-{chosen.pk}" checked'
    for words in (
        row,
        '<option value="psf" selected>',
        'name="radius_arcsec" value="0.5"',
        'value="nearest" checked',
        'name="selected_cols" value="i_psfFlux_sfd" checked',
    ):
        assert words in page
    switch = page.partition('id="id_convert_flux_to_mag"')[2].partition(">")[0]
    assert "checked" not in switch


def test_a_release_that_cannot_be_chosen_gives_way_to_the_first(
    ana_site: Client, chosen: Product
) -> None:
    page = ana_site.get(FORM, {"release": "gone", "flux_type": "gaap"}).content.decode()
    assert '<option value="sky" selected>The sky</option>' in page
    assert '<option value="cModel" selected>cModel</option>' in page


def test_without_script_a_search_keeps_what_was_filled_in(
    ana_site: Client, chosen: Product
) -> None:
    form = filled(chosen, action="search", q="nothing like it", radius_arcsec="3")
    form.pop("convert_flux_to_mag")
    page = ana_site.post(FORM, form, follow=True).content.decode()
    assert f'value="{chosen.internal_name}" id="catalog-{chosen.pk}" checked' in page
    assert 'name="radius_arcsec" value="3"' in page
    assert "checked" not in page.partition('id="id_convert_flux_to_mag"')[2].partition(">")[0]


@pytest.fixture
def ended(ana: User, chosen: Product, training: Pipeline, sky: Release) -> Callable[..., Process]:
    """Return a maker of ana's runs that have ended."""

    def make(phase: Phase, **fields: Any) -> Process:
        process = submit_process(
            actor=ana,
            pipeline=training,
            display_name="Done",
            inputs=[chosen],
            parameters={"crossmatch": {"radius_arcsec": 0.01}},
            release=sky,
        )
        Process.objects.filter(pk=process.pk).update(
            phase=phase, started_at=process.created_at, ended_at=process.created_at, **fields
        )
        process.refresh_from_db()
        return process

    return make


SUMMARY = {
    "rows_in": 1234,
    "rows_out": 1100,
    "rows_without_position": 3,
    "matching": {
        "redshifts_matched": 1111,
        "objects_matched": 1050,
        "pairs_removed": 11,
        "median_separation_arcsec": 0.1234,
    },
    "photometry": {
        "kind": "mag",
        "flux_type": "cModel",
        "dereddening": "sfd",
        "how": "converted",
        "zero_point": 31.4,
        "extinction_coefficients": None,
        "invalid": {
            "u_cModelMag_sfd": {"rows": 416, "not_positive": 400, "missing": 16, "no_error": 5},
            "g_cModelMag_sfd": {"rows": 0, "no_error": 7},
        },
    },
    "split": {"train_rows": 770, "test_rows": 330, "random_seed": 99, "groups": 1050},
    "warnings": [{"code": "x", "message": "columns are taken as they are"}],
}


def test_a_finished_run_tells_what_it_did(ana_site: Client, ended: Callable[..., Process]) -> None:
    process = ended(Phase.COMPLETED, summary=SUMMARY)
    for address in (f"/jobs/{process.pk}", f"/product/{process.upload.internal_name}/run"):
        page = unescape(ana_site.get(address).content.decode())
        for words in (
            "1,234", "1,111", "770", "330", "cModel AB magnitudes", "31.4", "0.123″",
            "u_cModelMag_sfd", "416", "columns are taken as they are",
        ):  # fmt: skip
            assert words in page, (address, words)
        assert "g_cModelMag_sfd" not in page
    page = ana_site.get(f"/jobs/{process.pk}").content.decode()
    assert f'href="{FORM}?job={process.pk}"' in page
    assert "Threshold distance, arcsec" in page
    assert "The sky" in page


def test_the_settings_of_a_run_fill_the_form_in(
    ana_site: Client, ended: Callable[..., Process], chosen: Product
) -> None:
    process = ended(Phase.ERROR, error={"code": "no_match", "message": "x", "data": {}})
    page = ana_site.get(FORM, {"job": process.pk}).content.decode()
    assert f'value="{chosen.internal_name}" id="catalog-{chosen.pk}" checked' in page
    assert 'name="radius_arcsec" value="0.01"' in page
    assert '<option value="parquet" selected>' in page


@pytest.mark.parametrize(
    ("code", "data", "title", "fix", "query"),
    [
        ("no_match", {"radius_arcsec": 1.0}, "No object is near enough to any redshift",
         "Match within 3 arcsec", "radius_arcsec=3"),
        ("no_overlap", {}, "Redshifts and objects lie in different parts of the sky",
         "Choose other objects", "#objects"),
        ("photometry_not_available", {}, "The release has no such photometry",
         "Choose other objects", "#objects"),
        ("release_without_data", {}, "The objects of the release are not on this server",
         "Choose other objects", "#objects"),
        ("partition_unreadable", {}, "A part of the object catalog is damaged",
         "Choose other objects", "#objects"),
        ("no_quality_flag", {}, "The catalog has no quality flag to choose by",
         "Choose the nearest instead", "unique=nearest"),
        ("dust_map_unavailable", {}, "The dust map is not installed on this server",
         "Run without dereddening", "dereddening=none"),
        ("coordinates_out_of_range", {}, "Some positions are not on the sky",
         "Change the settings", ""),
    ],
)  # fmt: skip
def test_a_failure_is_told_with_the_way_out(
    ana_site: Client,
    ended: Callable[..., Process],
    code: str,
    data: dict[str, Any],
    title: str,
    fix: str,
    query: str,
) -> None:
    error = {"code": code, "message": "What happened, in a sentence.", "data": data}
    process = ended(Phase.ERROR, error=error)
    page = unescape(ana_site.get(f"/jobs/{process.pk}").content.decode())
    assert title in page
    assert "What happened, in a sentence." in page
    button = page.partition(f">{fix}<")[0].rpartition('href="')[2].partition('"')[0]
    assert button.startswith(f"{FORM}?job={process.pk}")
    assert query in button
    assert json.dumps(code) in page
