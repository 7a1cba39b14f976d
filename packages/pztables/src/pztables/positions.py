"""Which positions are on the sky: 0 ≤ RA < 360 and −90 ≤ Dec ≤ 90 degrees, finite."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

#: How many offending rows are shown.
SHOWN_ROWS: Final = 5

_LABELS: Final = {
    "ra_missing": "without right ascension",
    "ra_not_finite": "with an infinite right ascension",
    "ra_out_of_range": "with a right ascension outside 0 ≤ RA < 360",
    "dec_missing": "without declination",
    "dec_not_finite": "with an infinite declination",
    "dec_out_of_range": "with a declination outside −90 ≤ Dec ≤ 90",
}


@dataclass
class PositionCheck:
    """What is wrong with positions, counted.

    Attributes
    ----------
    n_rows, n_invalid
        Rows seen, rows whose position is not on the sky.
    counts
        Rows by kind (``ra_missing``, ``dec_out_of_range`` …); a row can be of two.
    first_rows
        The first offending rows: ``row`` (from 1), ``ra``, ``dec``.
    """

    n_rows: int = 0
    n_invalid: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    first_rows: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self, ra: npt.NDArray[np.float64], dec: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.bool_]:
        """Check the next rows.

        Parameters
        ----------
        ra, dec
            Degrees, NaN where there is no value, shape ``(n,)``.

        Returns
        -------
        True where the position is not on the sky, shape ``(n,)``
        """
        on_sky = (ra >= 0) & (ra < 360) & (dec >= -90) & (dec <= 90)
        if on_sky.all():
            self.n_rows += len(ra)
            return ~on_sky
        kinds = {
            "ra_missing": np.isnan(ra),
            "ra_not_finite": np.isinf(ra),
            "ra_out_of_range": np.isfinite(ra) & ~((ra >= 0) & (ra < 360)),
            "dec_missing": np.isnan(dec),
            "dec_not_finite": np.isinf(dec),
            "dec_out_of_range": np.isfinite(dec) & ~((dec >= -90) & (dec <= 90)),
        }
        for kind, where in kinds.items():
            if count := int(where.sum()):
                self.counts[kind] = self.counts.get(kind, 0) + count
        rows = np.flatnonzero(~on_sky)
        for row in rows[: SHOWN_ROWS - len(self.first_rows)].tolist():
            shown = {"row": self.n_rows + row + 1, "ra": _shown(ra[row]), "dec": _shown(dec[row])}
            self.first_rows.append(shown)
        self.n_invalid += len(rows)
        self.n_rows += len(ra)
        return ~on_sky

    @property
    def sentence(self) -> str:
        """What is wrong, in words: counts and the first rows."""
        counts = ", ".join(f"{count} {_LABELS[kind]}" for kind, count in self.counts.items())
        rows = "; ".join(
            f"row {row['row']}: RA {row['ra']}, Dec {row['dec']}" for row in self.first_rows
        )
        return f"{self.n_invalid} of {self.n_rows} rows have no valid position: {counts} ({rows})"


def _shown(value: float) -> float | str | None:
    """Return a number as JSON can hold it."""
    if np.isnan(value):
        return None
    return float(value) if np.isfinite(value) else str(float(value))
