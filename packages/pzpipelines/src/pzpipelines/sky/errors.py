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


class TooManyPairsError(UserError):
    """Positions are so crowded that their pairs would not fit in memory."""

    code = "too_many_pairs"

    def __init__(self, n_pairs: int, max_pairs: int) -> None:
        super().__init__(
            f"{n_pairs:,} pairs of rows lie within the radius, more than the {max_pairs:,} that "
            "fit in the memory of the run; choose a smaller crossmatch_radius_arcsec, or leave out "
            "catalogs with many rows at one position",
            n_pairs=n_pairs,
            max_pairs=max_pairs,
        )

    def __reduce__(self) -> tuple[type[TooManyPairsError], tuple[int, int]]:
        # crosses the borders of worker processes
        return type(self), (self.data["n_pairs"], self.data["max_pairs"])
