"""Roles of columns: suggestions taken over, and values checked before publication."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductStatus
from pzhub.catalog.policies import require_update
from pzhub.catalog.selectors import main_file_of
from pzhub.catalog.services import set_column_association
from pzhub.core import storage
from pzhub.core.errors import ConflictError, InvalidError
from pzhub.uploads.models import Inspection, InspectionState
from pzhub.uploads.profiles import roles_of
from pzhub.uploads.selectors import suggestions_for
from pztables.roles import ROLES, role_named


class NotRegisteredError(ConflictError):
    """The main file was not read yet, or could not be read."""

    code = "not_registered"


class RoleValuesError(InvalidError):
    """The values of a column cannot be what the column is said to mean."""

    code = "role_values"


@transaction.atomic
def accept_suggestions(*, actor: User, product: Product) -> list[dict[str, Any]]:
    """Associate every column with the role that is suggested for it.

    Returns
    -------
    the suggestions that were taken over
    """
    require_update(product, actor)
    accepted = suggestions_for(product)
    for suggestion in accepted:
        role = role_named(suggestion["role"])
        column = product.columns.get(pk=suggestion["column_id"])
        alias, ucd = (role.alias, role.ucd) if role else (suggestion["role"], "")
        set_column_association(actor=actor, column=column, alias=alias, ucd=ucd)
    return accepted


def check_main_file(product: Product) -> None:
    """Refuse to publish a main file that was not read, or whose roles hold wrong values.

    A published product is checked again when the meaning of its columns changes.

    Raises
    ------
    NotRegisteredError
        If registration was not asked for, is under way, or refused the file.
    RoleValuesError
        If positions are out of range or not numbers, or redshifts are not numbers; with
        the first offending rows.
    """
    file = main_file_of(product)
    if file is None:
        return
    inspection = Inspection.objects.filter(product=product, file=file).first()
    if inspection is None or inspection.state != InspectionState.DONE:
        if product.status == ProductStatus.PUBLISHED:
            return  # it was published before files were read; nothing to compare with
        raise NotRegisteredError(_why_not_registered(product, inspection))
    if inspection.canonical_path:
        _check_values(inspection, roles_of(product))


def _why_not_registered(product: Product, inspection: Inspection | None) -> str:
    if inspection is None:
        return f"{product}: register its main file first, so that it is read and checked."
    if inspection.state == InspectionState.REFUSED and inspection.error:
        return f"{product}: its main file was refused. {inspection.error['message']}"
    return f"{product}: its main file is still being read; try again in a moment."


def _check_values(inspection: Inspection, roles: Mapping[str, str]) -> None:
    from pztables.associate import check_numbers, check_positions

    path = storage.data_path(inspection.canonical_path)
    problems = []
    if "ra" in roles and "dec" in roles:
        problems += check_positions(path, roles["ra"], roles["dec"])
    numeric = [
        role.name for role in ROLES if role.kind == "number" and role.name not in ("ra", "dec")
    ]
    for name in numeric:
        if name in roles:
            problems += check_numbers(path, roles[name], role=name)
    if problems:
        raise RoleValuesError(
            " ".join(problem.message for problem in problems),
            problems=[problem.as_dict() for problem in problems],
        )
