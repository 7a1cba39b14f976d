"""Which products touch a place on the sky, told from the cells of their summaries.

A cell of HEALPix order ``o`` has the number ``4 * 4^o + cell`` (*uniq*), so cells of every
order live in one column. Coverage is told to the size of a cell of order 6, about one degree.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
from django.db.models import Q

from pzhub.catalog.models import SkyCell

IntArray = npt.NDArray[np.int64]

#: Cells of summaries are not finer: 0.92 degrees.
FINEST_ORDER: Final = 6
#: A cone is covered by at most about so many cells; larger ones by coarser cells.
_MOST_CELLS: Final = 400
_WIDE_DEG: Final = 60.0
_CELL_AREA_DEG2: Final = 41_252.96 / 12


def uniq(order: int, cells: IntArray) -> IntArray:
    """Return the numbers of some cells among those of all orders."""
    return np.asarray(4 * 4**order + np.asarray(cells, np.int64))


def ancestors(numbers: IntArray) -> IntArray:
    """Return the cells around some cells, of all coarser orders, each once."""
    found = []
    while len(numbers := np.unique(numbers[numbers >= 16] >> 2)):
        found.append(numbers)
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)


def normalised(order: int, cells: IntArray) -> IntArray:
    """Return the fewest cells that are the same area: four of one parent become the parent."""
    found = []
    for depth in range(order, 0, -1):
        parents, counts = np.unique(cells >> 2, return_counts=True)
        complete = parents[counts == 4]
        found.append(uniq(depth, cells[~np.isin(cells >> 2, complete)]))
        cells = complete
    return np.sort(np.concatenate([*found, uniq(0, cells)]))


def cells_of_cone(ra: float, dec: float, radius_deg: float) -> tuple[int, IntArray]:
    """Return an order and all its cells that a cone touches.

    Parameters
    ----------
    ra, dec
        ICRS degrees.
    radius_deg
        0 to 180.
    """
    area = 2 * np.pi * (1 - np.cos(np.radians(radius_deg))) * np.degrees(1) ** 2
    order = FINEST_ORDER
    while order and area * 4**order / _CELL_AREA_DEG2 > _MOST_CELLS:
        order -= 1
    search = _cells_within if radius_deg > _WIDE_DEG else _cells_overlapping
    return order, np.sort(search(order, ra, dec, radius_deg))


def _cells_overlapping(order: int, ra: float, dec: float, radius_deg: float) -> IntArray:
    """Return all cells that a cone touches (astropy-healpix leaves out some at its border)."""
    from astropy import units
    from astropy.coordinates import Latitude, Longitude
    from mocpy import MOC

    lon, lat = Longitude(ra * units.deg), Latitude(dec * units.deg)
    moc = MOC.from_cone(lon, lat, radius=radius_deg * units.deg, max_depth=order)
    return np.asarray(moc.flatten(), np.int64)


def _cells_within(order: int, ra: float, dec: float, radius_deg: float) -> IntArray:
    """Return all cells that a wide cone may touch, by their centres (mocpy leaves out some)."""
    from astropy import units
    from astropy.coordinates import angular_separation
    from astropy_healpix import HEALPix

    cells = np.arange(12 * 4**order)
    lon, lat = HEALPix(2**order, "nested").healpix_to_lonlat(cells)
    distance = angular_separation(lon, lat, ra * units.deg, dec * units.deg)
    reach = np.degrees(1.2 * np.sqrt(np.pi / 3) / 2**order)  # from a centre to its farthest corner
    return np.asarray(cells[distance.to_value(units.deg) <= radius_deg + reach], np.int64)


def touching(ra: float, dec: float, radius_deg: float) -> Q:
    """Return the condition that a product has positions in a cone, told to about one degree.

    Parameters
    ----------
    ra, dec
        ICRS degrees.
    radius_deg
        0 to 180.

    Returns
    -------
    for ``Product.objects.filter``; products without positions do not fit
    """
    order, cells = cells_of_cone(ra, dec, radius_deg)
    inside = uniq(order, cells)
    around = ancestors(inside)
    fits = Q(uniq__in=_plain(inside)) | Q(uniq__in=_plain(around), is_whole=True)
    return Q(pk__in=SkyCell.objects.filter(fits).values("summary"))


def _plain(numbers: IntArray) -> Iterable[int]:
    return [int(number) for number in numbers]
