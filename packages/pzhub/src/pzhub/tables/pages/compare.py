"""The page that shows a few products side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from pzhub.accounts.requests import SignedInRequest
from pzhub.tables.comparison import (
    FEWEST,
    MOST,
    ColumnLine,
    ComparisonError,
    Side,
    column_lines,
    common_redshifts,
    may_be_near,
    overlap_deg2,
    sides_of,
)
from pzhub.tables.drawing.histogram import Look, small_multiples
from pzhub.tables.drawing.sky import SkyLook, sky_map

DEFAULT_RADIUS_ARCSEC: Final = 1.0
#: Smaller tables are matched at once when the page is there; larger ones when asked for.
_SMALL_ROWS: Final = 200_000
_SHOWN_LINES: Final = 60


@dataclass(frozen=True, slots=True)
class Pair:
    """Two of the products: how much sky they share, and whether rows are counted at once.

    ``can_count`` says whether there can be common positions at all: also where they share no
    cell, but have some side by side.
    """

    left: Side
    right: Side
    area_deg2: float | None
    is_small: bool
    can_count: bool


@login_required
@require_GET
def compare(request: SignedInRequest) -> HttpResponse:
    """Show metadata, columns, redshifts and sky of two to six products side by side."""
    names = [name.strip() for name in request.GET.get("products", "").split(",") if name.strip()]
    try:
        sides = sides_of(request.user, names)
    except ComparisonError as refusal:
        context = {"refusal": refusal if names else None, "fewest": FEWEST, "most": MOST}
        return render(request, "tables/compare_none.html", context, status=400 if names else 200)
    return render(request, "tables/compare.html", comparison_context(request, sides))


def comparison_context(request: SignedInRequest, sides: list[Side]) -> dict[str, Any]:
    """Return all that the page shows."""
    lines = column_lines(sides)
    shared = [line for line in lines if line.is_shared]
    return {
        "sides": sides,
        "names": ",".join(side.product.internal_name or "" for side in sides),
        "radius_arcsec": radius_of(request),
        "pairs": [_pair(*pair) for pair in combinations(sides, 2)],
        "lines": shared[:_SHOWN_LINES],
        "more_lines": len(shared) - _SHOWN_LINES,
        "only": _only(sides, lines),
        "redshifts": _redshifts(sides, 1120),
        "redshifts_narrow": _redshifts(sides, 340),
        "skies": [(side, _sky(side)) for side in sides if side.sky is not None],
    }


def radius_of(request: SignedInRequest) -> float:
    """Return the radius that was asked for, arcsec; what is no radius counts as the default."""
    try:
        radius = float(request.GET.get("radius_arcsec", ""))
    except ValueError:
        return DEFAULT_RADIUS_ARCSEC
    return radius if math.isfinite(radius) and 0 < radius <= 60 else DEFAULT_RADIUS_ARCSEC


def _pair(left: Side, right: Side) -> Pair:
    rows = sum(side.profile["n_rows"] if side.profile else 0 for side in (left, right))
    is_small, is_near = rows <= _SMALL_ROWS, may_be_near(left, right)
    return Pair(left, right, overlap_deg2(left, right), is_small, is_near)


def _only(sides: list[Side], lines: list[ColumnLine]) -> list[tuple[Side, list[str]]]:
    """Return the columns that only one product has, by product."""
    found = []
    for place, side in enumerate(sides):
        own = [line.cells[place] for line in lines if not line.is_shared]
        names = [column.column_name for column in own if column is not None]
        if names:
            found.append((side, names))
    return found


def _redshifts(sides: list[Side], width: float) -> SafeString | None:
    series = common_redshifts(sides)
    if not series:
        return None
    look = Look(
        _("redshift z"),
        "",
        _("Redshift distributions of %(n)s products") % {"n": len(series)},
        is_redshift=True,
        median_title=_("median z"),
    )
    return mark_safe(small_multiples(series, look, width=width, row_height=72))


def _sky(side: Side) -> SafeString:
    assert side.sky is not None
    title = _("Sky coverage of %(name)s") % {"name": side.product.display_name}
    return mark_safe(sky_map(side.sky, SkyLook(title), width=420))
