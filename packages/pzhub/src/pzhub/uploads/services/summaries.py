"""Summaries of tables, taken from their profiles: what lists and facets know of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from pzhub.catalog.coverage import FINEST_ORDER, ancestors, normalised
from pzhub.catalog.models import ProductSummary, SkyCell

_SURVEYS: Final = 50
#: Cells of one summary; beyond, its coverage is told more coarsely.
_MOST_CELLS: Final = 500
#: Thumbnails of redshift share one axis, log2(1 + z) from 0 to 3.
_NZ_BINS: Final = 46
_NZ_END: Final = 3.0
_THUMBNAIL_ORDER: Final = 3
_THUMBNAIL_CELLS: Final = 300


def write_summary(product_id: int, profile: Mapping[str, Any], signature: str) -> None:
    """Write the summary of a product anew; the caller's transaction holds it together."""
    redshift, sky = profile["redshift"], profile["sky"]
    has_positions = bool(sky and sky["cells"])
    summary, _ = ProductSummary.objects.update_or_create(
        product_id=product_id,
        defaults={
            "n_rows": profile["n_rows"],
            "n_columns": len(profile["columns"]),
            "z_min": redshift["min"] if redshift else None,
            "z_max": redshift["max"] if redshift else None,
            "z_median": redshift["median"] if redshift else None,
            "surveys": _surveys(profile),
            "has_positions": has_positions,
            "area_deg2": sky["area_deg2"] if has_positions else None,
            "thumbnail": {
                "redshift": _redshift_thumbnail(redshift),
                "sky": _sky_thumbnail(sky) if has_positions else None,
            },
            "signature": signature,
        },
    )
    SkyCell.objects.filter(summary=summary).delete()
    if has_positions:
        _write_cells(summary, sky)


def _surveys(profile: Mapping[str, Any]) -> list[str]:
    """Return the most frequent names in the column that is associated with the survey."""
    name = profile["roles"].get("survey")
    column = next((each for each in profile["columns"] if each["name"] == name), None)
    top = (column["top"] if column else None) or []
    names = [str(each["value"]).replace("\0", "").strip()[:100] for each in top]
    return list(dict.fromkeys(filter(None, names)))[:_SURVEYS]


def _redshift_thumbnail(redshift: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return N(z) in a few bins, as a list draws it; finer bins would not be seen."""
    if not redshift or not any(redshift["counts"]):
        return None
    edges = np.exp2(np.linspace(0, _NZ_END, _NZ_BINS + 1)) - 1
    total = np.concatenate([[0.0], np.cumsum(redshift["counts"], dtype=float)])
    counts = np.diff(np.interp(edges, redshift["edges"], total))
    return {"edges": np.round(edges, 4).tolist(), "counts": np.round(counts).astype(int).tolist()}


def _sky_thumbnail(sky: Mapping[str, Any]) -> dict[str, Any]:
    """Return the map of the sky, more coarsely where it has many cells."""
    if len(sky["cells"]) <= _THUMBNAIL_CELLS:
        return {name: sky[name] for name in ("order", "cells", "counts")}
    shift = 2 * (sky["order"] - _THUMBNAIL_ORDER)
    cells, places = np.unique(np.array(sky["cells"]) >> shift, return_inverse=True)
    counts = np.bincount(places, weights=np.array(sky["counts"]))
    return {
        "order": _THUMBNAIL_ORDER,
        "cells": cells.tolist(),
        "counts": counts.astype(int).tolist(),
    }


def _write_cells(summary: ProductSummary, sky: Mapping[str, Any]) -> None:
    """Write the coverage as cells of any order, and the cells around them."""
    map_ = sky["fine"] if sky["fine"]["order"] > sky["order"] else sky
    order, cells = map_["order"], np.array(map_["cells"], np.int64)
    wanted = min(order, FINEST_ORDER)
    cells = np.unique(cells >> 2 * (order - wanted))
    whole = normalised(wanted, cells)
    while len(whole) > _MOST_CELLS:
        wanted, cells = wanted - 1, np.unique(cells >> 2)
        whole = normalised(wanted, cells)
    rows = [(int(number), True) for number in whole]
    rows += [(int(number), False) for number in ancestors(whole)]
    SkyCell.objects.bulk_create(
        (SkyCell(summary=summary, uniq=uniq, is_whole=is_whole) for uniq, is_whole in rows),
        batch_size=2000,
    )
