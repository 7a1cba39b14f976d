"""Releases from the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer
from django.db import transaction

from pzhub.core.audit import record
from pzhub.core.errors import ConflictError, InvalidError

if TYPE_CHECKING:
    from pzhub.catalog.models import Release
    from pzhub.processes.services import ReleaseWishes


@transaction.atomic
def create_release_named(
    name: str, *, display_name: str | None = None, description: str = "", groups: Sequence[str] = ()
) -> Release:
    """Create a release; groups that do not exist are created with it.

    Raises
    ------
    InvalidError
        If the name holds anything but letters, digits, ``-`` and ``_``.
    ConflictError
        If there is a release of that name.
    """
    from django.contrib.auth.models import Group

    from pzhub.catalog.models import Release

    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise InvalidError(
            f"Release {name!r}: use 1 to 64 letters, digits, hyphens and underscores, such as dp1"
        )
    release, created = Release.objects.get_or_create(
        name=name,
        defaults={"display_name": display_name or name.upper(), "description": description},
    )
    if not created:
        raise ConflictError(f"There is a release {name} already")
    release.access_groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    record(actor=None, action="release-created", target=release, groups=list(groups))
    return release


def register(name: str, wishes: ReleaseWishes, *, update: bool, dry_run: bool, deep: bool) -> None:
    """Register a release with its object catalog, and say what was found.

    Raises
    ------
    UserError
        If the catalog or a wish cannot be used; nothing is written.
    """
    from pzhub.processes.services import register_release

    release = register_release(
        actor=None, name=name, wishes=wishes, update=update, deep=deep, dry_run=dry_run
    )
    done = "Would register" if dry_run else "Updated" if update else "Registered"
    typer.echo(f"{done} release {name} ({release.display_name}).")
    for label, words in _facts(release).items():
        typer.echo(f"  {label:<16}{words}")


def check_release(name: str, *, deep: bool) -> None:
    """Say whether the object catalog of a release is as it was registered.

    Raises
    ------
    ConflictError
        If it is not, or cannot be used any more.
    """
    from pzhub.processes.services import check_release_objects, release_named

    report = check_release_objects(actor=None, release=release_named(name), deep=deep)
    found = [*report.changes, *report.problems]
    if found:
        raise ConflictError(
            f"Release {name} is not as it was registered:\n"
            + "\n".join(f"  {sentence}" for sentence in found)
            + f"\nMend the data, or register them anew: pzhub register-release {name} --update"
        )
    typer.echo(f"Release {name} is as it was registered: {_size_words(report.described)}.")


def _facts(release: Release) -> dict[str, str]:
    described: dict[str, Any] = release.object_catalog or {}
    first = described["offers"][0]
    margin = f"{first['margin_arcsec']:g} arcsec" if first["margin_arcsec"] else "none"
    kinds = {"magnitudes": release.has_mag_hats, "fluxes": release.has_flux_hats}
    return {
        "objects": _size_words(described),
        "catalogs": ", ".join(offer["path"] for offer in described["offers"]),
        "positions": f"{first['ra']}, {first['dec']}",
        "margin": margin,
        "identifier": release.indexing_column,
        "photometry": " and ".join(kind for kind, there in kinds.items() if there),
        "bands": " ".join(described["bands"]) or "not told by the names of the columns",
        "flux types": _entries(release.fluxes),
        "dereddening": _entries(release.dereddening),
    }


def _entries(entries: Any) -> str:
    words = [
        entry["name"]
        + (" (preselected)" if entry.get("selected") else "")
        + (" (switched off)" if entry.get("disabled") else "")
        for entry in entries or ()
    ]
    return ", ".join(words) or "none to choose"


def _size_words(described: dict[str, Any]) -> str:
    area, n_parts = described["area_deg2"], described["partitions"]
    sky = f", {area:,.2f} deg²" if area is not None else ""
    return (
        f"{described['rows']:,} rows in {n_parts:,} partition{'' if n_parts == 1 else 's'},"
        f" {described['bytes'] / 1e6:,.3g} MB{sky}"
    )
