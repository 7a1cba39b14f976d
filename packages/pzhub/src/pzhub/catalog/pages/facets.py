"""Facets of the product list as people see them: labels, counts, what is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pzhub.catalog.facet_counts import Listed, facet_counts
from pzhub.catalog.facet_rows import FORMATS
from pzhub.catalog.hooks import origin_labels
from pzhub.catalog.models import Release
from pzhub.catalog.product_list import SAVED_VIEW, UPLOADED, ProductFilter
from pzhub.catalog.selectors import product_types_list

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

#: Most owners that are offered; those of most products come first.
MOST_OWNERS: Final = 12
#: Most surveys that are offered; those inside most products come first.
MOST_SURVEYS: Final = 12
_ROLE_LABELS: Final = {
    "z_flag": gettext_lazy("Quality flag"),
    "z_err": gettext_lazy("Redshift error"),
    "survey": gettext_lazy("Survey name"),
    "instrument_type": gettext_lazy("Instrument type"),
}
_SIZE_LABELS: Final = {
    "under-1mb": gettext_lazy("Under 1 MB"),
    "1-10mb": gettext_lazy("1 to 10 MB"),
    "10-100mb": gettext_lazy("10 to 100 MB"),
    "over-100mb": gettext_lazy("Over 100 MB"),
}
_FORMAT_LABELS: Final = {
    **{name: name.upper() for name in FORMATS},
    "parquet": "Parquet",
    "votable": "VOTable",
}


@dataclass(frozen=True, slots=True)
class FacetChoice:
    """One value of a facet, with how many products it would leave."""

    value: str
    label: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class FacetView:
    """A facet: its name, the name of its parameter, its title, its choices."""

    name: str
    parameter: str
    label: str | _StrPromise
    choices: list[FacetChoice]
    is_open: bool


def sent_name(facet: str) -> str:
    """Return the name of a facet in addresses: ``size`` is the size of a page there."""
    return "bytes" if facet == "size" else facet


def facets_of(
    wanted: ProductFilter, listed: Listed, releases: Sequence[Release]
) -> list[FacetView]:
    """Return the facets of a list; those that cannot narrow it further are left out.

    Parameters
    ----------
    wanted
        What the list shows.
    listed
        Its products before the facets narrow it.
    releases
        Those that are offered.
    """
    views = (_view(listed, wanted, name, releases) for name in _TITLES)
    return [view for view in views if view.name in _ALWAYS or _can_narrow(view)]


def _can_narrow(view: FacetView) -> bool:
    usable = [choice for choice in view.choices if choice.count]
    return (
        len(usable) > 1
        or (view.name in {"has", "survey"} and bool(usable))
        or any(choice.chosen for choice in view.choices)
    )


def _view(
    listed: Listed, wanted: ProductFilter, name: str, releases: Sequence[Release]
) -> FacetView:
    counts = facet_counts(listed, name)
    chosen = wanted.chosen.get(name, ())
    labels = _LABELS[name](releases, counts)
    choices = [
        FacetChoice(value, str(label), counts.get(value, 0), value in chosen)
        for value, label in labels.items()
    ]
    # What an address asks for and nobody knows must be seen to be taken away.
    choices += [FacetChoice(value, value, 0, True) for value in chosen if value not in labels]
    is_open = name in _ALWAYS or bool(chosen)
    return FacetView(name, sent_name(name), _TITLES[name], choices, is_open)


Counts = Mapping[str, int]
Labels = Mapping[str, "str | _StrPromise"]


def _types(releases: Sequence[Release], counts: Counts) -> Labels:
    return {kind.name: kind.display_name for kind in product_types_list()}


def _releases(releases: Sequence[Release], counts: Counts) -> Labels:
    named = {release.name: release.display_name for release in releases}
    return {**named, "none": _("No release")}


def _origins(releases: Sequence[Release], counts: Counts) -> Labels:
    known = {UPLOADED: _("Upload"), SAVED_VIEW: _("Saved view"), **origin_labels()}
    return {name: label for name, label in known.items() if counts.get(name)}


def _owners(releases: Sequence[Release], counts: Counts) -> Labels:
    by_count = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {name: name for name, _n in by_count[:MOST_OWNERS]}


def _surveys(releases: Sequence[Release], counts: Counts) -> Labels:
    by_count = sorted(counts.items(), key=lambda item: (-item[1], item[0].casefold()))
    return {name: name for name, _n in by_count[:MOST_SURVEYS]}


def _formats(releases: Sequence[Release], counts: Counts) -> Labels:
    return {name: label for name, label in _FORMAT_LABELS.items() if counts.get(name)}


_ALWAYS: Final = frozenset({"type", "release"})
_TITLES: Final = {
    "type": gettext_lazy("Product type"),
    "release": gettext_lazy("Release"),
    "has": gettext_lazy("Contains"),
    "survey": gettext_lazy("Survey inside"),
    "origin": gettext_lazy("Origin"),
    "owner": gettext_lazy("Owner"),
    "format": gettext_lazy("Format"),
    "size": gettext_lazy("Size"),
}
_LABELS: Final[Mapping[str, Callable[[Sequence[Release], Counts], Labels]]] = {
    "type": _types,
    "release": _releases,
    "has": lambda releases, counts: _ROLE_LABELS,
    "survey": _surveys,
    "origin": _origins,
    "owner": _owners,
    "format": _formats,
    "size": lambda releases, counts: _SIZE_LABELS,
}
