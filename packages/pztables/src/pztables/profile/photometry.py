"""Magnitudes: which columns hold them, their distributions, and how they go with redshift."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pztables.bands import detect
from pztables.profile.histogram import Histogram, bins_of, robust_edges
from pztables.profile.redshift import as_floats

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import pyarrow as pa

    from pztables.formats import ColumnInfo

    FloatArray = npt.NDArray[np.float64]

#: Values like 99, -99 or 0 stand for "not measured".
SANE_MAGNITUDES: Final = (3.0, 40.0)
_BANDS: Final = ("FUV", "NUV", "u", "U", "B", "g", "V", "r", "R", "i", "I", "z", "y", "Y", "J",
                 "H", "K", "Ks")  # fmt: skip
_MOST_BANDS: Final = 12
_UCD: Final = re.compile(r"phot\.mag\b.*\bem\.(?:opt|IR)\.([A-Za-z]+)", re.IGNORECASE)
_BINS: Final = 48
_REDSHIFT_BINS: Final = 60
_TAIL: Final = 0.005


@dataclass(frozen=True, slots=True)
class Magnitude:
    """A column of magnitudes.

    Attributes
    ----------
    band
        As its column writes it: ``g``.
    column, unit
        Name and unit; the unit is ``None`` where it is not known.
    """

    band: str
    column: str
    unit: str | None


def find_magnitudes(infos: Sequence[ColumnInfo]) -> list[Magnitude]:
    """Find the magnitudes of a table: one column for each band, by wavelength.

    Parameters
    ----------
    infos
        Its numeric columns, with the UCDs that their owner stored.

    Returns
    -------
    the set of columns with most bands: by their names, by UCD ``phot.mag;em.opt.*``, or columns
    with a band's name and unit mag
    """
    units = {info.name: info.unit for info in infos}
    offers = [
        {band.name: band.value for band in found.bands}
        for found in detect(units).sets
        if found.kind == "mag"
    ]
    offers += [_by_ucd(infos), _by_unit(infos)]
    best: dict[str, str] = max(offers, key=len)
    ranked = sorted(best, key=_wavelength_rank)
    return [Magnitude(band, best[band], units[best[band]]) for band in ranked[:_MOST_BANDS]]


def _wavelength_rank(band: str) -> tuple[int, str]:
    known = next((each for each in (band, band.lower()) if each in _BANDS), None)
    return (len(_BANDS) if known is None else _BANDS.index(known), band)


def _by_ucd(infos: Sequence[ColumnInfo]) -> dict[str, str]:
    found: dict[str, str] = {}
    for info in infos:
        match = _UCD.search(info.ucd or "")
        if match and not (info.ucd or "").startswith("stat."):
            found.setdefault(match[1], info.name)
    return found


def _by_unit(infos: Sequence[ColumnInfo]) -> dict[str, str]:
    return {info.name: info.name for info in infos if info.unit == "mag" and info.name in _BANDS}


class PhotometryProfile:
    """Count magnitudes in bins, alone and with redshifts.

    Parameters
    ----------
    magnitudes
        The columns.
    sample
        Values of some rows by column, the same rows for all, shape ``(n,)``; NaN where none.
    redshift
        Name of the column of redshifts and the edges of N(z), or ``None``.
    """

    def __init__(
        self,
        magnitudes: Sequence[Magnitude],
        sample: dict[str, FloatArray],
        redshift: tuple[str, FloatArray] | None,
    ) -> None:
        self._magnitudes = [each for each in magnitudes if _sane(sample[each.column]).any()]
        self._redshift = redshift[0] if redshift else None
        self._histograms = [
            Histogram(each.column, _edges(_difference([sample[each.column]])))
            for each in self._magnitudes
        ]
        self._densities = [] if redshift is None else self._empty_densities(sample, redshift)

    def _empty_densities(
        self, sample: dict[str, FloatArray], redshift: tuple[str, FloatArray]
    ) -> list[_Density]:
        name, edges = redshift
        x_edges = np.linspace(edges[0], edges[-1], min(_REDSHIFT_BINS, len(edges) - 1) + 1)
        pairs = zip(self._magnitudes, self._magnitudes[1:], strict=False)
        wanted = [*((each,) for each in self._magnitudes), *pairs]
        found = []
        for columns in wanted:
            values = _difference([sample[each.column] for each in columns])
            if np.isfinite(values).any():
                found.append(_Density(name, columns, x_edges, _edges(values)))
        return found

    @property
    def columns(self) -> list[str]:
        """The columns that `look` reads."""
        own = [each.column for each in self._magnitudes]
        return own + ([self._redshift] if self._redshift and self._densities else [])

    def look(self, batch: pa.RecordBatch) -> None:
        """Take the next rows into account."""
        values = {each.column: as_floats(batch.column(each.column)) for each in self._magnitudes}
        for histogram in self._histograms:
            histogram.look_at(values[histogram.column])
        if self._densities and self._redshift:
            z = as_floats(batch.column(self._redshift))
            x_bins = bins_of(z, self._densities[0].x_edges)
            for density in self._densities:
                density.look(z, x_bins, values)

    def magnitudes(self) -> list[dict[str, Any]]:
        """Return the histogram of each band."""
        return [
            {"band": each.band, "column": each.column, "unit": each.unit, **histogram.as_dict()}
            for each, histogram in zip(self._magnitudes, self._histograms, strict=True)
        ]

    def densities(self) -> list[dict[str, Any]]:
        """Return the counts over redshift and magnitude, and over redshift and colour."""
        return [density.as_dict() for density in self._densities]


class _Density:
    """Rows by redshift and by a magnitude, or by the difference of two."""

    def __init__(
        self, x: str, y: tuple[Magnitude, ...], x_edges: FloatArray, y_edges: FloatArray
    ) -> None:
        self._x, self._y = x, y
        self.x_edges, self._y_edges = x_edges, y_edges
        self._counts = np.zeros((len(y_edges) - 1, len(x_edges) - 1), dtype=np.int64)
        self._rows = 0

    def look(
        self, z: FloatArray, x_bins: npt.NDArray[np.int64], values: dict[str, FloatArray]
    ) -> None:
        y = _difference([values[each.column] for each in self._y])
        self._rows += int((np.isfinite(z) & np.isfinite(y)).sum())
        y_bins = bins_of(y, self._y_edges)
        inside = (x_bins >= 0) & (y_bins >= 0)
        places = y_bins[inside] * self._counts.shape[1] + x_bins[inside]
        counts = np.bincount(places, minlength=self._counts.size)
        self._counts += counts.reshape(self._counts.shape)

    def as_dict(self) -> dict[str, Any]:
        is_colour = len(self._y) == 2
        return {
            "kind": "colour_redshift" if is_colour else "magnitude_redshift",
            "x": self._x,
            "y": [each.column for each in self._y],
            "x_label": "z",
            "y_label": " \N{MINUS SIGN} ".join(each.band for each in self._y)
            if is_colour
            else self._y[0].band,
            "x_edges": self.x_edges.tolist(),
            "y_edges": self._y_edges.tolist(),
            "counts": self._counts.tolist(),
            "n": self._rows,
            "outside": self._rows - int(self._counts.sum()),
        }


def _sane(values: FloatArray) -> npt.NDArray[np.bool_]:
    low, high = SANE_MAGNITUDES
    return np.asarray((values >= low) & (values <= high))


def _difference(values: Sequence[FloatArray]) -> FloatArray:
    """Return sane magnitudes, or the first minus the second; NaN where one is not sane."""
    kept = [np.where(_sane(each), each, np.nan) for each in values]
    return np.asarray(kept[0] if len(kept) == 1 else kept[0] - kept[1])


def _edges(values: FloatArray) -> FloatArray:
    """Return bins over the bulk of a sample; NaN is left out."""
    return robust_edges(np.sort(values[np.isfinite(values)]), most_bins=_BINS, tail=_TAIL)
