"""Reads: the stored profile of a table, and how far a missing one is."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any, Final, Literal

from pzhub.catalog.models import FileRole, Product
from pzhub.core import storage
from pzhub.core.errors import ConflictError, NotFoundError
from pzhub.uploads.models import Inspection, InspectionState, ProfileState, TableProfile
from pztables.profile import PROFILE_VERSION, Meaning
from pztables.roles import role_named

State = Literal["none", "waiting", "running", "done", "failed"]
#: Every section of a profile, for who wants a part of it.
SECTIONS: Final = (
    "version", "n_rows", "roles", "columns", "redshift", "flags", "magnitudes", "densities",
    "sky", "checks",
)  # fmt: skip


class NoProfileError(NotFoundError):
    """The product has no table that could be described."""

    code = "no_profile"


class ProfileNotReadyError(ConflictError):
    """The main file has not been read yet."""

    code = "profile_not_ready"


class ProfileFailedError(ConflictError):
    """The statistics of the table could not be computed."""

    code = "profile_failed"
    shows_data = True


class ProfileWaitingError(ConflictError):
    """The statistics are being computed; the API answers it with 202."""

    code = "profile_waiting"


def meanings_of(product: Product) -> dict[str, Meaning]:
    """Return what the owner says of the columns, by name."""
    rows = product.columns.values_list("column_name", "alias", "ucd", "unit")
    return {name: Meaning(*(said or None for said in words)) for name, *words in rows if any(words)}


def roles_of(product: Product) -> dict[str, str]:
    """Return the column by role name, of the standard roles that are associated."""
    return roles_in(meanings_of(product))


def roles_in(meanings: dict[str, Meaning]) -> dict[str, str]:
    """Return the column by role name, of the standard roles among some meanings."""
    found = ((role_named(meaning.alias or ""), name) for name, meaning in meanings.items())
    return {role.name: name for role, name in found if role}


def signature_of(inspection: Inspection, meanings: dict[str, Meaning]) -> str:
    """Return the name of the profile that a table should have now: ``"2-9f86d081…"``.

    It begins with the version of profiles, and changes with the main file's content and with
    what its columns mean.
    """
    said = sorted((name, *_said(meaning)) for name, meaning in meanings.items())
    content = json.dumps([inspection.sha256, said])
    return f"{PROFILE_VERSION}-{hashlib.sha256(content.encode()).hexdigest()[:32]}"


def _said(meaning: Meaning) -> tuple[str, str, str]:
    """Return a meaning as it counts: a standard role has its UCD whether it is stored or not."""
    role = role_named(meaning.alias or "")
    alias = role.name if role else meaning.alias
    return alias or "", meaning.ucd or (role.ucd if role else ""), meaning.unit or ""


def profile_state(product: Product) -> State:
    """Return how far the profile of a product is; ``"none"`` where there will be none."""
    profile = TableProfile.objects.filter(product=product).first()
    if profile is not None:
        return ProfileState(profile.state).value  # type: ignore[return-value]  # the same words
    inspection = Inspection.objects.filter(product=product).first()
    return "done" if inspection and inspection.profile_path else "none"


def stored_profile(product: Product) -> dict[str, Any] | None:
    """Return the profile of a product's table, or ``None`` while there is none.

    That of a draft was made with the meanings that its columns seemed to have. The answer is
    shared: it must not be changed.
    """
    profile = TableProfile.objects.filter(product=product).exclude(path="").first()
    inspection = Inspection.objects.filter(product=product).first()
    for relative in (
        profile.path if profile else "",
        inspection.profile_path if inspection else "",
    ):
        found = read_profile(relative) if relative else None
        if found is not None:
            return found
    return None


def read_profile(relative: str) -> dict[str, Any] | None:
    """Return a profile by its path below the data folder; ``None`` where the file is gone."""
    if not relative:
        return None
    try:
        written = storage.data_path(relative).stat().st_mtime_ns
    except FileNotFoundError:
        return None
    return _read(relative, written)


@lru_cache(maxsize=16)
def _read(relative: str, written: int) -> dict[str, Any]:
    profile: dict[str, Any] = json.loads(storage.data_path(relative).read_text("utf-8"))
    return profile


def described_profile(product: Product) -> tuple[str, str]:
    """Return the signature of a product's profile and the path of its file.

    A draft has the one that was made when its main file was read.

    Raises
    ------
    NoProfileError
        If its main file is no table.
    ProfileNotReadyError
        If the main file has not been read.
    ProfileWaitingError
        If the profile is being made.
    ProfileFailedError
        If it could not be made.
    """
    profile = TableProfile.objects.filter(product=product).first()
    if profile is not None and _is_there(profile.path):
        return profile.signature, profile.path
    inspection = Inspection.objects.filter(product=product).first()
    if profile is None:
        if inspection is not None and _is_there(inspection.profile_path):
            return f"draft-{inspection.sha256[:32]}", inspection.profile_path
        raise _without_profile(product, inspection)
    name = product.display_name
    if profile.state == ProfileState.FAILED:
        said = (profile.error or {}).get("message", "")
        raise ProfileFailedError(
            f"The statistics of {name} could not be computed. {said}".strip(), product=product.pk
        )
    raise ProfileWaitingError(
        f"The statistics of {name} are being computed: ask again in a moment.", product=product.pk
    )


def _is_there(relative: str) -> bool:
    return bool(relative) and storage.data_path(relative).is_file()


def _without_profile(
    product: Product, inspection: Inspection | None
) -> NoProfileError | ProfileNotReadyError:
    name, pk = product.display_name, product.pk
    if inspection is not None and inspection.state == InspectionState.DONE:
        if inspection.canonical_path:
            return ProfileNotReadyError(
                f"{name} has no statistics yet: they are computed within the hour.", product=pk
            )
        return NoProfileError(
            f"The main file of {name} is no table that could be described: download the product.",
            product=pk,
        )
    if inspection is None and not product.files.filter(role=FileRole.MAIN).exists():
        return NoProfileError(f"{name} has no main file to describe.", product=pk)
    return ProfileNotReadyError(
        f"The main file of {name} has not been read yet: register the product, or ask again in "
        "a moment.",
        product=pk,
    )
