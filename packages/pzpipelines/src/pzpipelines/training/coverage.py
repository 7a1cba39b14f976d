"""Which sky redshifts and objects cover, how much of it is common, and where it is in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from pzpipelines.arrays import FloatArray
from pzpipelines.objects.catalog import ObjectCatalog
from pzpipelines.objects.density import read_density
from pzpipelines.objects.partitions import Partition

#: Positions are covered by pixels of this order, 3.4 arcminutes wide: as profiles of products do.
ORDER: Final = 10
#: Up to so many objects their positions are looked at; of more, the partitions alone.
MOST_POSITIONS: Final = 500_000
_WHOLE_SKY_DEG2: Final = 360.0**2 / np.pi


def positions_moc(ra: FloatArray, dec: FloatArray) -> Any:
    """Return the MOC (``mocpy``) of positions.

    Parameters
    ----------
    ra, dec
        ICRS degrees, finite, shape ``(n,)``.
    """
    from astropy import units
    from mocpy import MOC

    if len(ra) == 0:
        return MOC.new_empty(ORDER)
    return MOC.from_lonlat(ra * units.deg, dec * units.deg, max_norder=ORDER)


def partitions_moc(partitions: Sequence[Partition]) -> Any:
    """Return the MOC of whole partitions."""
    from mocpy import MOC

    if not partitions:
        return MOC.new_empty(ORDER)
    deepest = max(ORDER, *(each.order for each in partitions))
    return MOC.from_healpix_cells(
        np.array([each.pixel for each in partitions], np.uint64),
        np.array([each.order for each in partitions], np.uint8),
        max_depth=deepest,
    )


def objects_moc(catalog: ObjectCatalog, near: Sequence[Partition]) -> Any:
    """Return the MOC of a catalog: as its own map tells, else exact near the redshifts.

    Parameters
    ----------
    catalog
        Of the objects.
    near
        Partitions whose positions may be read, if they are not too many; of the
        others the whole pixel counts.
    """
    if density := read_density(catalog):
        return density.moc()
    sizes = sum(each.n_rows for each in near)
    if sizes > MOST_POSITIONS:
        return partitions_moc(catalog.partitions)
    chosen = set(near)
    moc = partitions_moc([each for each in catalog.partitions if each not in chosen])
    for each in near:
        table = catalog.read_columns(each, [catalog.ra, catalog.dec])
        ra, dec = (table[name].to_numpy() for name in (catalog.ra, catalog.dec))
        valid = np.isfinite(ra) & np.isfinite(dec)
        moc = moc.union(positions_moc(ra[valid], dec[valid]))
    return moc


def area_deg2(moc: Any) -> float:
    """Return the area of a MOC in square degrees."""
    return float(moc.sky_fraction) * _WHOLE_SKY_DEG2


def area_words(moc: Any) -> str:
    """Say how large a part of the sky is and where."""
    if moc.empty():
        return "nothing"
    cells = moc.degrade_to_order(min(6, moc.max_order))
    # The centres of coarse pixels are enough to say where something is.
    ra, dec = _centres(cells)
    low, high = _shortest_arc(ra)
    return (
        f"{area_deg2(moc):.3g} square degrees, right ascension {low:.0f} to {high:.0f}, "
        f"declination {dec.min():.0f} to {dec.max():.0f}"
    )


def _centres(moc: Any) -> tuple[FloatArray, FloatArray]:
    import hpgeom

    ra, dec = hpgeom.pixel_to_angle(
        1 << int(moc.max_order), moc.flatten().astype(np.int64), nest=True
    )
    return np.asarray(ra, np.float64), np.asarray(dec, np.float64)


def _shortest_arc(ra: FloatArray) -> tuple[float, float]:
    """Return where the shortest arc that holds all right ascensions begins and ends."""
    ordered = np.unique(ra)
    gaps = np.diff(ordered, append=ordered[0] + 360)
    widest = int(np.argmax(gaps))
    return float(ordered[(widest + 1) % len(ordered)]), float(ordered[widest])
