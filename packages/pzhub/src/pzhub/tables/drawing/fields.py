"""The separate fields of a footprint, to zoom to."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from pzhub.tables.drawing.projections import Field
from pzhub.tables.drawing.series import FloatArray
from pzhub.tables.drawing.sky import Sky

_MOST_FIELDS: Final = 12
#: Beyond this a field is no part of the sky that a flat map could show.
_WIDEST_DEG: Final = 60.0


@lru_cache(maxsize=128)
def fields_of(coarse: Sky, fine: Sky) -> tuple[tuple[Field, int], ...]:
    """Return the fields that a flat map can show, and the rows in each, the fullest first.

    Cells of the coarse map that touch are one field; its cone holds all of its fine cells.

    Parameters
    ----------
    coarse, fine
        The same rows; the order of ``fine`` is not below that of ``coarse``.
    """
    if not coarse.cells:
        return ()
    group = dict(zip(coarse.cells, _groups(coarse), strict=True))
    parents = np.array(fine.cells, dtype=np.int64) >> (2 * (fine.order - coarse.order))
    groups = np.array([group.get(int(parent), -1) for parent in parents])
    ra, dec = fine.centres()
    counts = np.array(fine.counts)
    found = []
    for number in range(max(group.values()) + 1):
        member = groups == number
        if member.any():
            field = _cone(ra[member], dec[member], np.sqrt(fine.cell_deg2))
            found.append((field, int(counts[member].sum())))
    found.sort(key=lambda one: -one[1])
    return tuple(one for one in found[:_MOST_FIELDS] if one[0].radius_deg <= _WIDEST_DEG)


def _groups(sky: Sky) -> list[int]:
    """Number the connected groups of cells, in the order of the cells."""
    import hpgeom

    cells = np.array(sky.cells, dtype=np.int64)
    beside = hpgeom.neighbors(2**sky.order, cells, nest=True)
    place = {int(cell): number for number, cell in enumerate(sky.cells)}
    group = [-1] * len(cells)
    number = 0
    for start in range(len(cells)):
        if group[start] >= 0:
            continue
        group[start], waiting = number, [start]
        while waiting:
            for cell in beside[waiting.pop()].tolist():
                other = place.get(cell)
                if other is not None and group[other] < 0:
                    group[other] = number
                    waiting.append(other)
        number += 1
    return group


def _cone(ra: FloatArray, dec: FloatArray, cell_deg: float) -> Field:
    longitude, latitude = np.radians(ra), np.radians(dec)
    x = (np.cos(latitude) * np.cos(longitude)).mean()
    y = (np.cos(latitude) * np.sin(longitude)).mean()
    z = np.sin(latitude).mean()
    centre_ra = float(np.degrees(np.arctan2(y, x)) % 360)
    centre_dec = float(np.degrees(np.arctan2(z, np.hypot(x, y))))
    middle = Field(round(centre_ra, 4), round(centre_dec, 4), 180.0)
    reach = float(middle.distance_deg(ra, dec).max()) + cell_deg
    return Field(middle.ra, middle.dec, round(min(reach, 180.0), 4))
