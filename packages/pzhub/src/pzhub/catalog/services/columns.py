"""Columns and what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple, TypedDict, Unpack

from django.db import transaction
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.hooks import meaning_effects, publication_checks
from pzhub.catalog.models import Column, Product, ProductStatus
from pzhub.catalog.policies import require_update
from pzhub.catalog.services.publish import missing_roles
from pzhub.catalog.services.update import locked_product, require_living
from pzhub.core import audit
from pzhub.core.errors import ConflictError, InvalidError, NotFoundError
from pztables.roles import role_named, role_with_ucd
from pztables.ucd import checked_ucd
from pztables.units import checked_unit

#: A label under which pipelines can carry a column.
_CARRIED_NAME: Final = re.compile(r"[^\s:,;]{1,128}")


class ColumnChanges(TypedDict, total=False):
    """The fields of a column that can be changed."""

    column_name: str
    order: int
    alias: str | None
    ucd: str | None


class Association(NamedTuple):
    """What a column means: an alias, a UCD and a unit; a unit of ``None`` stays as it is."""

    alias: str | None
    ucd: str | None
    unit: str | None = None


class RequiredRoleError(ConflictError):
    """A published product would lose a column that its type requires."""

    code = "required_role"


class ColumnNameTakenError(ConflictError):
    """The product has a column of this name."""

    code = "column_name_taken"


@transaction.atomic
def set_column_association(
    *, actor: User, column: Column, alias: str | None, ucd: str | None
) -> Column:
    """Say what a column means.

    A standard role belongs to one column: another one of the product that had it loses it.

    Parameters
    ----------
    alias, ucd
        Kept as they are given, the empty text included.

    Raises
    ------
    RequiredRoleError
        If a published product would lose a required role.
    """
    return update_column(actor=actor, column=column, alias=alias, ucd=ucd)


@transaction.atomic
def update_column(*, actor: User, column: Column, **changes: Unpack[ColumnChanges]) -> Column:
    """Change a column's name, place or meaning; see `set_column_association`."""
    product = _opened(actor, column.product)
    column = _locked_column(product, column.pk)
    for name, value in _completed(column, changes).items():
        setattr(column, name, value)
    _check_name(column)
    column.save()
    _take_role_from_others(column)
    _settle_meanings(product)
    audit.record(
        actor=actor,
        action="column-changed",
        target=product,
        column=column.column_name,
        alias=column.alias,
        ucd=column.ucd,
    )
    return column


@transaction.atomic
def set_column_associations(
    *, actor: User, product: Product, associations: Mapping[int, Association]
) -> None:
    """Say what several columns mean at once, so that roles may be swapped.

    Parameters
    ----------
    associations
        Column id -> meaning; other columns keep theirs unless their role is taken. A UCD that
        changes is one of the vocabulary, a unit that changes one that astropy reads.

    Raises
    ------
    UcdError, UnknownUnitError
        If a UCD or a unit is wrong.
    RequiredRoleError
        If a published product would lose a required role.
    """
    product = _opened(actor, product)
    for pk, association in associations.items():
        column = _locked_column(product, pk)
        _associate(column, association)
        column.save(update_fields=["alias", "ucd", "unit", "facts"])
    for pk in associations:
        _take_role_from_others(_locked_column(product, pk), spared=set(associations))
    _settle_meanings(product)
    Product.objects.filter(pk=product.pk).update(updated_at=timezone.now())  # drafts age by it
    named = {column.column_name: column.alias for column in product.columns.all() if column.alias}
    audit.record(actor=actor, action="columns-associated", target=product, aliases=named)


def _associate(column: Column, association: Association) -> None:
    if association.ucd and association.ucd != column.ucd:
        checked_ucd(association.ucd)
    column.alias, column.ucd = association.alias, association.ucd
    if association.unit is not None and association.unit != column.unit:
        column.unit = checked_unit(association.unit)
        # It survives another reading of the file, whose own unit it replaces.
        column.facts = {**column.facts, "unit_given": True}
    if not column.alias and column.facts.get("carry"):
        column.facts = {**column.facts, "carry": False}


