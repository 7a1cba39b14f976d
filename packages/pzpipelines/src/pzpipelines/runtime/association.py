"""Which column of an input carries which role, as its owner says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pztables.errors import UserError
from pztables.expressions.errors import near_names
from pztables.roles import role_named

_LISTED_COLUMNS: Final = 30


class AssociationError(UserError):
    """A column that was associated does not exist."""

    code = "missing_mapped_columns"


class MissingRolesError(UserError):
    """A catalog has no column for a role that every catalog needs."""

    code = "missing_column_roles"


def given_roles(columns: Mapping[str, str | None]) -> dict[str, str]:
    """Return role to column; null, ``""`` and ``"null"`` mean "not associated"."""
    given = {}
    for key, raw in columns.items():
        if raw is None or raw.strip().lower() in ("", "null"):
            continue
        role = role_named(key)
        given[role.name if role else key] = raw
    return given


def refuse_missing_columns(
    given: Mapping[str, str], raw_names: Sequence[str], catalog: str
) -> None:
    """Refuse columns that the catalog does not have.

    Parameters
    ----------
    given
        Role to column.
    raw_names
        All columns of the catalog.
    catalog
        Name for messages.

    Raises
    ------
    AssociationError
        With near names.
    """
    missing = {role: raw for role, raw in given.items() if raw not in raw_names}
    if not missing:
        return
    near = {raw: near_names(raw, raw_names) for raw in missing.values()}
    listed = "; ".join(
        f"{raw} (for {role}{', did you mean ' + ', '.join(near[raw]) if near[raw] else ''})"
        for role, raw in missing.items()
    )
    raise AssociationError(
        f"{catalog}: no column {listed}. The columns are "
        f"{', '.join(sorted(raw_names)[:_LISTED_COLUMNS])}",
        catalog=catalog,
        missing=missing,
        near=near,
        available=sorted(raw_names)[:_LISTED_COLUMNS],
    )


def refuse_missing_roles(roles: Sequence[str], given: Mapping[str, str], catalog: str) -> None:
    """Refuse a catalog without a column for each of some roles.

    Raises
    ------
    MissingRolesError
        Naming them.
    """
    if lacking := [role for role in roles if role not in given]:
        raise MissingRolesError(
            f"{catalog}: associate {' and '.join(lacking)} first",
            catalog=catalog,
            roles=lacking,
        )
