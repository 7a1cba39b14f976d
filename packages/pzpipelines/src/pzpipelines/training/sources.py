"""Which photometry a release has, prepared or in its columns, and what can be made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pzpipelines.objects.bands import PhotometrySet, detect
from pzpipelines.objects.catalog import ObjectCatalog, open_objects
from pzpipelines.objects.layout import offers
from pzpipelines.runtime.job import JobObjects
from pzpipelines.training.dust import DUST_MAPS, require_dust_map
from pzpipelines.training.errors import NoObjectsError, PhotometryError
from pzpipelines.training.parameters import (
    NO_DEREDDENING,
    USUAL_DEREDDENING,
    TrainingParameters,
)
from pztables.expressions.errors import near_names

Kind = Literal["mag", "flux"]
#: Flux types that are meant when none is named and a release has several.
USUAL_FLUX_TYPES: Final = ("auto", "cmodel")
#: Dereddening of columns whose names do not say by which map.
UNNAMED_MAP: Final = "dered"


@dataclass(frozen=True, slots=True)
class Source:
    """Photometry that is on disk.

    Attributes
    ----------
    path
        Of the catalog.
    kind
        ``mag`` or ``flux``.
    flux_type
        Its name, or ``None`` where the columns do not say.
    dereddening
        Map that it was corrected with, or ``none``.
    is_prepared
        Whether the release keeps it as a catalog of its own.
    """

    path: Path
    kind: Kind
    flux_type: str | None
    dereddening: str
    is_prepared: bool


@dataclass(frozen=True, slots=True)
class Recipe:
    """What becomes of photometry on its way to the training set.

    Attributes
    ----------
    source
        Where it comes from.
    converts
        Whether fluxes become magnitudes.
    dereddens
        Whether it is corrected for dust.
    dereddening
        Map that it is corrected with in the end, or ``none``.
    """

    source: Source
    converts: bool
    dereddens: bool
    dereddening: str

    @property
    def is_computed(self) -> bool:
        """Whether anything is computed."""
        return self.converts or self.dereddens

    @property
    def words(self) -> str:
        """``prepared``, ``converted``, ``dereddened`` or ``converted and dereddened``."""
        done = [word for word, is_so in (("converted", self.converts),
                                         ("dereddened", self.dereddens)) if is_so]  # fmt: skip
        return " and ".join(done) or "prepared"


@dataclass(frozen=True, slots=True)
class Release:
    """The photometry of a release.

    Attributes
    ----------
    objects
        As the job names it.
    sources
        What is on disk; empty where the columns of its one catalog are of no known pattern.
    only
        The one catalog of a release that is not divided by photometry.
    """

    objects: JobObjects
    sources: tuple[Source, ...]
    only: ObjectCatalog | None

    @property
    def flux_types(self) -> list[str]:
        """Flux types that it has, by name."""
        return list(dict.fromkeys(each.flux_type for each in self.sources if each.flux_type))

    def recipes(self) -> Iterator[tuple[Kind, str | None, str, Recipe]]:
        """Yield every kind, flux type and dereddening that can be had, and how, easiest first."""
        maps = [name for name, each in DUST_MAPS.items() if each.is_installed(self._dust_maps)]
        for flux_type in dict.fromkeys(each.flux_type for each in self.sources):
            prepared = [each.dereddening for each in self.sources if each.flux_type == flux_type]
            for dereddening in dict.fromkeys([*prepared, *maps]):
                kinds: tuple[Kind, ...] = ("mag", "flux")
                for kind in kinds:
                    found = self.recipe(kind, flux_type, dereddening)
                    # What is prepared of one kind may need a map for the other.
                    if found and (not found.dereddens or found.dereddening in maps):
                        yield kind, flux_type, dereddening, found

    def recipe(self, kind: Kind, flux_type: str | None, dereddening: str) -> Recipe | None:
        """Return the way to some photometry that computes least, or ``None``.

        Whether the dust map is installed is not asked here.
        """
        recipes = [
            made
            for source in self.sources
            if _same(source.flux_type, flux_type)
            and (made := _recipe(source, kind, dereddening)) is not None
        ]
        # A map that is on disk is better than a computation.
        return min(recipes, key=lambda each: (each.dereddens, each.converts), default=None)

    def usual(self, kind: Kind, flux_type: str | None) -> Recipe | None:
        """Return what is meant where no dereddening is named: the usual map, else what there is."""
        found = {
            dereddening.casefold(): recipe
            for each, name, dereddening, recipe in self.recipes()
            if each == kind and _same(name, flux_type)
        }
        if UNNAMED_MAP in found:
            found.setdefault(USUAL_DEREDDENING, found[UNNAMED_MAP])
        as_observed = found.pop(NO_DEREDDENING, None)
        return found.get(USUAL_DEREDDENING) or next(iter(found.values()), as_observed)

    @property
    def _dust_maps(self) -> Path | None:
        return self.objects.dust_maps

    def available(self) -> dict[str, Any]:
        """Return what can be had, ready for JSON."""
        found = list(self.recipes())
        return {
            "flux_types": self.flux_types,
            "dereddening": list(dict.fromkeys(each[2] for each in found)),
            "conversions": [
                {"kind": kind, "flux_type": flux_type, "dereddening": dereddening,
                 "how": recipe.words}
                for kind, flux_type, dereddening, recipe in found
            ],
        }  # fmt: skip


def _same(one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.casefold() == other.casefold()


def _recipe(source: Source, kind: Kind, dereddening: str) -> Recipe | None:
    if kind == "flux" and source.kind == "mag":
        return None
    wanted, has = dereddening.casefold(), source.dereddening.casefold()
    is_so = wanted == has or (has == UNNAMED_MAP and wanted != NO_DEREDDENING)
    if not is_so and (has != NO_DEREDDENING or wanted not in DUST_MAPS):
        return None
    return Recipe(
        source,
        converts=kind != source.kind,
        dereddens=not is_so,
        dereddening=source.dereddening if is_so else wanted,
    )


def look_at_release(objects: JobObjects | None) -> Release:
    """Find the photometry of a release; no data is read.

    Raises
    ------
    NoObjectsError
        If nothing is on disk.
    UserError
        If its catalog is none.
    """
    if objects is None:
        raise NoObjectsError(
            "no object catalog is given; choose the release to match redshifts with"
        )
    found = offers(objects.path)
    if not found:
        raise NoObjectsError(
            f"release {objects.name} has no object catalog on disk: neither a HATS catalog nor "
            "folders <mag or flux>/<flux type>/<dereddening>/catalog; choose another release, or "
            "ask an administrator to register its data",
            release=objects.name,
        )
    if found[0].kind is not None:
        sources = tuple(
            Source(each.path, each.kind, each.flux_type, each.dereddening or NO_DEREDDENING, True)
            for each in found
            if each.kind is not None
        )
        return Release(objects, sources, None)
    catalog = open_objects(found[0].path, name=objects.name)
    sets = detect(catalog.schema.names).sets
    return Release(objects, tuple(_source(found[0].path, each) for each in sets), catalog)


def _source(path: Path, found: PhotometrySet) -> Source:
    return Source(path, found.kind, found.flux_type, found.dereddening or NO_DEREDDENING, False)


def choose(release: Release, parameters: TrainingParameters) -> Recipe | None:
    """Choose the photometry that the parameters ask for.

    Returns
    -------
    how to get it; ``None`` where the release is one catalog whose columns are of
    no known pattern, which is taken as it is

    Raises
    ------
    PhotometryError
        If it is not prepared and cannot be computed; what can be had is listed.
    DustMapError
        If it could be computed, but the dust map is not installed.
    """
    if not release.sources:
        return None
    kind: Kind = "mag" if parameters.convert_flux_to_mag else "flux"
    flux_type = _flux_type(release, parameters)
    if parameters.dereddening is None and (usual := release.usual(kind, flux_type)):
        return usual
    dereddening = parameters.dereddening or USUAL_DEREDDENING
    recipe = release.recipe(kind, flux_type, dereddening)
    if recipe is None:
        raise _not_available(release, kind, flux_type, dereddening)
    if recipe.dereddens:
        require_dust_map(dereddening, release.objects.dust_maps)
    return recipe


def _flux_type(release: Release, parameters: TrainingParameters) -> str | None:
    types = release.flux_types
    if parameters.flux_type is None:
        usual = [name for each in USUAL_FLUX_TYPES for name in types if name.casefold() == each]
        if len(types) > 1 and not usual:
            raise PhotometryError(
                f"flux_type: release {release.objects.name} has several; choose one of "
                f"{', '.join(types)}",
                option="flux_type",
                available=types,
            )
        return next(iter(usual or types), None)
    for name in types:
        if name.casefold() == parameters.flux_type.casefold():
            return name
    if not types:
        return None  # the columns name no flux type, so there is nothing to choose
    near = near_names(parameters.flux_type, types)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise PhotometryError(
        f"flux_type: release {release.objects.name} has no {parameters.flux_type!r}; it has "
        f"{', '.join(types)}.{hint}",
        option="flux_type",
        near=near,
        available=release.available(),
    )


def _not_available(
    release: Release, kind: Kind, flux_type: str | None, dereddening: str
) -> PhotometryError:
    available = release.available()
    words = {"mag": "magnitudes", "flux": "fluxes"}
    offered = [
        f"{words[each['kind']]}, {dereddening_words(each['dereddening'])}"
        for each in available["conversions"]
        if _same(each["flux_type"], flux_type)
    ]
    what = f" {flux_type}" if flux_type else ""
    option = "dereddening" if _has_kind(release, kind, flux_type) else "convert_flux_to_mag"
    return PhotometryError(
        f"release {release.objects.name} has no{what} {words[kind]} "
        f"({dereddening_words(dereddening)}), and they cannot be computed from what it has. "
        f"Of{what or ' it'} there is: {'; '.join(offered) or 'nothing'}",
        option=option,
        kind=kind,
        flux_type=flux_type,
        dereddening=dereddening,
        available=available,
    )


def _has_kind(release: Release, kind: Kind, flux_type: str | None) -> bool:
    """Tell whether another dereddening would do."""
    same: Sequence[Source] = [s for s in release.sources if _same(s.flux_type, flux_type)]
    return kind == "mag" or any(source.kind == "flux" for source in same)


def dereddening_words(dereddening: str) -> str:
    """Return a dereddening as people say it."""
    if dereddening.casefold() == NO_DEREDDENING:
        return "not dereddened"
    return "dereddened" if dereddening == UNNAMED_MAP else f"dereddened with {dereddening}"
