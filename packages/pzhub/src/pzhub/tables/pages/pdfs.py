"""The probability densities of a product: some of its objects, and all together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from pzhub.accounts.requests import SignedInRequest
from pzhub.catalog.selectors import product_for
from pzhub.tables.drawing.histogram import Look
from pzhub.tables.drawing.lines import Line, curves
from pzhub.tables.drawing.numbers import value_label
from pzhub.tables.pdfs import (
    DensitiesNotReadyError,
    Density,
    Ensemble,
    NoDensitiesError,
    NoSuchObjectError,
    density_of,
    described_ensemble,
    ensemble_of,
)
from pztables.qp.model import Estimates

_SMALL: Final = (330.0, 180.0)
_ESTIMATES: Final = ("mode", "median", "mean")


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawn density, what it is of, and its point estimates as text."""

    title: str
    wide: SafeString
    narrow: SafeString | None = None
    estimates: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DensityPanel:
    """All that the section of densities shows.

    Attributes
    ----------
    facts
        What the inspection told.
    stack, objects
        Drawings of all together and of some.
    chosen
        Of the object that the address names.
    """

    facts: Mapping[str, Any]
    stack: Drawing
    objects: tuple[Drawing, ...]
    chosen: Drawing | None = None
    n_stacked: int = 0
    is_sample: bool = False


def panel_of(ensemble: Ensemble, row: int | None = None) -> DensityPanel:
    """Return the drawings of an ensemble.

    Raises
    ------
    NoSuchObjectError
        If there is no object of that number.
    """
    chosen = None if row is None else _chosen(*density_of(ensemble, row))
    title = _("Mean of the densities")
    return DensityPanel(
        ensemble.facts,
        Drawing(
            title, _drawn(ensemble.stack, title, 720, 280), _drawn(ensemble.stack, title, 340, 240)
        ),
        tuple(_object(curve) for curve in ensemble.curves),
        chosen,
        ensemble.n_stacked,
        ensemble.is_sample,
    )


def _drawn(density: Density, title: str, width: float, height: float) -> SafeString:
    look = Look("z", "p(z)", title, is_redshift=True)
    return mark_safe(curves([Line(density.x, density.p)], look, width, height))


def _object(density: Density) -> Drawing:
    title = _("Object %(number)s") % {"number": f"{density.row:,}"}
    return Drawing(title, _drawn(density, title, *_SMALL))


def _chosen(density: Density, estimates: Estimates) -> Drawing:
    title = _("Object %(number)s") % {"number": f"{density.row:,}"}
    labels = {"mode": _("Mode"), "median": _("Median"), "mean": _("Mean")}
    values = ((labels[name], float(getattr(estimates, name)[0])) for name in _ESTIMATES)
    told = tuple(
        (label, value_label(float(f"{value:.5g}")) if value == value else "–")
        for label, value in values
    )
    wide, narrow = _drawn(density, title, 720, 240), _drawn(density, title, 340, 220)
    return Drawing(title, wide, narrow, told)


@login_required
@require_GET
def pdfs_page(request: SignedInRequest, key: str) -> HttpResponse:
    """Show the densities of a product, and of the object that ``row`` names."""
    product = product_for(request.user, key)
    context: dict[str, Any] = {"product": product, "given": request.GET.get("row", "")}
    try:
        facts = described_ensemble(product)
    except (DensitiesNotReadyError, NoDensitiesError) as refusal:
        is_pending = isinstance(refusal, DensitiesNotReadyError)
        context |= {"refusal": refusal, "is_pending": is_pending}
        return render(request, "tables/pdfs.html", context, status=409 if is_pending else 404)
    context["facts"] = facts
    ensemble = None if facts.get("problem") else ensemble_of(facts)
    if ensemble is None:
        return render(request, "tables/pdfs.html", context)
    wrong = _fill(context, ensemble)
    return render(request, "tables/pdfs.html", context, status=400 if wrong else 200)


def _fill(context: dict[str, Any], ensemble: Ensemble) -> str:
    """Put the drawings into the context; return what is wrong with the asked number."""
    given, wrong = context["given"].strip(), ""
    row = int(given) if given.isascii() and given.isdigit() and len(given) < 16 else None
    if given and row is None:
        most = int(ensemble.facts["n_objects"]) - 1
        wrong = _("Give a whole number from 0 to %(most)s.") % {"most": f"{most:,}"}
    try:
        context["panel"] = panel_of(ensemble, row)
    except NoSuchObjectError as refusal:
        wrong, context["panel"] = refusal.message, panel_of(ensemble)
    context["wrong"] = wrong
    return wrong
