"""Releases that tests of whole runs share: written once, only read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from .releases import BANDS, fluxes, object_table, write_release

HATS = Path(__file__).parents[5] / "shared" / "data" / "hats"


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of HATS samples; the test is skipped where there is none."""
    if not HATS.is_dir():
        pytest.skip("the real samples are not at ../shared/data/hats")
    return HATS


@pytest.fixture(scope="session")
def flux_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One HATS catalog with fluxes of two kinds as observed."""
    psf = fluxes("psf")
    table = object_table(**fluxes(), **psf, refExtendedness=np.arange(3_000) % 2)
    return write_release(tmp_path_factory.mktemp("flux") / "dp1", table)


@pytest.fixture(scope="session")
def mag_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layout with prepared magnitudes (with sentinels), and fluxes that are not dereddened."""
    root = tmp_path_factory.mktemp("mag") / "dp02"
    random = np.random.default_rng(4)
    columns = {}
    for band in BANDS:
        magnitude = random.uniform(18, 27, 3_000)
        magnitude[random.random(3_000) < 0.1] = 99.0
        columns[f"mag_{band}"] = pa.array(magnitude, pa.float32())
        columns[f"magerr_{band}"] = pa.array(np.where(magnitude == 99, 99, 0.1), pa.float32())
    table = object_table(**columns, extendedness=["point", "extended"] * 1_500)
    write_release(root, table, below="mag/auto/sfd")
    plain = {name.replace("_cModelFlux", "_flux"): each for name, each in fluxes().items()}
    renamed = {f"flux{'err' if 'Err' in name else ''}_{name[0]}": v for name, v in plain.items()}
    return write_release(root, object_table(**renamed), below="flux/gaap1p0/none")


@pytest.fixture(scope="session")
def dust_maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small map in the format of SFD: E(B-V) is 0.03 north of the Galaxy, 0.05 south of it."""
    from astropy.io import fits

    folder = tmp_path_factory.mktemp("dust")
    (folder / "sfd").mkdir()
    for pole, value, sign in (("ngp", 0.03, 1), ("sgp", 0.05, -1)):
        header = fits.Header(
            {
                "CTYPE1": "GLON-ZEA", "CTYPE2": "GLAT-ZEA", "CRPIX1": 32.5, "CRPIX2": 32.5,
                "CRVAL1": 90.0, "CRVAL2": 90.0 * sign, "CD1_1": -2.5324, "CD2_2": 2.5324,
                "LONPOLE": 180.0,
            }
        )  # fmt: skip
        data = np.full((64, 64), value, np.float32)
        fits.PrimaryHDU(data, header).writeto(folder / "sfd" / f"SFD_dust_4096_{pole}.fits")
    return folder
