"""Generate redshift catalogs that look like those of real surveys; nothing in them was observed.

One population of galaxies and a few stars is drawn in the Extended Chandra Deep Field
South with a fixed seed. Each survey then measures part of it in its own way: its own
column names and units, a scatter of positions and redshifts, and quality flags by its
own convention (numbers, letters, a confidence from 0 to 1, codes whose last digit
counts). Because surveys measured the same objects, combining them finds duplicates.

The same arguments always give the same tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

SEED: Final = 20261121
#: Centre and half width of the field, ICRS degrees.
FIELD_RA_DEG, FIELD_DEC_DEG, FIELD_HALF_WIDTH_DEG = 53.13, -28.10, 0.5
STAR_FRACTION: Final = 0.03

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Population:
    """Objects on the sky.

    Attributes
    ----------
    ra, dec
        ICRS degrees, shape ``(n,)``.
    z
        Redshift; near 0 for stars.
    mag
        Apparent magnitude, AB.
    is_star
        Whether it is a star.
    """

    ra: FloatArray
    dec: FloatArray
    z: FloatArray
    mag: FloatArray
    is_star: NDArray[np.bool_]


@dataclass(frozen=True)
class Observed:
    """What a survey measured of part of the population, in its order.

    Attributes
    ----------
    index
        Which objects, shape ``(n,)``.
    ra, dec, z, z_err, mag
        As measured.
    confidence
        Probability that the redshift is right, 0 to 1.
    is_star
        Whether the survey saw a star.
    """

    index: IntArray
    ra: FloatArray
    dec: FloatArray
    z: FloatArray
    z_err: FloatArray
    mag: FloatArray
    confidence: FloatArray
    is_star: NDArray[np.bool_]


@dataclass(frozen=True)
class DemoCatalog:
    """One generated catalog.

    Attributes
    ----------
    name
        Name for people.
    file_name
        Its suffix decides the format.
    roles
        Column by role, as `pztables.roles` names them.
    table
        Survey's columns.
    description
        Markdown.
    """

    name: str
    file_name: str
    roles: Mapping[str, str]
    table: pa.Table
    description: str


def draw_population(n_objects: int = 6000, seed: int = SEED) -> Population:
    """Draw objects uniformly over the field; redshifts of a magnitude-limited sample."""
    rng = np.random.default_rng(seed)
    half = FIELD_HALF_WIDTH_DEG
    is_star = rng.random(n_objects) < STAR_FRACTION
    z = rng.gamma(2.5, 0.3, n_objects)
    stellar = rng.normal(0.0, 2e-4, n_objects)
    return Population(
        ra=FIELD_RA_DEG + rng.uniform(-half, half, n_objects) / np.cos(np.radians(FIELD_DEC_DEG)),
        dec=FIELD_DEC_DEG + rng.uniform(-half, half, n_objects),
        z=np.where(is_star, stellar, z),
        mag=np.clip(rng.normal(21.5, 1.3, n_objects), 16.0, 25.0),
        is_star=is_star,
    )


def observe(
    population: Population, n_objects: int, rng: np.random.Generator, *, z_scatter: float
) -> Observed:
    """Measure a random part: 0.1 arcsec in position, some redshifts wrong.

    Parameters
    ----------
    population, n_objects, rng
        What is there, how many are measured, the source of chance.
    z_scatter
        Scatter of good redshifts over (1 + z).
    """
    index = rng.choice(population.ra.size, n_objects, replace=False)
    scatter_deg = 0.1 / 3600
    confidence = rng.beta(6, 0.8, n_objects)
    is_wrong = rng.random(n_objects) > confidence
    z = population.z[index] + rng.normal(0, z_scatter, n_objects) * (1 + population.z[index])
    return Observed(
        index=index,
        ra=population.ra[index]
        + rng.normal(0, scatter_deg, n_objects) / np.cos(np.radians(FIELD_DEC_DEG)),
        dec=population.dec[index] + rng.normal(0, scatter_deg, n_objects),
        z=np.where(is_wrong, rng.uniform(0.0, 3.0, n_objects), z),
        z_err=z_scatter * rng.lognormal(0, 0.3, n_objects),
        mag=population.mag[index] + rng.normal(0, 0.03, n_objects),
        confidence=confidence,
        is_star=population.is_star[index] & ~is_wrong,
    )


def _graded(confidence: FloatArray, limits: tuple[float, ...]) -> IntArray:
    """Return how many limits each confidence reaches."""
    return np.searchsorted(np.array(limits), confidence, side="right").astype(np.int64)


def _two_df(seen: Observed) -> dict[str, Any]:
    """2dFGRS: quality 1 (worst) to 5 (best), positions in degrees of J2000."""
    n = seen.index.size
    return {
        "name": [f"TGS{700 + k % 90}Z{k:03d}" for k in seen.index % 1000],
        "ra_j2000_deg": seen.ra,
        "dec_j2000_deg": seen.dec,
        "bjsel": np.round(seen.mag, 2),
        "z": np.round(seen.z, 5),
        "quality": 1 + _graded(seen.confidence, (0.4, 0.7, 0.9, 0.97)),
        "survey_name": ["2DFGRS"] * n,
    }


def _vvds(seen: Observed) -> dict[str, Any]:
    """VVDS: flags whose last digit counts; 10 more for broad lines, 20 for serendipity."""
    grades = np.array([0, 1, 2, 9, 3, 4])[_graded(seen.confidence, (0.2, 0.5, 0.75, 0.9, 0.97))]
    tens = np.select([seen.index % 20 == 0, seen.index % 33 == 0], [10, 20], 0)
    return {
        "NUM": 20_000_000 + seen.index,
        "ALPHA": seen.ra,
        "DELTA": seen.dec,
        "MAGI": np.round(seen.mag - 0.4, 3),
        "Z": np.round(seen.z, 4),
        "ZFLAGS": grades + tens,
        "survey_name": ["VVDS"] * seen.index.size,
    }


def _jades(seen: Observed) -> dict[str, Any]:
    """JADES: letters from A (best) to E (no redshift)."""
    letters = np.array(list("EDCBA"))[_graded(seen.confidence, (0.5, 0.65, 0.8, 0.95))]
    return {
        "unique_id": [f"goodss-{k:08d}" for k in seen.index],
        "RA_TARG": seen.ra,
        "Dec_TARG": seen.dec,
        "z_Spec": pa.array(np.round(seen.z, 6), mask=letters == "E"),
        "z_Spec_flag": letters.tolist(),
        "survey_name": ["JADES"] * seen.index.size,
    }


def _desi(seen: Observed) -> dict[str, Any]:
    """DESI: ZWARN 0 is good; 64-bit target ids; stars told by SPECTYPE."""
    is_warned = seen.confidence < 0.6
    return {
        "TARGETID": 39_627_000_000_000_000 + 131 * seen.index,
        "TARGET_RA": seen.ra,
        "TARGET_DEC": seen.dec,
        "Z": seen.z,
        "ZERR": seen.z_err,
        "ZWARN": np.where(is_warned, 4, 0),
        "SPECTYPE": np.where(seen.is_star, "STAR", "GALAXY").tolist(),
        "ZCAT_PRIMARY": (seen.index % 50 != 0),
        "survey_name": ["DESI_DR1"] * seen.index.size,
    }


def _c3r2(seen: Observed) -> dict[str, Any]:
    """C3R2: only secure redshifts, with half steps: 3, 3.5, 4."""
    return {
        "ID": [f"ECDFS-{k}" for k in seen.index],
        "RAJ2000": seen.ra,
        "DECJ2000": seen.dec,
        "Imag": np.round(seen.mag, 2),
        "Redshift": np.round(seen.z, 4),
        "Qual": 3.0 + 0.5 * _graded(seen.confidence, (0.9, 0.97)),
        "Survey": ["C3R2_DR3"] * seen.index.size,
    }


def _confidences(seen: Observed) -> dict[str, Any]:
    """A collection with a confidence from 0 to 1 and a letter per kind: s, g or p."""
    kinds = np.array(list("ssgp"))[seen.index % 4]
    return {
        "id": seen.index,
        "ra": seen.ra,
        "dec": seen.dec,
        "z_best": np.round(seen.z, 5),
        "z_unc": np.round(seen.z_err, 6),
        "prob": np.round(seen.confidence, 3),
        "type": kinds.tolist(),
        "origin": np.where(kinds == "p", "PHOTO", "SPEC").tolist(),
    }


@dataclass(frozen=True)
class Convention:
    """How one survey publishes what it measured."""

    name: str
    file_name: str
    columns: Callable[[Observed], dict[str, Any]]
    roles: Mapping[str, str]
    n_objects: int
    z_scatter: float = 3e-4


CONVENTIONS: Final = (
    Convention(
        "2dFGRS-like ECDFS",
        "tdf_like.fits",
        _two_df,
        {
            "id": "name",
            "ra": "ra_j2000_deg",
            "dec": "dec_j2000_deg",
            "z": "z",
            "z_flag": "quality",
            "survey": "survey_name",
        },
        1200,
    ),
    Convention(
        "VVDS-like ECDFS",
        "vvds_like.csv",
        _vvds,
        {
            "id": "NUM",
            "ra": "ALPHA",
            "dec": "DELTA",
            "z": "Z",
            "z_flag": "ZFLAGS",
            "survey": "survey_name",
        },
        1500,
    ),
    Convention(
        "JADES-like deep spectra",
        "jades_like.parquet",
        _jades,
        {
            "id": "unique_id",
            "ra": "RA_TARG",
            "dec": "Dec_TARG",
            "z": "z_Spec",
            "z_flag": "z_Spec_flag",
            "survey": "survey_name",
        },
        400,
    ),
    Convention(
        "DESI-like ECDFS tile",
        "desi_like.parquet",
        _desi,
        {
            "id": "TARGETID",
            "ra": "TARGET_RA",
            "dec": "TARGET_DEC",
            "z": "Z",
            "z_err": "ZERR",
            "z_flag": "ZWARN",
            "survey": "survey_name",
        },
        2000,
        1e-4,
    ),
    Convention(
        "C3R2-like secure redshifts",
        "c3r2_like.csv",
        _c3r2,
        {
            "id": "ID",
            "ra": "RAJ2000",
            "dec": "DECJ2000",
            "z": "Redshift",
            "z_flag": "Qual",
            "survey": "Survey",
        },
        500,
    ),
    Convention(
        "Collection with confidences",
        "confidences.hdf5",
        _confidences,
        {
            "id": "id",
            "ra": "ra",
            "dec": "dec",
            "z": "z_best",
            "z_err": "z_unc",
            "z_flag": "prob",
            "survey": "origin",
            "instrument_type": "type",
        },
        800,
    ),
)


def generate_catalogs(
    conventions: tuple[Convention, ...] = CONVENTIONS, seed: int = SEED
) -> list[DemoCatalog]:
    """Generate the catalogs of some surveys.

    Parameters
    ----------
    conventions
        Which ones.
    seed
        The same seed gives the same tables; another gives another sky.
    """
    population = draw_population(seed=seed)
    catalogs = []
    for number, convention in enumerate(conventions):
        rng = np.random.default_rng([seed, number])
        seen = observe(population, convention.n_objects, rng, z_scatter=convention.z_scatter)
        catalogs.append(
            DemoCatalog(
                name=convention.name,
                file_name=convention.file_name,
                roles=convention.roles,
                table=pa.table(convention.columns(seen)),
                description=_description(convention),
            )
        )
    return catalogs


def _description(convention: Convention) -> str:
    told = (convention.columns.__doc__ or "").strip()
    return (
        f"**Generated, not observed.** {convention.n_objects} redshifts in the Extended Chandra"
        f" Deep Field South, in the convention of a survey. {told}\n\nMade by `pzhub.demo` with"
        " a fixed seed, to try the server out."
    )
