"""Stored profiles of tables, read for drawing; a product without one is simply not drawn.

Lists need the redshifts and the sky of many products: these are kept small. A product's own page
and its plots read everything, by `pzhub.uploads.profiles.read_profile`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from pzhub.catalog.models import Product
from pzhub.core.storage import data_path
from pzhub.tables.drawing.density import Density
from pzhub.tables.drawing.series import Series
from pzhub.tables.drawing.sky import Sky
from pzhub.uploads.models import InspectionState
from pzhub.uploads.profiles import profile_state


@dataclass(frozen=True, slots=True)
class Profile:
    """What there is to draw of a table in a list, and what was checked in it."""

    redshift: Series | None
    sky: Sky | None
    checks: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Split:
    """N(z) in parts: by the values of a column, most frequent first."""

    by: str
    column: str
    series: tuple[Series, ...]


def profile_of(relative: str) -> Profile | None:
    """Return a stored profile, or ``None``; read again when the file was written anew."""
    found = _written(relative)
    return None if found is None else _read(relative, found)


#: By summary as it was written; the same objects again, so that what is drawn of them is kept.
_THUMBNAILS: Final[dict[tuple[int, str, datetime], Profile]] = {}
_MOST_THUMBNAILS: Final = 4096


def thumbnails_of(product: Product, relative: str) -> Profile | None:
    """Return what a list draws of a product: from its summary, that of a draft from its profile.

    Costs nothing for products whose summaries came along.
    """
    summary = getattr(product, "summary", None)
    if summary is None:
        return profile_of(relative)
    key = (summary.pk, summary.signature, summary.updated_at)
    if (kept := _THUMBNAILS.get(key)) is None:
        redshift, sky = (summary.thumbnail.get(name) for name in ("redshift", "sky"))
        series = None if redshift is None else series_in({**redshift, "median": summary.z_median})
        kept = Profile(series, None if sky is None else _cells(sky, summary.area_deg2), ())
        if len(_THUMBNAILS) >= _MOST_THUMBNAILS:
            _THUMBNAILS.clear()
        _THUMBNAILS[key] = kept
    return kept


def state_of(product: Product) -> str:
    """Return how far the profile of a product is: none, waiting, running, failed or done.

    Costs a query only where there is no profile to draw.
    """
    inspection = getattr(product, "inspection", None)
    if inspection is None:
        return "none"
    if _written(inspection.profile_path):
        return "done"
    if inspection.state in (InspectionState.WAITING, InspectionState.RUNNING):
        return "waiting"
    return profile_state(product) if inspection.canonical_path else "none"


def _written(relative: str) -> int | None:
    if not relative:
        return None
    try:
        return data_path(relative).stat().st_mtime_ns
    except FileNotFoundError:
        return None


@lru_cache(maxsize=2048)
def _read(relative: str, written: int) -> Profile | None:
    stored: dict[str, Any] = json.loads(data_path(relative).read_text())
    return Profile(
        redshifts_in(stored),
        sky_in(stored),
        tuple(stored.get("checks", ())),
    )


def series_in(stored: Mapping[str, Any] | None, label: str = "") -> Series | None:
    """Return a histogram of a profile, or ``None`` where it has none or it is empty."""
    if not stored or not any(stored["counts"]):
        return None
    return Series(
        label,
        tuple(stored["edges"]),
        tuple(stored["counts"]),
        stored.get("below") or 0,
        stored.get("above") or 0,
        stored.get("median"),
    )


def redshifts_in(stored: Mapping[str, Any]) -> Series | None:
    """Return N(z) of a profile."""
    redshift = stored.get("redshift")
    return series_in(redshift) if redshift and redshift.get("median") is not None else None


def splits_in(stored: Mapping[str, Any], names: Mapping[str, str]) -> tuple[Split, ...]:
    """Return the parts of N(z).

    Parameters
    ----------
    stored
        A profile.
    names
        How ``other`` and ``null`` are called, in the reader's language.
    """
    redshift = stored.get("redshift") or {}
    splits = []
    for split in redshift.get("splits", ()):
        series = tuple(
            Series(
                names[one["kind"]] if one["kind"] in names else str(one["value"]),
                tuple(redshift["edges"]),
                tuple(one["counts"]),
                above=one["count"] - sum(one["counts"]),
            )
            for one in split["series"]
        )
        splits.append(Split(split["by"], split["column"], series))
    return tuple(splits)


def sky_in(stored: Mapping[str, Any]) -> Sky | None:
    """Return the map of the whole sky of a profile."""
    sky = stored.get("sky")
    if not sky or not sky["cells"]:
        return None
    return _cells(sky, sky.get("area_deg2"))


def fine_sky_in(stored: Mapping[str, Any]) -> Sky | None:
    """Return the finest map that a profile has of its footprint."""
    sky = stored.get("sky")
    if not sky or not sky["cells"]:
        return None
    fine = sky.get("fine")
    return _cells(fine if fine and fine["cells"] else sky, sky.get("area_deg2"))


def _cells(stored: Mapping[str, Any], area_deg2: float | None) -> Sky:
    return Sky(int(stored["order"]), tuple(stored["cells"]), tuple(stored["counts"]), area_deg2)


def densities_in(stored: Mapping[str, Any]) -> tuple[tuple[Mapping[str, Any], Density], ...]:
    """Return the stored densities of pairs, each with what the profile says of it."""
    return tuple(
        (
            one,
            Density(
                one["x_label"],
                one["y_label"],
                tuple(one["x_edges"]),
                tuple(one["y_edges"]),
                tuple(tuple(row) for row in one["counts"]),
                one["n"],
                one.get("outside") or 0,
            ),
        )
        for one in stored.get("densities", ())
    )
