"""The photometry of training sets: what a release preselects, options of earlier versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

#: Options of earlier versions that the server still understands.
EARLIER_OPTIONS: Final = frozenset({"duplicate_criteria"})


def preselected(release: Mapping[str, Any]) -> dict[str, Any]:
    """Return the photometry that a release preselects, as far as it says so."""
    chosen: dict[str, Any] = {}
    for key, listed in (("flux_type", "fluxes"), ("dereddening", "dereddening")):
        entries = [each for each in release.get(listed) or () if not each.get("disabled")]
        first = next((each for each in entries if each.get("selected")), None)
        if first or entries:
            chosen[key] = (first or entries[0])["name"]
    if not release["has_mag_hats"] and release["has_flux_hats"]:
        chosen["convert_flux_to_mag"] = False
    return chosen
