"""Releases with their object catalogs: described, checked, written down whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.accounts.policies import require_administrator
from pzhub.catalog.models import Release
from pzhub.core import audit
from pzhub.core.errors import ConflictError, InvalidError, NotFoundError
from pzhub.processes.pipelines.objects import describe_release, objects_root, stored_path
from pzhub.processes.services.release_choices import (
    Choices,
    dereddening_entries,
    flux_entries,
    indexing_column_of,
)

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LONGEST_NAME: Final = 128
#: Problems named in one sentence.
_SHOWN: Final = 3


class ReleaseExistsError(InvalidError):
    """There is a release of that name."""

    code = "release_exists"


class ObjectsNotUsableError(InvalidError):
    """The object catalog has problems; all of them are in ``problems``."""

    code = "objects_not_usable"


@dataclass(frozen=True, slots=True)
class ReleaseWishes:
    """What is asked of a release; ``None`` leaves what there is, or what was detected.

    Attributes
    ----------
    path
        Folder of the object catalog.
    display_name, description, is_public
        For people.
    groups
        Names of the groups that may use it; those that do not exist are made.
    indexing_column
        Column that identifies an object.
    choices
        Flux types and dereddenings that are switched off or preselected.
    """

    path: Path | None = None
    display_name: str | None = None
    description: str | None = None
    groups: Sequence[str] | None = None
    is_public: bool | None = None
    indexing_column: str | None = None
    choices: Choices = field(default_factory=Choices)


def register_release(
    *,
    actor: User | None,
    name: str,
    wishes: ReleaseWishes,
    update: bool = False,
    deep: bool = True,
    dry_run: bool = False,
) -> Release:
    """Write down a release with what its object catalog offers.

    Parameters
    ----------
    actor
        An administrator; ``None``: the command line of the server.
    name
        Short name, such as ``dp1``.
    wishes
        What it shall be.
    update
        Change the release of that name; else it must be new.
    deep
        Read the positions of every partition before.
    dry_run
        Do everything but write; the release returned is not saved.

    Raises
    ------
    ForbiddenError
        If the actor is no administrator.
    ReleaseExistsError, NotFoundError
        If there is such a release, or none to update.
    ObjectsNotUsableError
        If the catalog has problems.
    InvalidError, pztables.errors.UserError
        If a value cannot be used, or there is no catalog at the path.
    """
    if actor is not None:
        require_administrator(actor)
    release = _release_named(name, update=update)
    root = wishes.path if wishes.path is not None else objects_root(release)
    described = describe_usable(root, name, deep=deep)
    _fill(release, wishes, root, described)
    if not dry_run:
        _save(release, wishes.groups, actor, is_new=release.pk is None)
    return release


def update_release(*, actor: User | None, release: Release, wishes: ReleaseWishes) -> Release:
    """Change a release without a look at its object catalog; ``wishes.path`` does not count.

    Raises
    ------
    ForbiddenError
        If the actor is no administrator.
    InvalidError
        If a value cannot be used.
    """
    if actor is not None:
        require_administrator(actor)
    _fill_words(release, wishes)
    if release.object_catalog:
        _fill_choices(release, wishes, release.object_catalog)
    _save(release, wishes.groups, actor, is_new=False)
    return release


def describe_usable(root: Path, name: str, *, deep: bool) -> dict[str, Any]:
    """Return what an object catalog holds, with the time of the look.

    Raises
    ------
    ObjectsNotUsableError
        Naming its problems.
    pztables.errors.UserError
        If there is none.
    """
    described = _describe_now(root, name, deep=deep)
    if problems := described["problems"]:
        said = " ".join(problem["message"] for problem in problems[:_SHOWN])
        more = f" And {len(problems) - _SHOWN} more problems." if len(problems) > _SHOWN else ""
        raise ObjectsNotUsableError(f"Release {name}: {said}{more}", problems=problems)
    return described


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a look at the object catalog of a release found.

    Attributes
    ----------
    problems
        Sentences.
    changes
        What is not as it was registered: sentences.
    described
        As it is now.
    """

    problems: list[str]
    changes: list[str]
    described: dict[str, Any]


def check_release_objects(*, actor: User | None, release: Release, deep: bool) -> CheckReport:
    """Look whether the object catalog of a release is as it was registered; keep the answer.

    Raises
    ------
    ForbiddenError
        If the actor is no administrator.
    ConflictError
        If no object catalog was registered.
    pztables.errors.UserError
        If it is not there any more.
    """
    if actor is not None:
        require_administrator(actor)
    before = release.object_catalog
    if not before:
        raise ConflictError(
            f"Release {release.name} has no object catalog yet; register one with:"
            f" pzhub register-release {release.name} --update --objects PATH"
        )
    now = _describe_now(objects_root(release), release.name, deep=deep)
    changes = list(_changes(before, now))
    problems = [problem["message"] for problem in now["problems"]]
    changed = [{"code": "changed", "message": sentence} for sentence in changes]
    found = [*now["problems"], *changed]
    kept = {**before, "checked_at": now["checked_at"], "deep": deep, "problems": found}
    with transaction.atomic():
        Release.objects.filter(pk=release.pk).update(object_catalog=kept)
        audit.record(actor=actor, action="release-checked", target=release, deep=deep,
                     problems=len(problems), changes=changes)  # fmt: skip
    return CheckReport(problems, changes, now)


