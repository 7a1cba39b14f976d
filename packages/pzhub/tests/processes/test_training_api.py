"""Training sets through the API, as published clients ask for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pzhub.accounts.models import TokenScope, User
from pzhub.catalog.models import Product, Release
from pzhub.processes.models import Pipeline, Process

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(
    training: Pipeline, sky: Release, redshifts: Callable[..., Product], ana: User
) -> dict[str, Any]:
    """Return what a client of old posts: all defaults back, changed by set_config, as text."""
    config = {
        "param": {
            "crossmatch": {"radius_arcsec": 1.0, "n_neighbors": 1, "output_catalog_name": "mine"},
            "use_absolute_lsdb_path": False,
            "duplicate_criteria": "closest",
            "selected_cols": [],
            "flux_type": "cmodel",
            "convert_flux_to_mag": True,
            "dereddening": "sfd",
            "split_method": "random",
            "train_fraction": 0.7,
            "random_seed": None,
        },
        "output_format": "csv",
    }
    return {
        "display_name": "Mine",
        "used_config": json.dumps(config),
        "pipeline": training.pk,
        "inputs": [redshifts(ana).pk],
        "release": sky.pk,
    }


def test_the_pipeline_is_described_as_published_clients_know_it(
    api: Any, ana: User, training: Pipeline
) -> None:
    (shown,) = api(ana).get("/api/pipelines/?name=training_set_maker").json()["results"]
    config = shown["system_config"]
    known = {
        "crossmatch": {"radius_arcsec": 1.0, "n_neighbors": 1},
        "use_absolute_lsdb_path": False,
        "selected_cols": [],
        "flux_type": "auto",
        "convert_flux_to_mag": True,
        "dereddening": "sfd",
        "split_method": "random",
        "train_fraction": 0.7,
        "random_seed": None,
    }
    assert {name: config["param"][name] for name in known} == known
    assert (config["output_name"], config["output_format"]) == ("tsm", None)
    assert "flags_translation_file" not in config["param"]
    types = {
        name: api(ana).get(f"/api/product-types/{key}/").json()["name"]
        for name, key in (
            ("in", shown["product_types_accepted"][0]),
            ("out", shown["output_product_type"]),
        )
    }
    assert types == {"in": "redshift_catalog", "out": "training_set"}


def test_a_request_of_a_client_of_old_is_understood(
    api: Any, ana: User, asked: dict[str, Any], sky: Release
) -> None:
    answer = api(ana).post("/api/processes/", asked, format="json")
    assert answer.status_code == 201, answer.content
    shown = answer.json()
    config = shown["used_config"]
    told = ("flux_type", "unique", "dereddening")
    assert {name: config["param"][name] for name in told} == {
        "flux_type": "cModel",
        "unique": "nearest",
        "dereddening": "sfd",
    }
    assert (config["output_name"], config["output_format"]) == ("tsm", "csv")
    assert config["inputs"]["dataset"]["release"] == "sky"
    assert (shown["release"], shown["release_name"], shown["status"]) == (
        sky.pk,
        "The sky",
        "Pending",
    )
    product = api(ana).get(f"/api/products/{shown['upload']}/").json()
    assert (product["product_type_internal_name"], product["release"]) == ("training_set", sky.pk)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"release": None}, "release", "needs a release"),
        ({"release": 999}, "release", "There is no release 999, or you may not see it."),
        ({"release": "sky"}, "release", "A release is named by its id"),
        ({"used_config": {"param": {"flux_type": "auto"}}}, "flux_type", "it has cModel, psf."),
        ({"used_config": {"param": {"objects": "/etc"}}}, None, "unknown option objects"),
        ({"used_config": {"inputs": {"dataset": {"path": "/"}}}}, "used_config", "is decided"),
        ({"output_format": "votable"}, "output_format", "'votable' is not one of"),
        ({"pz_code": "BPZ"}, "pz_code", "must be null"),
    ],
)
def test_a_wrong_request_is_refused_with_its_field(
    api: Any, ana: User, asked: dict[str, Any], changes: dict[str, Any], field: str, words: str
) -> None:
    answer = api(ana).post("/api/processes/", {**asked, **changes}, format="json")
    body = answer.json()
    assert answer.status_code == 400, body
    assert words in " ".join(body[field] if field else [body["error"]])
    assert Process.objects.count() == 0
    assert Product.objects.filter(product_type__name="training_set").count() == 0


def test_what_a_run_would_do_is_told_without_running_it(
    api: Any, ana: User, bob: User, asked: dict[str, Any], sky: Release
) -> None:
    path = f"/api/pipelines/{asked['pipeline']}/preflight/"
    body = {"inputs": asked["inputs"], "release": sky.pk}
    shown = api(ana, TokenScope.READ).post(path, body, format="json").json()
    told = ("rows_in", "expected_matches", "partitions", "problems", "release")
    assert {name: shown[name] for name in told} == {
        "rows_in": 60,
        "expected_matches": 60,
        "partitions": 1,
        "problems": [],
        "release": "sky",
    }
    assert shown["overlap_area_deg2"] > 0
    missing = api(ana).post(path, {"inputs": asked["inputs"]}, format="json")
    assert (missing.status_code, missing.json()["code"]) == (400, "release_needed")
    Release.objects.filter(pk=sky.pk).update(objects_path="gone")
    gone = api(bob).post(path, body, format="json")
    assert (gone.status_code, gone.json()["code"]) == (409, "release_without_data")
    assert Process.objects.count() == 0
