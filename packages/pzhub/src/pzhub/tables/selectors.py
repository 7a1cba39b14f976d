"""Reads: the table of a product that an actor may see."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pzhub.accounts.models import User
from pzhub.catalog.models import Product
from pzhub.catalog.selectors import product_for
from pzhub.core import storage
from pzhub.tables.errors import NoTableError, OptionValueError, TableNotReadyError
from pzhub.tables.query import Question
from pzhub.tables.table import StoredTable, stored_table
from pzhub.uploads.models import InspectionState
from pzhub.uploads.profiles import read_profile
from pzhub.uploads.selectors import inspection_of, main_file_of

_PRODUCT: Final = "product:"


def with_regions(user: User, question: Question) -> Question:
    """Return a question whose MOC is written out: ``product:<name>`` becomes that one's coverage.

    Raises
    ------
    NotFoundError
        If there is no such product, or the user may not know of it.
    OptionValueError
        If it has no coverage.
    """
    if not question.moc.startswith(_PRODUCT):
        return question
    product = product_for(user, question.moc.removeprefix(_PRODUCT).strip())
    inspection = inspection_of(product)
    stored = read_profile(inspection.profile_path) if inspection else None
    moc = ((stored or {}).get("sky") or {}).get("moc")
    if not moc:
        raise OptionValueError(
            "moc",
            f"{product.display_name} has no coverage: associate its columns with RA and Dec, or "
            "wait until its profile is made",
        )
    return replace(question, moc=str(moc))


def table_for(user: User, key: int | str) -> tuple[Product, StoredTable]:
    """Return a product and its table.

    Parameters
    ----------
    user
        The actor.
    key
        Id, or ``internal_name``.

    Raises
    ------
    NotFoundError
        If there is no such product, or the user may not know of it.
    NoTableError
        If its main file is no table, or it has none.
    TableNotReadyError
        If the main file has not been read yet.
    """
    product = product_for(user, key)
    file = main_file_of(product)
    inspection = inspection_of(product)
    if inspection is None or inspection.state in (InspectionState.WAITING, InspectionState.RUNNING):
        raise TableNotReadyError(
            f"{file.name} has not been read yet: register the product, or ask again in a moment.",
            product=product.pk,
        )
    if not inspection.canonical_path:
        raise NoTableError(
            f"{file.name}, the main file of {product.display_name}, is no table whose rows can be "
            "asked for: download the product.",
            product=product.pk,
        )
    rows = product.columns.values_list("column_name", "alias", "ucd", "unit")
    meanings = {name: (alias, ucd, unit) for name, alias, ucd, unit in rows}
    path = storage.data_path(inspection.canonical_path)
    try:
        return product, stored_table(path, checksum=inspection.sha256, meanings=meanings)
    except FileNotFoundError:
        raise TableNotReadyError(
            f"{product.display_name} is being changed: ask again in a moment.", product=product.pk
        ) from None