def release_named(name: str) -> Release:
    """Return a release by its name.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    release = Release.objects.filter(name=name).first()
    if release is None:
        raise NotFoundError(f"There is no release {name}; register it without --update.")
    return release


def _describe_now(root: Path, name: str, *, deep: bool) -> dict[str, Any]:
    if not root.is_dir():
        raise InvalidError(
            f"{root}: there is no such folder; give that of a HATS catalog or collection, or one"
            " with <mag or flux>/<flux type>/<dereddening>/catalog in it",
            fields={"folder": ["There is no such folder."]},
        )
    now = timezone.now().isoformat(timespec="seconds")
    return {**describe_release(root, name, deep=deep), "checked_at": now}


def _release_named(name: str, *, update: bool) -> Release:
    if not _NAME.fullmatch(name):
        text = f"{name!r}: use 1 to 64 letters, digits, hyphens and underscores, such as dp1"
        raise InvalidError(f"Release {text}", fields={"name": [text]})
    if update:
        return release_named(name)
    if Release.objects.filter(name=name).exists():
        text = f"There is a release {name} already."
        raise ReleaseExistsError(f"{text} To change it, add --update.", fields={"name": [text]})
    return Release(name=name, display_name=name.upper())


def _fill(release: Release, wishes: ReleaseWishes, root: Path, described: dict[str, Any]) -> None:
    _fill_words(release, wishes)
    kinds = {each["kind"] for each in described["conversions"]}
    # A catalog whose columns follow no pattern is taken as it is: what users call magnitudes.
    release.has_mag_hats = "mag" in kinds or not kinds
    release.has_flux_hats = "flux" in kinds
    _fill_choices(release, wishes, described)
    release.objects_path = stored_path(root)
    release.object_catalog = described


def _fill_words(release: Release, wishes: ReleaseWishes) -> None:
    for wished in ("display_name", "description", "is_public"):
        value = getattr(wishes, wished)
        if value is not None:
            setattr(release, wished, value.strip() if isinstance(value, str) else value)
    if not 0 < len(release.display_name) <= _LONGEST_NAME:
        text = f"Give the release a name for people, of up to {_LONGEST_NAME} characters."
        raise InvalidError(text, fields={"display_name": [text]})


def _fill_choices(release: Release, wishes: ReleaseWishes, described: dict[str, Any]) -> None:
    known = release.indexing_column if release.pk else None
    release.indexing_column = indexing_column_of(described, wishes.indexing_column, known)
    release.fluxes = flux_entries(described, wishes.choices, release.fluxes)
    release.dereddening = dereddening_entries(described, wishes.choices, release.dereddening)


@transaction.atomic
def _save(
    release: Release, groups: Collection[str] | None, actor: User | None, *, is_new: bool
) -> None:
    release.save()
    if groups is not None:
        made = [Group.objects.get_or_create(name=group)[0] for group in groups]
        release.access_groups.set(made)
    audit.record(
        actor=actor,
        action="release-registered" if is_new else "release-updated",
        target=release,
        objects_path=release.objects_path,
        rows=(release.object_catalog or {}).get("rows"),
        is_public=release.is_public,
        groups=sorted(release.access_groups.values_list("name", flat=True)),
    )


def _changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Say what an object catalog does not have as before."""
    changes = [
        f"{what}: {before[key]:,} when it was registered, {now[key]:,} now"
        for key, what in (("rows", "rows"), ("partitions", "partitions"), ("bytes", "bytes"))
        if isinstance(before.get(key), int) and before[key] != now[key]
    ]
    was, is_ = (
        {each["name"]: each["type"] for each in each_["columns"]} for each_ in (before, now)
    )
    for label, names in (
        ("columns that are gone", was.keys() - is_.keys()),
        ("new columns", is_.keys() - was.keys()),
        ("columns of another type", {n for n in was.keys() & is_.keys() if was[n] != is_[n]}),
    ):
        if names:
            changes.append(f"{label}: {', '.join(sorted(names)[:10])}")
    return changes


def _types(described: dict[str, Any]) -> dict[str, str]:
    return {column["name"]: column["type"] for column in described["columns"]}
