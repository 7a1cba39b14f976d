"""Regions of the sky: which positions are inside, and between which coordinates they must lie."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from pztables.expressions.tree import Box, Cone, Region
from pztables.expressions.vector import BoolArray

#: Margin of the ranges that only narrow a search, degrees: far above rounding, far below arcsec.
_SLACK_DEG: Final = 1e-9


def inside(region: Region, ra: Any, dec: Any) -> BoolArray:
    """Return which positions lie in a region, borders included.

    Parameters
    ----------
    region
        A cone or a box.
    ra, dec
        ICRS degrees, shape ``(n,)``; what is not finite is in no region.
    """
    if isinstance(region, Cone):
        height = haversine_of(region)
        half = np.sin(np.radians(dec - region.dec) / 2), np.sin(np.radians(ra - region.ra) / 2)
        cosines = np.cos(np.radians(dec)) * math.cos(math.radians(region.dec))
        within: BoolArray = half[0] * half[0] + cosines * half[1] * half[1] <= height
        return np.asarray(within & np.isfinite(ra) & np.isfinite(dec), bool)
    first, width = ra_span(region)
    east = ra - first
    east = east - 360.0 * np.floor(east / 360.0)
    between: BoolArray = (dec >= region.dec_min) & (dec <= region.dec_max) & (east <= width)
    return np.asarray(between & np.isfinite(ra), bool)


def haversine_of(cone: Cone) -> float:
    """Return the haversine of the radius; more than any distance has where that is half a turn."""
    return 2.0 if cone.radius >= 180 else math.sin(math.radians(cone.radius) / 2) ** 2


def ra_span(box: Box) -> tuple[float, float]:
    """Return the western border of a box and its width to the east, degrees."""
    width = box.ra_max - box.ra_min
    return box.ra_min, width if 0 <= width <= 360 else width % 360.0


def dec_range(region: Region) -> tuple[float, float]:
    """Return between which declinations a region lies, degrees."""
    if isinstance(region, Cone):
        return region.dec - region.radius - _SLACK_DEG, region.dec + region.radius + _SLACK_DEG
    return region.dec_min, region.dec_max


def ra_ranges(region: Region, lowest: float, highest: float) -> list[tuple[float, float]] | None:
    """Return between which right ascensions a region lies, or ``None`` for any.

    Parameters
    ----------
    region
        A cone or a box.
    lowest, highest
        Between which all right ascensions of the table lie, degrees: a table may count from
        -180 as well as from 0.
    """
    if not (-720 <= lowest <= highest <= 1080):
        return None
    west, width = _ra_extent(region)
    if width >= 360:
        return None
    turns = range(math.floor((lowest - west - width) / 360), math.ceil((highest - west) / 360) + 1)
    ranges = [(west + 360.0 * turn, west + 360.0 * turn + width) for turn in turns]
    return [(first, last) for first, last in ranges if last >= lowest and first <= highest]


def _ra_extent(region: Region) -> tuple[float, float]:
    if isinstance(region, Box):
        west, width = ra_span(region)
    elif abs(region.dec) + region.radius >= 89.9:  # a pole is inside or near
        return 0.0, 360.0
    else:
        sine = math.sin(math.radians(region.radius)) / math.cos(math.radians(region.dec))
        half = math.degrees(math.asin(min(sine, 1.0)))
        west, width = region.ra - half, 2 * half
    return west - _SLACK_DEG, width + 2 * _SLACK_DEG
