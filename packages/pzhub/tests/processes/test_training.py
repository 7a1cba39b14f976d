"""Submitting training sets: the release, its photometry, the format; what the run is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductFile, ProductStatus, Release
from pzhub.catalog.services import metadata_of
from pzhub.core.models import AuditEntry
from pzhub.core.storage import data_path
from pzhub.processes.models import Phase, Pipeline, Process
from pzhub.processes.pipelines import job_for
from pzhub.processes.reconciler import ReconcilePolicy
from pzhub.processes.services import rerun_process, submit_process
from pztables.errors import UserError

pytestmark = pytest.mark.django_db
CatalogMaker = Callable[..., Product]
Submit = Callable[..., Process]


@pytest.fixture
def train(ana: User, training: Pipeline, redshifts: CatalogMaker, sky: Release) -> Submit:
    """Return a function that submits a training set of ana's from fresh redshifts."""

    def make(**options: Any) -> Process:
        given = {"display_name": "To learn from", "parameters": {}, "release": sky, **options}
        if "inputs" not in given:
            given["inputs"] = [redshifts(ana)]
        return submit_process(**{"actor": ana, "pipeline": training, **given})

    return make


@pytest.fixture
def refused(train: Submit, redshifts: CatalogMaker, ana: User) -> Callable[..., UserError]:
    """Return a function that submits, expects a refusal, and checks that nothing was kept."""
    inputs = [redshifts(ana)]

    def submit(**options: Any) -> UserError:
        before = (Product.objects.count(), AuditEntry.objects.count())
        with pytest.raises(UserError) as refusal:
            train(**{"inputs": inputs, **options})
        assert Process.objects.count() == 0
        assert (Product.objects.count(), AuditEntry.objects.count()) == before
        return refusal.value

    return submit


def test_what_is_not_asked_for_is_the_choice_of_the_release(train: Submit, sky: Release) -> None:
    process = train()
    parameters = process.used_config["param"]
    told = ("flux_type", "convert_flux_to_mag", "dereddening", "train_fraction")
    assert {name: parameters[name] for name in told} == {
        "flux_type": "cModel",
        "convert_flux_to_mag": True,
        "dereddening": "sfd",
        "train_fraction": 0.7,
    }
    assert parameters["crossmatch"]["radius_arcsec"] == 1.0
    assert process.release == process.upload.release == sky
    assert process.upload.product_type.name == "training_set"


def test_names_are_taken_in_any_case_and_kept_as_the_release_writes_them(train: Submit) -> None:
    process = train(parameters={"flux_type": "PSF", "dereddening": "NONE"})
    parameters = process.used_config["param"]
    assert (parameters["flux_type"], parameters["dereddening"]) == ("psf", "none")
    switched_off = train(parameters={"flux_type": "", "dereddening": False})
    parameters = switched_off.used_config["param"]
    assert (parameters["flux_type"], parameters["dereddening"]) == ("cModel", "none")


def test_the_job_names_the_objects_of_the_release_and_never_those_of_a_user(
    train: Submit, objects_folder: Path, data_dir: Path
) -> None:
    job = job_for(train())
    assert job["objects"] == {
        "path": str(objects_folder),
        "name": "sky",
        "indexing_column": "objectId",
        "dust_maps": str(data_dir / "dust_maps"),
    }
    assert job["output"] == {"name": "tsm", "format": "parquet"}
    assert [item["format"] for item in job["inputs"]] == ["parquet"]


def test_provenance_describes_the_objects_without_a_path(
    train: Submit, objects_folder: Path, sky: Release
) -> None:
    config = train().used_config
    assert sky.object_catalog is not None
    assert str(objects_folder) not in str(config)
    dataset = dict(config["inputs"]["dataset"])
    assert len(dataset.pop("sha256")) == 64
    assert dataset == {
        "release": "sky",
        "columns": {"id": "objectId"},
        "rows": 400,
        "checked_at": sky.object_catalog["checked_at"],
    }


@pytest.mark.parametrize(
    ("main", "asked", "expected"),
    [
        ("a.parquet", None, "parquet"),
        ("a.csv", None, "csv"),
        ("a.FITS", "specz", "fits"),
        ("a.hf5", "same", "hdf5"),
        ("a.vot", None, "parquet"),  # which is not written
        ("a.csv", "hats", "hats"),
        ("a.csv", "pq", "parquet"),
    ],
)
def test_without_a_format_the_result_has_that_of_the_redshifts(
    train: Submit, redshifts: CatalogMaker, ana: User, main: str, asked: str, expected: str
) -> None:
    product = redshifts(ana)
    ProductFile.objects.filter(product=product).update(name=main)
    process = train(inputs=[product], output_format=asked)
    assert process.used_config["output_format"] == expected


def test_a_training_set_needs_a_release_that_its_maker_may_see(
    refused: Callable[..., UserError], sky: Release, closed_release: Release
) -> None:
    missing = refused(release=None)
    assert (missing.code, missing.message) == (
        "release_needed",
        "Training Set Maker needs a release, whose objects are matched; choose one.",
    )
    hidden = refused(release=closed_release)
    assert (hidden.code, hidden.message) == (
        "release_not_usable",
        f"There is no release {closed_release.pk}, or you may not see it.",
    )


