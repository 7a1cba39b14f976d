"""Projections of the whole sky, and of a field: degrees to the plane and back.

On maps of the whole sky RA 0 is in the middle and east is left; x is in [-2, 2], y in [-1, 1].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from pzhub.tables.drawing.series import FloatArray

Forward = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
_STEPS: Final = 12


def _centred(ra: FloatArray, dec: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return longitude to the right of the middle and latitude, radians."""
    return -np.radians((ra + 180) % 360 - 180), np.radians(np.clip(dec, -90, 90))


def mollweide(ra: FloatArray, dec: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Project the sky by Mollweide: equal areas.

    Parameters
    ----------
    ra, dec
        ICRS degrees, shape ``(n,)``.

    Returns
    -------
    x in [-2, 2] and y in [-1, 1], shapes ``(n,)``
    """
    longitude, latitude = _centred(ra, dec)
    wanted = np.pi * np.sin(latitude)
    # Newton crawls near the poles, where the slope ends: begin there with the cubic term alone.
    near_pole = np.sign(latitude) * (np.pi / 2 - np.cbrt(0.75 * (np.pi - np.abs(wanted))))
    angle = np.where(np.abs(latitude) < 1.2, latitude, near_pole)
    for _ in range(_STEPS):
        slope = 2 + 2 * np.cos(2 * angle)
        step = (2 * angle + np.sin(2 * angle) - wanted) / np.maximum(slope, 1e-12)
        angle = np.clip(angle - np.where(slope > 1e-12, step, 0), -np.pi / 2, np.pi / 2)
    return 2 / np.pi * longitude * np.cos(angle), np.sin(angle)


def aitoff(ra: FloatArray, dec: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Project the sky by Hammer and Aitoff: equal areas; FITS calls it ``AIT``.

    Parameters and result are those of `mollweide`.
    """
    longitude, latitude = _centred(ra, dec)
    scale = np.sqrt(1 + np.cos(latitude) * np.cos(longitude / 2))
    return 2 * np.cos(latitude) * np.sin(longitude / 2) / scale, np.sin(latitude) / scale


PROJECTIONS: Final[dict[str, Forward]] = {"mollweide": mollweide, "aitoff": aitoff}


@dataclass(frozen=True, slots=True)
class Field:
    """A part of the sky, seen flat: equal areas around a centre (Lambert), east left.

    Attributes
    ----------
    ra, dec, radius_deg
        The cone that fills it; ICRS degrees.
    """

    ra: float
    dec: float
    radius_deg: float

    def project(self, ra: FloatArray, dec: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return x and y, 1 at the border; the other side of the sky lies beyond it."""
        longitude, latitude = np.radians(ra - self.ra), np.radians(dec)
        centre = np.radians(self.dec)
        towards = np.sin(centre) * np.sin(latitude) + np.cos(centre) * np.cos(latitude) * np.cos(
            longitude
        )
        scale = np.sqrt(2 / np.maximum(1 + towards, 1e-9)) / self._border
        x = -scale * np.cos(latitude) * np.sin(longitude)
        y = scale * (
            np.cos(centre) * np.sin(latitude)
            - np.sin(centre) * np.cos(latitude) * np.cos(longitude)
        )
        return x, y

    @property
    def _border(self) -> float:
        return 2 * float(np.sin(np.radians(min(self.radius_deg, 180)) / 2))

    def distance_deg(self, ra: FloatArray, dec: FloatArray) -> FloatArray:
        """Return the angle from the centre, degrees."""
        half = np.radians(dec - self.dec) / 2
        sides = np.cos(np.radians(dec)) * np.cos(np.radians(self.dec))
        turned = sides * np.sin(np.radians(ra - self.ra) / 2) ** 2
        angle: FloatArray = 2 * np.arcsin(np.sqrt(np.clip(np.sin(half) ** 2 + turned, 0, 1)))
        return np.degrees(angle)