@transaction.atomic
def set_carried(*, actor: User, column: Column, carried: bool) -> Column:
    """Say whether pipelines are offered to carry a column along, under its own label.

    Raises
    ------
    InvalidError
        If the column has no label of its own, under which it would be carried.
    """
    product = _opened(actor, column.product)
    column = _locked_column(product, column.pk)
    if carried and (not column.alias or role_named(column.alias)):
        text = f"Give {column.column_name} a label of its own first: results carry it under that."
        raise InvalidError(text, fields={"alias": [text]})
    if carried and not _CARRIED_NAME.fullmatch(column.alias or ""):
        text = f"The label {column.alias!r} of {column.column_name} cannot be a column of results:"
        text += " write it without blanks, colons and commas."
        raise InvalidError(text, fields={"alias": [text]})
    column.facts = {**column.facts, "carry": carried}
    column.save(update_fields=["facts"])
    audit.record(
        actor=actor,
        action="column-carried" if carried else "column-not-carried",
        target=product,
        column=column.column_name,
        alias=column.alias,
    )
    return column


@transaction.atomic
def add_column(
    *,
    actor: User,
    product: Product,
    column_name: str,
    order: int | None = None,
    alias: str | None = None,
    ucd: str | None = None,
) -> Column:
    """Add a column by hand.

    Raises
    ------
    ColumnNameTakenError
        If the product has one of this name.
    """
    product = _opened(actor, product)
    place = product.columns.count() if order is None else order
    column = Column(product=product, column_name=column_name, order=place, alias=alias, ucd=ucd)
    _check_name(column)
    column.save()
    _take_role_from_others(column)
    _settle_meanings(product)
    audit.record(actor=actor, action="column-added", target=product, column=column_name)
    return column


@transaction.atomic
def remove_column(*, actor: User, column: Column) -> None:
    """Remove a column from the list; the file keeps it."""
    product = _opened(actor, column.product)
    _locked_column(product, column.pk).delete()
    _settle_meanings(product)
    audit.record(actor=actor, action="column-removed", target=product, column=column.column_name)


def _opened(actor: User, product: Product) -> Product:
    """Return the product locked, when the actor may change its columns now."""
    product = locked_product(product)
    require_update(product, actor)
    require_living(product)
    return product


def _locked_column(product: Product, pk: int) -> Column:
    column = Column.objects.filter(product=product, pk=pk).first()
    if column is None:
        raise NotFoundError(f"{product} has no column {pk}: its columns were read again.")
    return column


def _completed(column: Column, changes: ColumnChanges) -> ColumnChanges:
    """Drop a standard UCD that no longer fits when only the alias is given."""
    # contract: the published client leaves the ucd out when a free alias has none.
    if "alias" not in changes or "ucd" in changes:
        return changes
    standard = role_with_ucd(column.ucd or "")
    if standard is None or standard is role_named(changes["alias"] or ""):
        return changes
    return {**changes, "ucd": None}


def _check_name(column: Column) -> None:
    same = Column.objects.filter(product=column.product, column_name=column.column_name)
    if not column.column_name.strip():
        raise InvalidError("A column has a name.", fields={"column_name": ["May not be blank."]})
    if same.exclude(pk=column.pk).exists():
        raise ColumnNameTakenError(
            f"{column.product} has a column {column.column_name!r} already.",
        )


def _take_role_from_others(column: Column, spared: set[int] | None = None) -> None:
    """Leave a standard role with one column only: the one it was given to last."""
    role = role_named(column.alias or "")
    if role is None:
        return
    others = Column.objects.filter(product=column.product, alias__iexact=role.alias)
    others.exclude(pk__in={column.pk, *(spared or ())}).update(alias=None, ucd=None)


def _settle_meanings(product: Product) -> None:
    """Check what the columns of a published product mean now, and tell who goes by it."""
    _require_roles_kept(product)
    if product.status == ProductStatus.PUBLISHED:
        for effect in meaning_effects():
            effect(product)


def _require_roles_kept(product: Product) -> None:
    if product.status != ProductStatus.PUBLISHED:
        return
    if missing := sorted(missing_roles(product)):
        raise RequiredRoleError(
            f"{product} is published and needs a column for {', '.join(missing)}:"
            " give the role to another column instead of removing it.",
            roles=missing,
        )
    for check in publication_checks():
        check(product)
