"""Which column of a catalog carries which role, decided from the names alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pzpipelines.runtime.association import (
    given_roles,
    refuse_missing_columns,
    refuse_missing_roles,
)
from pztables.errors import UserError

#: Roles that every prepared catalog has; without a column they are null.
TEXT_ROLES: Final = ("id", "instrument_type", "survey")
NUMBER_ROLES: Final = ("ra", "dec", "z", "z_flag", "z_err")
STANDARD_ROLES: Final = (*TEXT_ROLES, *NUMBER_ROLES)

HOMOGENIZED_FLAG: Final = "z_flag_homogenized"
HOMOGENIZED_TYPE: Final = "instrument_type_homogenized"

#: What tells the result of an earlier combination: all of these and one of those.
PRODUCT_COLUMNS: Final = frozenset({"CRD_ID", "ra", "dec", "z", "source"})
PRODUCT_SIGNS: Final = (
    "tie_result", HOMOGENIZED_FLAG, HOMOGENIZED_TYPE, "group_id", "is_in_DP1_fields",
    "is_in_rubin_footprint", "compared_to",
)  # fmt: skip


class InternalNameError(UserError):
    """The name of a catalog does not begin with a number."""

    code = "invalid_internal_name"


@dataclass(frozen=True, slots=True)
class Association:
    """The columns of one catalog by meaning.

    Attributes
    ----------
    columns
        Standard name to raw column; a raw column may carry several.
    raw_names
        All raw columns, in order.
    is_product
        Whether the catalog is the result of an earlier combination.
    """

    columns: Mapping[str, str]
    raw_names: tuple[str, ...]
    is_product: bool

    def raw_name_of(self, name: str) -> str | None:
        """Return the raw column that a name in a rule stands for, or ``None``.

        Roles come first; what they hide is reachable as ``<name>__orig``.
        """
        if name in self.columns:
            return self.columns[name]
        if name in STANDARD_ROLES:
            return None
        if name in self.raw_names:
            return name
        original = name.removesuffix("__orig")
        return original if original != name and original in self.raw_names else None


def crd_prefix(internal_name: str) -> str:
    """Return the leading digits of ``<digits>_<name>``, as they are written.

    Raises
    ------
    InternalNameError
        If the name has another form.
    """
    found = re.match(r"([0-9]+)_", internal_name)
    if found is None:
        raise InternalNameError(
            f"{internal_name}: a catalog's internal name must begin with digits and an "
            "underscore, such as 12_name; they become the prefix of its CRD_IDs",
            internal_name=internal_name,
        )
    return found[1]


def is_earlier_product(raw_names: Sequence[str]) -> bool:
    """Return whether columns are those of an earlier combination."""
    names = set(raw_names)
    return names >= PRODUCT_COLUMNS and not names.isdisjoint(PRODUCT_SIGNS)


def associate(
    raw_names: Sequence[str], columns: Mapping[str, str | None], *, catalog: str
) -> Association:
    """Decide which raw column carries which role.

    Parameters
    ----------
    raw_names
        All columns of the catalog.
    columns
        Role to raw column; null, ``""`` and ``"null"`` mean "not associated".
    catalog
        Name for messages.

    Raises
    ------
    AssociationError
        If an associated column does not exist: with near names.
    MissingRolesError
        If no column carries the position.
    """
    given = given_roles(columns)
    is_product = is_earlier_product(raw_names)
    if is_product:
        # CRD_IDs are given anew; the identifier is the one the row had before.
        given["id"] = "id" if "id" in raw_names else "CRD_ID"
    refuse_missing_columns(given, raw_names, catalog)
    taken = set(given.values())
    for role in STANDARD_ROLES:
        if role not in given and role in raw_names and role not in taken:
            given[role] = role
    for role, homogenized in (
        ("z_flag", HOMOGENIZED_FLAG),
        ("instrument_type", HOMOGENIZED_TYPE),
    ):
        if given.get(role, "").strip().lower() == homogenized:
            given.setdefault(homogenized, given[role])
        elif homogenized in raw_names:
            given.setdefault(homogenized, homogenized)
    if "type" in raw_names:
        given.setdefault("type", "type")
    refuse_missing_roles(("ra", "dec"), given, catalog)
    return Association(given, tuple(raw_names), is_product)
