"""What photometry a release offers: what forms show, and what a run may ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Literal

from pzhub.catalog.models import Release
from pzhub.core.errors import InvalidError
from pzhub.processes.pipelines.release import required_objects_of
from pzpipelines.runtime.job import JobObjects

#: Option names of the wire.
FLUX_TYPE: Final = "flux_type"
DEREDDENING: Final = "dereddening"
CONVERT: Final = "convert_flux_to_mag"

Conversion = Literal["free", "locked_on"]


class PhotometryNotOfferedError(InvalidError):
    """The release has no such photometry."""

    code = "photometry_not_available"


@dataclass(frozen=True, slots=True)
class Choice:
    """A flux type or a dust map that a release lists."""

    name: str
    label: str
    is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class Photometry:
    """What a release offers.

    Attributes
    ----------
    flux_types, dereddening
        As its administrators list them.
    flux_type, dereddening_chosen
        Names of those that are chosen where nobody chooses; empty: the release lists none.
    has_mag, has_flux
        Whether magnitudes and fluxes are there.
    """

    flux_types: tuple[Choice, ...]
    dereddening: tuple[Choice, ...]
    flux_type: str
    dereddening_chosen: str
    has_mag: bool
    has_flux: bool

    @property
    def conversion(self) -> Conversion:
        """Whether users choose between magnitudes and fluxes."""
        return "free" if self.has_flux else "locked_on"

    @property
    def converts(self) -> bool:
        """Whether magnitudes are chosen where nobody chooses."""
        return self.has_mag or not self.has_flux


def photometry_of(release: Release) -> Photometry:
    """Return what a release offers."""
    flux_types, flux_type = _choices(release.fluxes)
    maps, chosen = _choices(release.dereddening)
    return Photometry(
        flux_types, maps, flux_type, chosen, release.has_mag_hats, release.has_flux_hats
    )


def _choices(listed: object) -> tuple[tuple[Choice, ...], str]:
    """Return the entries of a release's list, and the name of the one that is preselected."""
    entries = [
        entry
        for entry in (listed if isinstance(listed, list) else [])
        if isinstance(entry, Mapping) and entry.get("name")
    ]
    choices = tuple(
        Choice(
            str(entry["name"]),
            str(entry.get("display_name") or entry["name"]),
            bool(entry.get("disabled")),
        )
        for entry in entries
    )
    enabled = [choice.name for choice in choices if not choice.is_disabled]
    selected = [str(entry["name"]) for entry in entries if entry.get("selected")]
    preferred = [name for name in selected if name in enabled] or enabled
    return choices, preferred[0] if preferred else ""


def columns_of_objects(release: Release) -> list[tuple[str, str]]:
    """Return name and type of the columns of a release's objects, as far as they are known."""
    described = release.object_catalog or {}
    return [
        (str(column["name"]), str(column.get("type", "")))
        for column in described.get("columns") or ()
        if isinstance(column, Mapping) and column.get("name")
    ]


def choose_photometry(
    release: Release, asked: Mapping[str, Any], validated: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options of a run, complete with the photometry that the release preselects.

    Parameters
    ----------
    release
        Whose objects are matched.
    asked
        Options as the user gave them: what is not among them is the release's to choose.
    validated
        The same options, checked and complete with the pipeline's defaults.

    Raises
    ------
    PhotometryNotOfferedError
        Naming the option and what the release has.
    pztables.errors.UserError
        If what is on disk does not give it.
    """
    offer = photometry_of(release)
    convert = offer.converts if asked.get(CONVERT) is None else validated[CONVERT]
    if not convert and offer.conversion == "locked_on" and offer.has_mag:
        raise _refused(
            CONVERT,
            f"{CONVERT}: {release.display_name} has magnitudes only, no fluxes;"
            " leave it on, or choose another release.",
            ["true"],
        )
    # Checked options have no name where none was given; a dereddening of false is none.
    flux_type = validated[FLUX_TYPE] or offer.flux_type
    dust_map = validated[DEREDDENING] or offer.dereddening_chosen
    chosen = {
        **validated,
        CONVERT: convert,
        FLUX_TYPE: _listed(release, FLUX_TYPE, flux_type, offer.flux_types),
        DEREDDENING: _listed(release, DEREDDENING, dust_map, offer.dereddening)
        or validated[DEREDDENING],
    }
    return {**chosen, FLUX_TYPE: _flux_type_on_disk(release, chosen) or chosen[FLUX_TYPE]}


def _flux_type_on_disk(release: Release, parameters: Mapping[str, Any]) -> str | None:
    """Return the flux type that a run takes, once what is on disk gives what is asked for."""
    return _plan(release, parameters)[0]


def columns_offered(release: Release, choice: Mapping[str, Any]) -> list[str]:
    """Return the columns that a choice of photometry gives, computed ones by their new names.

    Raises
    ------
    pztables.errors.UserError
        If what is on disk does not give it.
    """
    return list(_plan(release, choice)[1])


def _plan(release: Release, parameters: Mapping[str, Any]) -> tuple[str | None, Sequence[str]]:
    """Return flux type and columns of a run; no data is read."""
    from pzpipelines.objects.catalog import open_objects
    from pzpipelines.training.columns import plan_columns
    from pzpipelines.training.parameters import validate
    from pzpipelines.training.sources import choose, look_at_release

    options = validate(parameters)
    found = look_at_release(JobObjects(**required_objects_of(release)))
    recipe = choose(found, options)
    catalog = found.only
    if catalog is None and recipe is not None:
        catalog = open_objects(recipe.source.path, name=release.name)
    assert catalog is not None  # a release has a catalog of its own, or sources
    columns = plan_columns(catalog, recipe, options)
    return recipe.source.flux_type if recipe is not None else None, columns.names


def _listed(
    release: Release, option: str, name: str | None, choices: Sequence[Choice]
) -> str | None:
    """Return a name as the release spells it."""
    if not choices or not name:
        return name
    enabled = [choice.name for choice in choices if not choice.is_disabled]
    found = next((each for each in choices if each.name.casefold() == name.casefold()), None)
    there = f"it has {', '.join(enabled)}" if enabled else "it has none at the moment"
    if found is None:
        near = get_close_matches(name, enabled, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise _refused(
            option,
            f"{option}: {release.display_name} has no {name[:60]!r}; {there}.{hint}",
            enabled,
        )
    if found.is_disabled:
        raise _refused(
            option,
            f"{option}: {found.name!r} is not available in {release.display_name} at the"
            f" moment; {there}.",
            enabled,
        )
    return found.name


def _refused(option: str, text: str, available: Sequence[str]) -> PhotometryNotOfferedError:
    return PhotometryNotOfferedError(
        text, fields={option: [text]}, option=option, available=list(available)
    )
