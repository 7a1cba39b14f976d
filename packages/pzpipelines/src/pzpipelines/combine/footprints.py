"""Flags that tell whether a position lies in Rubin fields."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from typing import Final

import numpy as np

from pzpipelines.arrays import BoolArray, FloatArray
from pzpipelines.sky.vectors import chord_of, unit_vectors

#: Centres (ra, dec; ICRS degrees) of the seven fields of Data Preview 1.
DP1_FIELDS: Final = (
    (6.02, -72.08), (37.86, 6.98), (40.00, -34.45), (53.13, -28.10),
    (59.10, -48.73), (95.00, -25.00), (106.23, -10.51),
)  # fmt: skip
DP1_FIELD_RADIUS_DEG: Final = 2.5
#: Northern limit of the survey: ra_bin_centre_deg, dec_limit_deg.
_RUBIN_LIMIT_FILE: Final = "rubin_footprint_limit.csv"


def is_in_dp1_fields(ra: FloatArray, dec: FloatArray) -> BoolArray:
    """Tell which positions are within 2.5 degrees of a field of Data Preview 1.

    Parameters
    ----------
    ra, dec
        ICRS degrees, finite, shape ``(n,)``.
    """
    from scipy.spatial import cKDTree

    centres = unit_vectors(*np.array(DP1_FIELDS).T)
    reach = chord_of(DP1_FIELD_RADIUS_DEG * 3600)
    distance, _ = cKDTree(centres).query(unit_vectors(ra, dec), distance_upper_bound=reach * 1.01)
    inside: BoolArray = distance <= reach
    return inside


def is_in_rubin_footprint(ra: FloatArray, dec: FloatArray) -> BoolArray:
    """Tell which positions are south of the northern limit of Rubin's survey.

    The limit is interpolated linearly, and periodically, in right ascension.

    Parameters
    ----------
    ra, dec
        ICRS degrees, finite, shape ``(n,)``.
    """
    nodes_ra, nodes_dec = _rubin_limit()
    inside: BoolArray = dec <= np.interp(ra, nodes_ra, nodes_dec, period=360.0)
    return inside


@cache
def _rubin_limit() -> tuple[FloatArray, FloatArray]:
    source = resources.files("pzpipelines.data").joinpath(_RUBIN_LIMIT_FILE)
    with source.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    return (
        np.array([float(row["ra_bin_centre_deg"]) for row in rows]),
        np.array([float(row["dec_limit_deg"]) for row in rows]),
    )
