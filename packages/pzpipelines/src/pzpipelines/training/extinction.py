"""How much of the light of each band dust takes away, by named set of coefficients."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

from pztables.errors import OptionError, UserError


class NoExtinctionCoefficientError(UserError):
    """A band cannot be dereddened: the set of coefficients does not know it."""

    code = "no_extinction_coefficient"


@cache
def coefficient_sets() -> Mapping[str, Mapping[str, float]]:
    """Return every set: name to band to A/E(B-V)."""
    text = (resources.files("pzpipelines.data") / "extinction_coefficients.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    sets: dict[str, dict[str, float]] = {}
    for row in rows:
        sets.setdefault(row["coefficient_set"], {})[row["band"]] = float(row["a_over_ebv"])
    return MappingProxyType({name: MappingProxyType(each) for name, each in sets.items()})


def coefficients_of(name: str, bands: Iterable[str]) -> dict[str, float]:
    """Return A/E(B-V) of bands.

    Parameters
    ----------
    name
        Of the set.
    bands
        In any case: DES writes Y, LSST y.

    Raises
    ------
    OptionError
        If there is no set of that name.
    NoExtinctionCoefficientError
        Naming the bands that the set does not have.
    """
    sets = coefficient_sets()
    if name not in sets:
        raise OptionError(
            f"extinction_coefficients: must be one of {', '.join(sets)}, not {name!r}",
            option="extinction_coefficients",
            allowed=list(sets),
        )
    wanted = list(bands)
    known = sets[name]
    if missing := [band for band in wanted if band.lower() not in known]:
        raise NoExtinctionCoefficientError(
            f"extinction_coefficients: {name} has no coefficient for band {', '.join(missing)}; "
            f"it has {', '.join(known)}. Choose selected_cols without that band, or "
            "dereddening: none.",
            option="extinction_coefficients",
            bands=missing,
            known=list(known),
        )
    return {band: known[band.lower()] for band in wanted}
