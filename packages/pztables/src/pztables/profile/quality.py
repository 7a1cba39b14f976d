"""How good the redshifts are said to be: their flags and their errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from pztables.profile.histogram import quantile_of_sorted, robust_edges

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

_BINS: Final = 60
#: Errors that spread over more than this factor are counted in equal steps of their logarithm.
_WIDE: Final = 30.0


def flag_counts(column: Mapping[str, Any], n_rows: int) -> dict[str, Any] | None:
    """Return the rows of the most frequent flags, from the statistics of their column."""
    if not column["top"]:
        return None
    shown = sum(each["count"] for each in column["top"])
    return {
        "column": column["name"],
        "values": column["top"],
        "other": n_rows - column["n_null"] - column["n_nan"] - column["n_infinite"] - shown,
        "n_null": column["n_null"] + column["n_nan"],
    }


def error_edges(values: npt.NDArray[Any]) -> tuple[str, npt.NDArray[np.float64]]:
    """Return the scale (``log`` or ``linear``) and the edges of a histogram of errors.

    Parameters
    ----------
    values
        Sorted finite errors, shape ``(n,)``.
    """
    positive = values[np.searchsorted(values, 0, side="right") :]
    if len(positive) > 1:
        low, high = (quantile_of_sorted(positive, share) for share in (0.01, 0.99))
        if low > 0 and high / low > _WIDE:
            logarithms = np.log10(positive.astype(np.float64, copy=False))
            edges = 10.0 ** robust_edges(logarithms, most_bins=_BINS, tail=0.005)
            if (np.diff(edges) > 0).all() and np.isfinite(edges).all():
                return "log", edges
    return "linear", robust_edges(values, most_bins=_BINS, tail=0.005)