def test_a_release_without_objects_is_named(
    refused: Callable[..., UserError], open_release: Release
) -> None:
    error = refused(release=open_release)
    assert error.code == "release_without_data"
    assert open_release.display_name in error.message
    assert "choose another release" in error.message


@pytest.mark.parametrize(
    ("parameters", "code", "words"),
    [
        ({"flux_type": "auto"}, "photometry_not_available", "'auto'; it has cModel, psf."),
        ({"flux_type": "cmodl"}, "photometry_not_available", "Did you mean cModel?"),
        ({"dereddening": "csfd"}, "photometry_not_available", "it has none, sfd."),
        ({"crossmatch": {"radius_arcsec": 0}}, "invalid_option", "radius_arcsec"),
        ({"crossmatch": {"radius_arcsec": 91}}, "invalid_option", "radius_arcsec"),
        ({"crossmatch": {"n_neighbors": 101}}, "invalid_option", "n_neighbors"),
        ({"train_fraction": 1.0}, "invalid_option", "train_fraction"),
        ({"selected_cols": ["g_cModlMag_sfd"]}, "unknown_column", "g_cModelMag_sfd"),
        ({"colour": 1}, "unknown_option", "colour"),
    ],
)
def test_what_the_release_does_not_have_is_refused_before_anything_is_written(
    refused: Callable[..., UserError], parameters: dict[str, Any], code: str, words: str
) -> None:
    error = refused(parameters=parameters)
    assert words in error.message
    assert error.code == code


def test_a_flux_type_that_is_switched_off_is_refused(
    refused: Callable[..., UserError], sky: Release
) -> None:
    assert sky.fluxes is not None
    Release.objects.update(fluxes=[sky.fluxes[0], {**sky.fluxes[1], "disabled": True}])
    sky.refresh_from_db()
    error = refused(parameters={"flux_type": "psf"})
    assert error.message == (
        "flux_type: 'psf' is not available in The sky at the moment; it has cModel."
    )


def test_exactly_one_redshift_catalog_is_taken(
    refused: Callable[..., UserError], redshifts: CatalogMaker, ana: User
) -> None:
    several = refused(inputs=[redshifts(ana, "one"), redshifts(ana, "two")])
    assert (several.code, several.message) == (
        "too_many_inputs",
        "Training Set Maker takes exactly one redshift catalog; 2 chosen.",
    )
    assert refused(inputs=[]).code == "too_few_inputs"


def test_a_photoz_code_is_refused_as_for_uploads(refused: Callable[..., UserError]) -> None:
    error = refused(pz_code="BPZ")
    assert error.message == "A photo-z code must be null for the type Training Set."


def test_a_run_registers_a_training_set_with_its_columns(train: Submit, steps: Any) -> None:
    options = {"random_seed": 7, "selected_cols": ["i_cModelMag_sfd", "objectId"]}
    process = steps.settled(train(parameters=options, output_format="fits"), ReconcilePolicy())
    assert process.phase == Phase.COMPLETED, process.error
    product = steps.product(process)
    meanings = dict(product.columns.exclude(alias=None).values_list("alias", "column_name"))
    assert (product.status, product.release.name) == (ProductStatus.PUBLISHED, "sky")
    assert meanings == {"RA": "RA", "Dec": "DEC", "z": "Z", "z_flag": "QF", "survey": "SV"}
    names = list(product.columns.order_by("order").values_list("column_name", flat=True))
    assert names[5:] == ["i_cModelMag_sfd", "objectId", "_dist_arcsec", "is_training_set"]
    assert process.summary["rows_out"] == 60
    assert process.summary["split"]["random_seed"] == 7
    told = metadata_of(product)
    assert (told["split"]["random_seed"], told["split"]["train_rows"]) == (7, 42)
    assert told["photometry"] == process.summary["photometry"]
    assert told["photometry"]["zero_point"] == 31.4
    table = pq.read_table(data_path(product.inspection.canonical_path))
    assert sum(table["is_training_set"].to_pylist()) == 42
    assert all(abs(each - 0.1) < 1e-3 for each in table["_dist_arcsec"].to_pylist())


def test_a_run_is_submitted_again_with_its_release(train: Submit, ana: User, sky: Release) -> None:
    first = train(parameters={"unique": "nearest"}, output_format="csv")
    assert isinstance(first.used_config["param"]["random_seed"], int)  # drawn, told, repeated
    again = rerun_process(actor=ana, process=first)
    assert (again.release, again.used_config) == (sky, first.used_config)
    assert again.upload != first.upload


def test_a_run_is_not_submitted_again_once_the_release_is_out_of_sight(
    train: Submit, ana: User, sky: Release, closed_release: Release
) -> None:
    first = train()
    Release.objects.filter(pk=sky.pk).update(is_public=False)
    sky.access_groups.set(closed_release.access_groups.all())
    with pytest.raises(UserError) as refusal:
        rerun_process(actor=ana, process=first)
    assert refusal.value.code == "release_not_usable"
    assert Process.objects.count() == 1


def test_objects_that_went_away_fail_the_run_with_a_sentence(
    train: Submit, steps: Any, sky: Release
) -> None:
    process = train()
    Release.objects.filter(pk=sky.pk).update(objects_path="gone")
    ended = steps.settled(process, ReconcilePolicy())
    assert ended.phase == Phase.ERROR
    assert ended.error["code"] == "release_without_data"
    assert "The object catalog of The sky is not on this server" in ended.error["message"]
