"""How many objects there are where: from the sky map of a catalog, or from its positions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from pzpipelines.arrays import FloatArray, IntArray
from pzpipelines.objects.catalog import ObjectCatalog
from pzpipelines.sky.healpix import healpix_pixels

#: Pixels 3.4 arcminutes wide, as HATS catalogs map themselves.
ORDER: Final = 10
_MAPS: Final = ("skymap.fits", "point_map.fits")
_LARGEST_MAP_BYTES: Final = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Density:
    """Objects per HEALPix pixel (nested scheme).

    Attributes
    ----------
    order
        Of the pixels.
    pixels
        Those with objects, ascending, shape ``(n,)``.
    counts
        Objects in each, shape ``(n,)``.
    """

    order: int
    pixels: IntArray
    counts: IntArray

    @classmethod
    def of_positions(cls, ra: FloatArray, dec: FloatArray, order: int = ORDER) -> Density:
        """Count positions, ICRS degrees, all on the sphere."""
        pixels, counts = np.unique(healpix_pixels(ra % 360, dec, order), return_counts=True)
        return cls(order, pixels, counts)

    def plus(self, other: Density) -> Density:
        """Return the sum of two with pixels of one order."""
        pixels, places = np.unique(np.concatenate([self.pixels, other.pixels]), return_inverse=True)
        counts = np.bincount(places, np.concatenate([self.counts, other.counts]))
        return Density(self.order, pixels, counts.astype(np.int64))

    @property
    def area_deg2(self) -> float:
        """Square degrees of the pixels."""
        return float(len(self.pixels) / (12 * 4.0**self.order) * 360.0**2 / np.pi)

    def moc(self) -> Any:
        """Return the pixels as a MOC (``mocpy``)."""
        from mocpy import MOC

        return MOC.from_healpix_cells(
            self.pixels.astype(np.uint64),
            np.full(len(self.pixels), self.order, np.uint8),
            max_depth=self.order,
        )


def read_density(catalog: ObjectCatalog) -> Density | None:
    """Return the map that a catalog has of itself, or ``None`` where there is no readable one.

    ``skymap.fits`` and ``point_map.fits`` are read: HEALPix maps, explicit or of the whole sky.
    """
    for name in _MAPS:
        path = catalog.path / name
        if path.is_file() and path.stat().st_size <= _LARGEST_MAP_BYTES:
            return _read_map(path)
    return None


def _read_map(path: Path) -> Density | None:
    from astropy.io import fits

    try:
        with fits.open(path, memmap=False) as file:
            header, rows = file[1].header, file[1].data
            if header.get("ORDERING", "NESTED").strip() != "NESTED":
                return None
            if header.get("INDXSCHM", "IMPLICIT").strip() == "EXPLICIT":
                pixels, counts = (np.asarray(rows.field(n), np.int64) for n in (0, 1))
            else:
                counts = np.asarray(rows.field(0), np.int64).ravel()
                pixels = np.arange(len(counts))
            order = int(header["NSIDE"]).bit_length() - 1
    except (OSError, KeyError, IndexError, TypeError, ValueError, AttributeError):
        return None  # the positions say it too
    seen = np.flatnonzero(counts > 0)
    seen = seen[np.argsort(pixels[seen])]
    return Density(order, pixels[seen], counts[seen])
