"""Refusals of sky geometry."""

from __future__ import annotations

from pztables.errors import UserError


class RadiusError(UserError):
    """A search radius must be an arc between nothing and half a turn."""

    code = "invalid_radius"

    def __init__(self, radius_arcsec: float) -> None:
        super().__init__(
            f"radius {radius_arcsec} arcsec: "
            "give a number above 0 and at most 648000 (180 degrees)",
            radius_arcsec=radius_arcsec,
        )
