"""Generate an object catalog with photometry for the demo's redshifts; nothing was observed.

It holds the population that the demo's surveys measure, and as many fainter objects: fluxes
in nanojansky of six bands as LSST calls them, measured in two ways (cModel and psf), as
observed and corrected for dust. Galaxies redden with redshift as a break in their spectrum
moves through the bands, so that there is something to learn; noise makes faint fluxes
negative now and then, as in nature.

The same arguments always give the same table.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pzhub.core.storage import remove_tree
from pzhub.demo.generate import FIELD_DEC_DEG, SEED, FloatArray, Population, draw_population
from pzpipelines.runtime.hats import write_hats_collection

#: Effective wavelength (nm), depth (5 sigma, AB) and A/E(B-V) of each band.
BANDS: Final = {
    "u": (368.0, 25.3, 4.81),
    "g": (480.0, 26.2, 3.64),
    "r": (622.0, 26.2, 2.70),
    "i": (754.0, 25.6, 2.06),
    "z": (869.0, 24.9, 1.58),
    "y": (971.0, 24.0, 1.31),
}
#: Share of the light that each measurement catches, for galaxies.
MODELS: Final = {"cModel": 1.0, "psf": 0.8}
#: Of the field; real maps say much the same.
E_BV: Final = 0.008
ZERO_POINT: Final = 31.4
FIRST_ID: Final = 2_990_000_000_000_000_000
_FAINTER_MAG: Final = 2.0
_ASTROMETRY_DEG: Final = 0.02 / 3600
_BREAK_NM, _BREAK_WIDTH_NM, _BELOW_BREAK = 400.0, 60.0, 0.25


def generate_objects(seed: int = SEED) -> pa.Table:
    """Return the objects of the demo: identifier, position, extendedness, fluxes and errors.

    Parameters
    ----------
    seed
        That of the redshift catalogs (`pzhub.demo.generate`), so that they match.
    """
    rng = np.random.default_rng([seed, 99])
    bright, faint = draw_population(seed=seed), draw_population(seed=seed + 1)
    columns = [_columns_of(bright, 0.0, rng), _columns_of(faint, _FAINTER_MAG, rng)]
    merged = {name: np.concatenate([each[name] for each in columns]) for name in columns[0]}
    n_objects = len(merged["coord_ra"])
    table = pa.table({"objectId": FIRST_ID + np.arange(n_objects) * 7, **merged})
    fields = [_with_unit(field) for field in table.schema]
    return table.cast(pa.schema(fields))


def _columns_of(
    population: Population, fainter_mag: float, rng: np.random.Generator
) -> dict[str, NDArray[np.float64 | np.float32]]:
    n = population.ra.size
    columns: dict[str, NDArray[np.float64 | np.float32]] = {
        "coord_ra": population.ra
        + rng.normal(0, _ASTROMETRY_DEG, n) / np.cos(np.radians(FIELD_DEC_DEG)),
        "coord_dec": population.dec + rng.normal(0, _ASTROMETRY_DEG, n),
        "refExtendedness": (~population.is_star).astype(np.float32),
    }
    reference = _flux_njy(population.mag + fainter_mag) / _transmitted(population, "i")
    for model, caught in MODELS.items():
        share = np.where(population.is_star, 1.0, caught)
        for band, (_nm, depth, coefficient) in BANDS.items():
            error = np.full(n, _flux_njy(depth) / 5) * rng.lognormal(0, 0.1, n)
            dust = 10 ** (-0.4 * coefficient * E_BV)
            flux = reference * _transmitted(population, band) * share * dust
            flux = flux + rng.normal(0, 1, n) * error
            columns |= {
                f"{band}_{model}Flux": flux.astype(np.float32),
                f"{band}_{model}FluxErr": error.astype(np.float32),
                f"{band}_{model}Flux_sfd": (flux / dust).astype(np.float32),
                f"{band}_{model}FluxErr_sfd": (error / dust).astype(np.float32),
            }
    return columns


def _flux_njy(mag: FloatArray | float) -> FloatArray:
    return np.asarray(10 ** (-0.4 * (np.asarray(mag) - ZERO_POINT)))


def _transmitted(population: Population, band: str) -> FloatArray:
    """Return how bright galaxies are in a band: less below the break, which redshift moves."""
    wavelength = BANDS[band][0]
    above = 1 / (1 + np.exp(-(wavelength - _BREAK_NM * (1 + population.z)) / _BREAK_WIDTH_NM))
    slope = np.asarray((wavelength / BANDS["i"][0]) ** 0.7)
    return np.asarray((_BELOW_BREAK + (1 - _BELOW_BREAK) * above) * slope)


def _with_unit(field: pa.Field) -> pa.Field:
    if "Flux" in field.name:
        return field.with_metadata({b"unit": b"nJy"})
    return field.with_metadata({b"unit": b"deg"}) if field.name.startswith("coord") else field


def write_objects(table: pa.Table, folder: Path) -> None:
    """Write objects as a HATS collection with margin, whole or not at all."""
    draft = folder.with_name(f".{folder.name}.partial")
    remove_tree(draft)
    draft.parent.mkdir(parents=True, exist_ok=True)
    write_hats_collection(
        draft,
        name=folder.name,
        ra=table["coord_ra"].to_numpy(),
        dec=table["coord_dec"].to_numpy(),
        schema=table.schema,
        take=lambda rows: table.take(pa.array(rows)),
        progress=lambda share: None,
        position_columns=("coord_ra", "coord_dec"),
    )
    os.replace(draft, folder)
