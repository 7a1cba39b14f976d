"""Meanings of columns as forms send them: a standard role, or a label with UCD and unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pzhub.catalog.models import Column
from pzhub.catalog.services.columns import Association
from pztables.errors import UserError
from pztables.roles import PIPELINE_ROLES, ROLES, role_named
from pztables.ucd import checked_ucd
from pztables.units import checked_unit

#: The choice that opens the fields for a label of one's own.
OWN_LABEL: Final = "own"
#: The standard meanings, in the order of lists.
MEANINGS: Final = (*ROLES, *PIPELINE_ROLES)


def sent_meaning(
    column: Column, sent: Mapping[str, str], *, choice: str | None = None
) -> Association | None:
    """Return what a form says of one column, or ``None`` when it says nothing.

    Parameters
    ----------
    column
        Whose fields are ``meaning-<id>``, ``alias-<id>``, ``ucd-<id>``, ``unit-<id>``.
    sent
        The form.
    choice
        The meaning, where it does not come from the form.
    """
    key = column.pk
    choice = sent.get(f"meaning-{key}") if choice is None else choice
    unit = sent.get(f"unit-{key}")
    unit = unit.strip() if unit is not None else None
    if choice is None:
        return None if unit is None else Association(column.alias or None, column.ucd or None, unit)
    if choice != OWN_LABEL:
        role = role_named(choice)
        return Association(role.alias if role else None, role.ucd or None if role else None, unit)
    label = sent.get(f"alias-{key}", "").strip()
    ucd = sent.get(f"ucd-{key}", "").strip()
    return Association(label or None, _spelt(ucd) if label else None, unit)


def _spelt(ucd: str) -> str | None:
    """Return a UCD as the vocabulary spells it, or as it was written when it is wrong."""
    if not ucd:
        return None
    try:
        return checked_ucd(ucd)
    except UserError:
        return ucd


def fault_of(column: Column, association: Association) -> str:
    """Return what is wrong with a meaning, in English, or ``""``; what is stored is never wrong."""
    try:
        if association.ucd and association.ucd != column.ucd:
            checked_ucd(association.ucd)
        if association.unit is not None and association.unit != column.unit:
            checked_unit(association.unit)
    except UserError as refusal:
        return refusal.message
    return ""
