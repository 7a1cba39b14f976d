"""Small redshift catalogs in three formats, each in its own survey's convention."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pztables.formats import write_table


@dataclass(frozen=True)
class Survey:
    """How a survey names its columns and grades its redshifts."""

    name: str
    file: str
    columns: tuple[str, str, str, str, str]
    flags: tuple[int, ...]


SURVEYS = (
    Survey("VVDS", "vvds.csv", ("NUM", "ALPHA", "DELTA", "Z", "ZFLAGS"), (3, 4)),
    Survey("2DFGRS", "2dfgrs.fits", ("name", "ra_deg", "dec_deg", "z", "quality"), (4, 5)),
    Survey("6DFGS", "6dfgs.parquet", ("SPECID", "RA_deg", "DEC_deg", "Z", "QUALITY"), (3, 4)),
)
N_ROWS = 40


def write_catalog(survey: Survey, folder: Path, *, seed: int) -> Path:
    """Write the same 40 galaxies as one survey saw them: each a little elsewhere."""
    sky = np.random.default_rng(7)
    noise = np.random.default_rng(seed)
    ra, dec = sky.uniform(150, 151, N_ROWS), sky.uniform(2, 3, N_ROWS)
    z = sky.uniform(0.05, 0.9, N_ROWS)
    name_id, name_ra, name_dec, name_z, name_flag = survey.columns
    table = pa.table(
        {
            name_id: [f"{survey.name}-{number:04d}" for number in range(N_ROWS)],
            name_ra: ra + noise.normal(0, 0.00002, N_ROWS),
            name_dec: dec + noise.normal(0, 0.00002, N_ROWS),
            name_z: z + noise.normal(0, 0.0001, N_ROWS),
            name_flag: [survey.flags[number % len(survey.flags)] for number in range(N_ROWS)],
            "survey_name": [survey.name] * N_ROWS,
        }
    )
    path = folder / survey.file
    write_table(table, path)
    return path


def convert_sample(sample: Path, target: Path) -> int:
    """Write the plain columns of a real sample in another format; return its rows."""
    table = pq.read_table(sample)
    plain = [
        field.name
        for field in table.schema
        if pa.types.is_integer(field.type)
        or pa.types.is_floating(field.type)
        or pa.types.is_string(field.type)
    ]
    write_table(table.select(plain), target)
    return int(table.num_rows)
