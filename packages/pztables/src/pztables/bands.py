"""Which columns of a table are photometry, told from their names.

Names as releases have them: ``g_cModelMag``, ``g_cModelFluxErr``, ``g_cModelMag_sfd``,
``g_cModelMagErr_dered`` (Rubin), ``mag_g``, ``magerr_g``, ``mag_dered_g``, ``flux_g``
(DP0.2, DES), ``MAG_AUTO_G``, ``MAGERR_AUTO_G_DERED``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["mag", "flux"]

_BAND: Final = r"(?P<band>[ugrizyUGRIZYJHK]|Ks|[NF]UV)"
_MAP: Final = r"(?P<map>dered|sfd|csfd|planck\w*|bayestar\w*)"
#: A model of one letter is a band: ``r_Jmag`` is the reference of a magnitude in many catalogs.
_BAND_FIRST: Final = re.compile(
    rf"^{_BAND}_(?!._?mag)(?P<model>\w*?)_?(?P<kind>[Mm]ag|[Ff]lux)(?P<err>[Ee]rr)?(?:_{_MAP})?$"
)
#: ``flurerr_g``: so misspelt in a release that people have.
_BAND_LAST: Final = re.compile(
    rf"^(?P<kind>mag|flu[xr])_?(?P<err>err)?(?:_(?P<map_first>dered))?(?:_(?P<model>\w+?))?_{_BAND}"
    rf"(?:_{_MAP})?$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Band:
    """The columns of one band.

    Attributes
    ----------
    name
        As the columns write it (``g``, ``Y``).
    value, error
        Names of the columns; ``error`` is ``None`` where there is none.
    """

    name: str
    value: str
    error: str | None


@dataclass(frozen=True, slots=True)
class PhotometrySet:
    """Columns of one kind of photometry.

    Attributes
    ----------
    flux_type
        ``cModel``, ``AUTO``; ``None`` where the names do not say.
    kind
        ``mag`` or ``flux``.
    dereddening
        ``None``: as observed; ``dered``: corrected for dust by a map that the
        names do not say; else the map.
    bands
        In the order of their columns.
    """

    flux_type: str | None
    kind: Kind
    dereddening: str | None
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True)
class Photometry:
    """The photometry of a catalog.

    Attributes
    ----------
    sets
        In the order of their first columns.
    """

    sets: tuple[PhotometrySet, ...]

    @property
    def flux_types(self) -> list[str]:
        """Flux types by name, each once."""
        return list(dict.fromkeys(each.flux_type for each in self.sets if each.flux_type))

    @property
    def bands(self) -> list[str]:
        """Bands by name, each once."""
        return list(dict.fromkeys(band.name for each in self.sets for band in each.bands))


def detect(names: Iterable[str]) -> Photometry:
    """Find the photometric columns.

    Parameters
    ----------
    names
        Of all columns, in order.

    Returns
    -------
    magnitudes and fluxes by flux type and dereddening; errors without values are left out
    """
    values: dict[tuple[str | None, Kind, str | None], dict[str, str]] = {}
    errors: dict[tuple[str | None, Kind, str | None, str], str] = {}
    for name in names:
        found = _BAND_FIRST.match(name) or _BAND_LAST.match(name)
        if found is None:
            continue
        parts = found.groupdict()
        kind: Kind = "mag" if parts["kind"].lower() == "mag" else "flux"
        dereddening = (parts["map"] or parts.get("map_first") or "").lower() or None
        key = (parts["model"] or None, kind, dereddening)
        if parts["err"] or parts["kind"].lower() == "flur":
            errors.setdefault((*key, parts["band"]), name)
        else:
            values.setdefault(key, {}).setdefault(parts["band"], name)
    return Photometry(
        tuple(
            PhotometrySet(
                *key,
                tuple(
                    Band(band, value, _error(errors, *key, band)) for band, value in each.items()
                ),
            )
            for key, each in values.items()
        )
    )


def _error(
    errors: dict[tuple[str | None, Kind, str | None, str], str],
    model: str | None,
    kind: Kind,
    dereddening: str | None,
    band: str,
) -> str | None:
    """Return the column of an error; that of a magnitude is the same with and without dust."""
    own = errors.get((model, kind, dereddening, band))
    return own or (errors.get((model, kind, None, band)) if kind == "mag" else None)
