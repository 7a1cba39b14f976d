"""Small object catalogs as releases have them, for the tests of registering."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from object_catalogs import uniform_sky, write_hats

N_OBJECTS = 400


def write_flux_catalog(folder: Path, *, n: int = N_OBJECTS, models: str = "cModel gaap1p0") -> None:
    """Write a HATS catalog of fluxes as Rubin names them, in several partitions."""
    ra, dec = uniform_sky(n, ra=(10, 14), dec=(-2, 2), seed=n)
    columns = {"objectId": pa.array(np.arange(n)), "coord_ra": ra, "coord_dec": dec}
    for model in models.split():
        for band in "gri":
            columns[f"{band}_{model}Flux"] = np.linspace(100, 9000, n)
            columns[f"{band}_{model}FluxErr"] = np.full(n, 10.0)
    folder.mkdir(parents=True)
    write_hats(folder, pa.table(columns), ra="coord_ra", dec="coord_dec", max_rows=n // 3)


def write_magnitude_catalog(folder: Path, *, n: int = 50) -> None:
    """Write a small HATS catalog of dereddened magnitudes, in one partition."""
    ra, dec = uniform_sky(n, ra=(10, 11), dec=(0, 1), seed=n)
    table = pa.table(
        {"id": pa.array(np.arange(n)), "ra": ra, "dec": dec, "mag_g": np.linspace(18, 25, n)}
    )
    folder.mkdir(parents=True)
    write_hats(folder, table)


def partition_of(folder: Path) -> Path:
    """Return the first data file of a catalog."""
    return sorted(folder.rglob("Npix=*.parquet"))[0]
