"""Photometric columns told from names that releases have."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzpipelines.objects.bands import Band, detect
from pzpipelines.objects.catalog import open_objects


@pytest.mark.parametrize(
    ("names", "flux_type", "kind", "dereddening", "bands"),
    [
        (["mag_g", "magerr_g"], None, "mag", None, [Band("g", "mag_g", "magerr_g")]),
        (
            ["mag_dered_r", "magerr_dered_r"], None, "mag", "dered",
            [Band("r", "mag_dered_r", "magerr_dered_r")],
        ),
        (["flux_u", "flurerr_u"], None, "flux", None, [Band("u", "flux_u", "flurerr_u")]),
        (["flux_u", "fluxerr_u"], None, "flux", None, [Band("u", "flux_u", "fluxerr_u")]),
        (
            ["y_cModelMag_dered", "y_cModelMagErr_dered"], "cModel", "mag", "dered",
            [Band("y", "y_cModelMag_dered", "y_cModelMagErr_dered")],
        ),
        (
            ["i_gaap1p0Flux", "i_gaap1p0FluxErr"], "gaap1p0", "flux", None,
            [Band("i", "i_gaap1p0Flux", "i_gaap1p0FluxErr")],
        ),
        (
            ["z_psfMag_sfd", "z_psfMagErr_sfd"], "psf", "mag", "sfd",
            [Band("z", "z_psfMag_sfd", "z_psfMagErr_sfd")],
        ),
        (
            ["mag_g", "mag_Y", "magerr_Y"], None, "mag", None,
            [Band("g", "mag_g", None), Band("Y", "mag_Y", "magerr_Y")],
        ),
        (
            ["MAG_AUTO_G_DERED", "MAGERR_AUTO_G"], "AUTO", "mag", "dered",
            [Band("G", "MAG_AUTO_G_DERED", "MAGERR_AUTO_G")],
        ),
    ],
)  # fmt: skip
def test_photometry_is_told_from_the_names_of_releases(
    names: list[str], flux_type: str | None, kind: str, dereddening: str | None, bands: list[Band]
) -> None:
    [found] = detect(["objectId", "coord_ra", "coord_dec", *names]).sets
    assert (found.flux_type, found.kind, found.dereddening) == (flux_type, kind, dereddening)
    assert list(found.bands) == bands


def test_flux_types_and_bands_are_listed_once() -> None:
    names = [f"{band}_{model}{kind}" for model in ("cModel", "psf") for band in "gr"
             for kind in ("Flux", "FluxErr", "Mag")]  # fmt: skip
    found = detect(names)
    assert found.flux_types == ["cModel", "psf"]
    assert found.bands == ["g", "r"]
    assert len(found.sets) == 4


def test_other_columns_are_no_photometry() -> None:
    names = ["u_cModelFlux_flag", "z", "mag", "z_flag", "g_ixx", "magerr_g", "e_Jmag", "r_Jmag",
             "refExtendedness", "flux", "g_cModelFlux_inner", "EXTENDED_CLASS_COADD"]  # fmt: skip
    assert detect(names).sets == ()


def test_a_redshift_catalog_of_vizier_has_none(samples: Path) -> None:
    assert detect(open_objects(samples / "elaisfbmc_collection").schema.names).sets == ()
