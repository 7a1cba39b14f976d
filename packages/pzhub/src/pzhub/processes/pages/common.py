"""How many rows of two products are at common positions: a part of the comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from pzhub.accounts.models import User
from pzhub.accounts.requests import SignedInRequest
from pzhub.processes.pipelines import rows_with_counterpart
from pzhub.tables.comparison import Side, sides_of
from pzhub.tables.pages.compare import radius_of
from pzhub.tables.selectors import table_for
from pzhub.tables.services.positions import positions_on
from pztables.errors import UserError

#: Positions on the common sky that one request matches; a second each for a million.
_MOST_POSITIONS: Final = 3_000_000


@dataclass(frozen=True, slots=True)
class Counterparts:
    """How many rows of a product have a row of the other one near them."""

    side: Side
    count: int

    @property
    def percent(self) -> float:
        """The same as a share of all its rows."""
        rows = int(self.side.profile["n_rows"]) if self.side.profile else 0
        return 100 * self.count / rows if rows else 0.0


@login_required
@require_GET
def common(request: SignedInRequest) -> HttpResponse:
    """Count the rows of each of two products that have a row of the other within a radius."""
    sides = sides_of(request.user, [request.GET.get("left", ""), request.GET.get("right", "")])
    radius_arcsec = radius_of(request)
    context: dict[str, Any] = {"radius_arcsec": radius_arcsec, "sides": sides}
    is_part = "HX-Request" in request.headers
    try:
        context["counterparts"] = counterparts_of(request.user, sides, radius_arcsec)
    except UserError as refusal:
        if not is_part:
            raise
        context["refusal"] = refusal  # htmx shows only answers that went well
    template = "processes/_common.html" if is_part else "processes/common.html"
    return render(request, template, context)


def counterparts_of(user: User, sides: list[Side], radius_arcsec: float) -> list[Counterparts]:
    """Match the positions of two products on the sky that both cover."""
    left, right = sides
    if left.coverage is None or right.coverage is None:
        return [Counterparts(side, 0) for side in sides]
    # A counterpart may be in the next cell of the coverage (3.4 arcmin, more than any radius).
    there = _positions(user, left, right.surroundings)
    here = _positions(user, right, left.surroundings)
    return [
        Counterparts(left, rows_with_counterpart(there, here, radius_arcsec=radius_arcsec)),
        Counterparts(right, rows_with_counterpart(here, there, radius_arcsec=radius_arcsec)),
    ]


def _positions(user: User, side: Side, coverage: Any) -> Any:
    _, table = table_for(user, side.product.pk)
    return positions_on(table, coverage, most=_MOST_POSITIONS)
