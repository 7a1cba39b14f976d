"""What is drawn over maps of the sky: fields of Data Preview 1, Rubin's limit, the Galaxy.

Sources
-------
Data Preview 1: the seven centres and the radius of 2.5 degrees by which Combine Redshift Catalogs
flags ``is_in_DP1_fields``; the fields that were observed are somewhat smaller.
Rubin: the northern limit by which the same pipeline flags ``is_in_rubin_footprint``, every two
degrees; it has neither a southern limit nor a cut around the Galactic plane, so it is drawn as a
line and not as an area.
Galactic plane: pole and node of the IAU system in ICRS (Hipparcos catalogue, vol. 1, 1.5.3).
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from typing import Final

import numpy as np

from pzhub.tables.drawing.series import FloatArray

#: Name, right ascension, declination; ICRS degrees.
DP1_FIELDS: Final = (
    ("47 Tuc", 6.02, -72.08),
    ("LowEclip", 37.86, 6.98),
    ("Fornax", 40.00, -34.45),
    ("ECDFS", 53.13, -28.10),
    ("EDFS", 59.10, -48.73),
    ("LowGal", 95.00, -25.00),
    ("Seagull", 106.23, -10.51),
)
DP1_FIELD_RADIUS_DEG: Final = 2.5
_POLE_RA, _POLE_DEC, _POLE_LONGITUDE = np.radians((192.85948, 27.12825, 122.93192))


def circle(
    ra: float, dec: float, radius_deg: float, points: int = 49
) -> tuple[FloatArray, FloatArray]:
    """Return a closed circle on the sphere, ICRS degrees."""
    bearing = np.linspace(0, 2 * np.pi, points)
    latitude, radius = np.radians(dec), np.radians(radius_deg)
    sine = np.sin(latitude) * np.cos(radius)
    sine = sine + np.cos(latitude) * np.sin(radius) * np.cos(bearing)
    turn = np.arctan2(
        np.sin(bearing) * np.sin(radius) * np.cos(latitude),
        np.cos(radius) - np.sin(latitude) * sine,
    )
    return (ra + np.degrees(turn)) % 360, np.degrees(np.arcsin(np.clip(sine, -1, 1)))


def galactic_plane(points: int = 181) -> tuple[FloatArray, FloatArray]:
    """Return the Galactic equator, ICRS degrees, closed."""
    turned = _POLE_LONGITUDE - np.linspace(0, 2 * np.pi, points)
    dec = np.arcsin(np.cos(_POLE_DEC) * np.cos(turned))
    ra = _POLE_RA + np.arctan2(np.sin(turned), -np.sin(_POLE_DEC) * np.cos(turned))
    return np.degrees(ra) % 360, np.degrees(dec)


@cache
def rubin_limit() -> tuple[FloatArray, FloatArray]:
    """Return the northern limit of Rubin's wide survey, ICRS degrees, RA increasing."""
    source = resources.files("pzhub.tables.drawing").joinpath("data/rubin_limit.csv")
    with source.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    ra = np.array([float(row["ra_deg"]) for row in rows])
    return ra, np.array([float(row["dec_limit_deg"]) for row in rows])
