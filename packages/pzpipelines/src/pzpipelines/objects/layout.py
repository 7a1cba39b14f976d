"""Finds the catalogs of a release: as it is, or prepared for fluxes or magnitudes.

A release is either one HATS catalog or collection, from which photometry is
computed on the fly, or the layout ``<root>/<mag|flux>/<flux type>/<dereddening>/catalog``
of catalogs that were prepared beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pzpipelines.objects.catalog import is_hats

Kind = Literal["mag", "flux"]
KINDS: Final[tuple[Kind, ...]] = ("mag", "flux")
CATALOG_FOLDER: Final = "catalog"


@dataclass(frozen=True, slots=True)
class PreparedCatalog:
    """A catalog that a release offers.

    Attributes
    ----------
    kind
        ``mag`` or ``flux``; ``None``: the release is this catalog, and its
        columns say what it holds.
    flux_type, dereddening
        As the folders are called (``cmodel``, ``sfd``), or ``None``.
    path
        A HATS catalog or collection.
    """

    kind: Kind | None
    flux_type: str | None
    dereddening: str | None
    path: Path


def offers(root: Path) -> list[PreparedCatalog]:
    """Return the catalogs of a release, ordered by kind, flux type and dereddening.

    Parameters
    ----------
    root
        Of the release; where it is itself a HATS catalog or collection, there
        is one offer, of kind ``None``.
    """
    if is_hats(root):
        return [PreparedCatalog(None, None, None, root)]
    return [
        PreparedCatalog(kind, flux.name, map_.name, map_ / CATALOG_FOLDER)
        for kind in KINDS
        for flux in _folders(root / kind)
        for map_ in _folders(flux)
        if is_hats(map_ / CATALOG_FOLDER)
    ]


def find_catalog(
    root: Path, *, kind: Kind, flux_type: str, dereddening: str
) -> PreparedCatalog | None:
    """Return the catalog of a release for a choice of photometry, or ``None``.

    Parameters
    ----------
    root
        Of the release.
    kind, flux_type, dereddening
        The choice; names are compared without regard to case. Where the
        release is one catalog it is returned whatever the choice: its columns
        decide.
    """
    wanted = (kind, flux_type.casefold(), dereddening.casefold())
    for offer in offers(root):
        if offer.flux_type is None or offer.dereddening is None:
            return offer
        if (offer.kind, offer.flux_type.casefold(), offer.dereddening.casefold()) == wanted:
            return offer
    return None


def _folders(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(each for each in folder.iterdir() if each.is_dir())
