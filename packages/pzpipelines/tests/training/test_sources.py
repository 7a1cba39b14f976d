"""Which photometry is taken, and what it is called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pzpipelines.objects.catalog import open_objects
from pzpipelines.runtime.job import JobObjects
from pzpipelines.training.columns import computed_name, plan_columns
from pzpipelines.training.errors import PhotometryError
from pzpipelines.training.extinction import NoExtinctionCoefficientError
from pzpipelines.training.parameters import validate
from pzpipelines.training.sources import choose, look_at_release

from .releases import BANDS, object_table, write_release

ONES = np.ones(3_000)


def planned(
    root: Path, dust_maps: Path | None = None, **parameters: object
) -> tuple[str, list[str]]:
    """Return how photometry is made, and the photometric columns."""
    options = validate(parameters)
    release = look_at_release(JobObjects(path=root, name="dp1", dust_maps=dust_maps))
    recipe = choose(release, options)
    catalog = release.only or open_objects(recipe.source.path if recipe else root)
    plan = plan_columns(catalog, recipe, options)
    return (recipe.words if recipe else "as it is"), list(plan.names)[3:]


@pytest.mark.parametrize(
    ("column", "magnitude", "dereddened"),
    [
        ("g_cModelFlux", "g_cModelMag", "g_cModelMag_sfd"),
        ("g_cModelFluxErr", "g_cModelMagErr", "g_cModelMagErr_sfd"),
        ("g_cModelFlux_sfd", "g_cModelMag_sfd", "g_cModelMag_sfd_sfd"),
        ("flux_g", "mag_g", "mag_dered_g"),
        ("fluxerr_g", "magerr_g", "magerr_dered_g"),
        ("flurerr_g", "magerr_g", "magerr_dered_g"),
        ("FLUX_AUTO_G", "MAG_AUTO_G", "MAG_dered_AUTO_G"),
    ],
)
def test_computed_columns_follow_the_names_of_their_release(
    column: str, magnitude: str, dereddened: str
) -> None:
    assert computed_name(column, converts=True, dust_map=None) == magnitude
    assert computed_name(column, converts=True, dust_map="sfd") == dereddened


def test_one_catalog_with_everything_gives_what_is_asked_for(
    tmp_path: Path, dust_maps: Path
) -> None:
    table = object_table(
        g_psfFlux=ONES, g_psfFluxErr=ONES, g_cModelMag=ONES, g_cModelMag_sfd=ONES, g_cModelFlux=ONES
    )
    root = write_release(tmp_path / "all", table)
    # the usual flux type, and of it the one that is there already
    assert planned(root) == ("prepared", ["g_cModelMag_sfd"])
    assert planned(root, dereddening="none") == ("prepared", ["g_cModelMag"])
    assert planned(root, convert_flux_to_mag=False, dereddening="none") == (
        "prepared", ["g_cModelFlux"],
    )  # fmt: skip
    assert planned(root, flux_type="psf") == ("converted", ["g_psfMag", "g_psfMagErr"])
    assert planned(root, dust_maps, flux_type="PSF") == (
        "converted and dereddened", ["g_psfMag_sfd", "g_psfMagErr_sfd"],
    )  # fmt: skip
    assert planned(root, dust_maps, flux_type="psf", convert_flux_to_mag=False) == (
        "dereddened", ["g_psfFlux_sfd", "g_psfFluxErr_sfd"],
    )  # fmt: skip
    with pytest.raises(PhotometryError, match="has no cModel fluxes") as refusal:
        planned(root, convert_flux_to_mag=False, dereddening="other")
    assert refusal.value.data["option"] == "dereddening"


def test_several_flux_types_without_a_usual_one_must_be_chosen_from(tmp_path: Path) -> None:
    root = write_release(tmp_path / "two", object_table(g_psfMag=ONES, g_ap12Mag=ONES))
    with pytest.raises(PhotometryError, match="choose one of psf, ap12"):
        planned(root)
    assert planned(root, flux_type="ap12", dereddening="none") == ("prepared", ["g_ap12Mag"])


def test_dereddened_by_a_map_that_is_not_named_is_dereddened(tmp_path: Path) -> None:
    table = object_table(**{f"mag_dered_{band}": ONES for band in BANDS}, mag_g=ONES)
    root = write_release(tmp_path / "dered", table)
    dereddened = [f"mag_dered_{band}" for band in BANDS]
    assert planned(root) == planned(root, dereddening="sfd") == ("prepared", dereddened)
    assert planned(root, dereddening="none") == ("prepared", ["mag_g"])


def test_prepared_catalogs_are_preferred_to_computed_ones(tmp_path: Path, dust_maps: Path) -> None:
    root = tmp_path / "layout"
    write_release(root, object_table(brightness=ONES), below="mag/auto/sfd")
    write_release(root, object_table(g_autoFlux=ONES), below="flux/auto/none")
    assert planned(root, dust_maps) == ("prepared", ["brightness"])
    assert planned(root, dust_maps, dereddening="none") == ("converted", ["g_autoMag"])


def test_what_needs_a_map_that_is_not_installed_is_not_offered(
    tmp_path: Path, dust_maps: Path
) -> None:
    table = object_table(g_cModelFlux=ONES, g_cModelMag_sfd=ONES)
    root = write_release(tmp_path / "mixed", table)
    fluxes = {
        maps: [
            each["dereddening"]
            for each in look_at_release(
                JobObjects(path=root, name="mixed", dust_maps=maps)
            ).available()["conversions"]
            if each["kind"] == "flux"
        ]
        for maps in (None, dust_maps)
    }
    assert fluxes == {None: ["none"], dust_maps: ["none", "sfd"]}
    # Nobody asked for dereddening: fluxes as they were observed, though magnitudes have it.
    assert planned(root, convert_flux_to_mag=False) == ("prepared", ["g_cModelFlux"])


def test_what_cannot_be_computed_from_its_columns_is_refused(
    tmp_path: Path, dust_maps: Path
) -> None:
    root = tmp_path / "layout"
    write_release(root, object_table(brightness=ONES), below="flux/auto/none")
    with pytest.raises(PhotometryError, match="do not show which of them are fluxes of auto"):
        planned(root)
    other = write_release(tmp_path / "infrared", object_table(g_psfMag=ONES, J_psfMag=ONES))
    with pytest.raises(NoExtinctionCoefficientError, match="no coefficient for band J"):
        planned(other, dust_maps)
    chosen = ["objectId", "coord_ra", "coord_dec", "g_psfMag_sfd"]
    assert planned(other, dust_maps, selected_cols=chosen)[1] == ["g_psfMag_sfd"]
