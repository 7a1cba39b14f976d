"""Why a training set could not be made, and the ways out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

TRAINING_TITLES: Final = {
    "one_redshift_catalog": gettext_lazy("One redshift catalog is needed"),
    "release_without_data": gettext_lazy("The objects of the release are not on this server"),
    "photometry_not_available": gettext_lazy("The release has no such photometry"),
    "coordinates_out_of_range": gettext_lazy("Some positions are not on the sky"),
    "no_overlap": gettext_lazy("Redshifts and objects lie in different parts of the sky"),
    "no_match": gettext_lazy("No object is near enough to any redshift"),
    "no_quality_flag": gettext_lazy("The catalog has no quality flag to choose by"),
    "dust_map_unavailable": gettext_lazy("The dust map is not installed on this server"),
    "not_an_object_catalog": gettext_lazy("The objects of the release cannot be read"),
    "partition_unreadable": gettext_lazy("A part of the object catalog is damaged"),
    "foreign_reference": gettext_lazy("The objects of the release cannot be read"),
    "unknown_column": gettext_lazy("A column that was asked for is not there"),
}
#: Radius that is tried next where nothing matched, arcseconds.
_WIDER: Final = 3.0
_RELEASE_CODES: Final = {
    "release_without_data",
    "no_overlap",
    "not_an_object_catalog",
    "partition_unreadable",
    "foreign_reference",
}


class Fix(NamedTuple):
    """A way out: a button, and what it does."""

    label: str
    hint: str
    url: str


def training_fixes(code: str, data: Mapping[str, Any], clone: str) -> list[Fix]:
    """Return the ways out of a failure that only this pipeline knows.

    Parameters
    ----------
    code, data
        Of the failure.
    clone
        Address of the form, filled in as the run was asked for.
    """
    if code == "no_match":
        radius = min(max(2 * float(data.get("radius_arcsec") or 0), _WIDER), 90.0)
        url = f"{clone}&{urlencode({'radius_arcsec': f'{radius:g}'})}"
        return [Fix(_("Match within %(radius)g arcsec") % {"radius": radius},
                    _("Nearer matches still come first."), url)]  # fmt: skip
    if code == "no_quality_flag":
        return [Fix(_("Choose the nearest instead"),
                    _("Without quality flags."), f"{clone}&unique=nearest")]  # fmt: skip
    if code == "dust_map_unavailable":
        return [Fix(_("Run without dereddening"),
                    _("Or ask the administrators to install the map."),
                    f"{clone}&dereddening=none")]  # fmt: skip
    if code in _RELEASE_CODES or code == "photometry_not_available":
        return [Fix(_("Choose other objects"), _("What each release has is shown in the form."),
                    f"{clone}#objects")]  # fmt: skip
    return []
