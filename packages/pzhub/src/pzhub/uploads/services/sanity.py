"""Doubts about the columns of a draft, and what can be done about them: dismiss, swap, correct."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
from django.db import transaction

from pzhub.accounts.models import User
from pzhub.catalog.models import Column, FileRole, Product, ProductFile, ProductStatus
from pzhub.catalog.policies import require_update
from pzhub.catalog.selectors import main_file_of
from pzhub.catalog.services import set_column_associations
from pzhub.catalog.services.columns import Association
from pzhub.core import audit, storage
from pzhub.core.errors import ConflictError, NotFoundError
from pzhub.uploads.models import Inspection, InspectionState
from pzhub.uploads.profiles import roles_of
from pzhub.uploads.services.files import receive_file
from pzhub.uploads.services.registration import start_registration
from pzhub.uploads.services.staged import StagedFile, extension_of, file_sha256, staging_path
from pztables.formats import ColumnInfo

if TYPE_CHECKING:
    from pztables.sanity import Doubt

#: So many rows are looked at while somebody waits.
LOOKED_ROWS: Final = 200_000
#: The doubt whose way out is another association.
SWAPPED: Final = "swapped_position"
_CORRECTED_SUFFIX: Final = "_corrected"
_CORRECTED: Final = "main-file-corrected"


class NoDoubtError(NotFoundError):
    """The columns do not look like that any more."""

    code = "no_such_doubt"


class NotCorrectableError(ConflictError):
    """Only the owner can mend this, or not any more."""

    code = "not_correctable"


def doubts_about(product: Product) -> list[Doubt]:
    """Return what looks like a mistake in the columns with roles, but for what was dismissed."""
    inspection = _read_inspection(product)
    if inspection is None:
        return []
    columns = list(product.columns.all())
    roles = _likely_roles(columns) | roles_of(product)
    units = {column.column_name: column.unit for column in columns}
    named = tuple(sorted((role, name, units.get(name, "")) for role, name in roles.items()))
    found = _looked(inspection.canonical_path, named)
    dismissed = {column.column_name: set(column.facts.get("dismissed", [])) for column in columns}
    return [
        doubt
        for doubt in found
        if not all(doubt.code in dismissed.get(name, ()) for name in doubt.columns)
    ]


def _likely_roles(columns: list[Column]) -> dict[str, str]:
    """Return roles that columns without a meaning seem to have: their suggestion, or their name.

    Text such as ``12:30:00`` is suggested as nothing, and still is a position.
    """
    from pztables.associate import column_named_as

    free = [column for column in columns if not column.alias]
    infos = [ColumnInfo(column.column_name, pa.null()) for column in free]
    named = {role: name for role in ("ra", "dec") if (name := column_named_as(role, infos))}
    suggested = {
        column.facts["suggestion"]["role"]: column.column_name
        for column in free
        if column.facts.get("suggestion")
    }
    return named | suggested


def _read_inspection(product: Product) -> Inspection | None:
    done = Inspection.objects.filter(product=product, state=InspectionState.DONE)
    return done.exclude(canonical_path="").first()


@lru_cache(maxsize=256)
def _looked(canonical_path: str, named: tuple[tuple[str, str, str], ...]) -> tuple[Doubt, ...]:
    """Look at a table once; its path changes with its content."""
    from pztables.sanity import doubts_of_file

    return tuple(
        doubts_of_file(
            storage.data_path(canonical_path),
            {role: name for role, name, _ in named},
            units={name: unit for _, name, unit in named},
            most_rows=LOOKED_ROWS,
        )
    )


def _doubt(product: Product, code: str, column: str) -> Doubt:
    for doubt in doubts_about(product):
        if doubt.code == code and column in doubt.columns:
            return doubt
    raise NoDoubtError(f"{product}: column {column} gives no reason for this any more.")


@transaction.atomic
def dismiss_doubt(*, actor: User, product: Product, code: str, column: str) -> None:
    """Say that the values are as they should be: the doubt is not shown again.

    Raises
    ------
    ForbiddenError
        If the actor may not change the product.
    NoDoubtError
        If there is no such doubt.
    """
    require_update(product, actor)
    doubt = _doubt(product, code, column)
    for row in Column.objects.filter(product=product, column_name__in=doubt.columns):
        row.facts = {**row.facts, "dismissed": sorted({*row.facts.get("dismissed", []), code})}
        row.save(update_fields=["facts"])
    audit.record(
        actor=actor, action="doubt-dismissed", target=product, code=code, columns=doubt.columns
    )


def mend_doubt(*, actor: User, product: Product, code: str, column: str) -> None:
    """Do what a doubt offers: swap two meanings, or correct the values of the main file.

    Raises
    ------
    ForbiddenError
        If the actor may not change the product.
    NoDoubtError
        If there is no such doubt.
    NotCorrectableError
        If only the owner can mend it, or the product is no draft any more.
    CorrectionError
        If a value is not what the correction expects.
    """
    require_update(product, actor)
    doubt = _doubt(product, code, column)
    if doubt.code == SWAPPED:
        _swap(actor, product, doubt)
    else:
        _correct(actor, product, doubt)


def _swap(actor: User, product: Product, doubt: Doubt) -> None:
    first, second = (product.columns.get(column_name=name) for name in doubt.columns)
    associations = {
        first.pk: Association(second.alias, second.ucd),
        second.pk: Association(first.alias, first.ucd),
    }
    set_column_associations(actor=actor, product=product, associations=associations)


def _correct(actor: User, product: Product, doubt: Doubt) -> None:
    """Put a corrected copy in the main file's place; the file as it was given stays beside it."""
    file, inspection = main_file_of(product), _read_inspection(product)
    of_this_file = file is not None and inspection is not None and inspection.file_id == file.pk
    if not (doubt.corrections and file and inspection and of_this_file) or file.is_directory:
        raise NotCorrectableError(
            f"{product}: correct {', '.join(doubt.columns)} in your file and upload it again."
        )
    if product.status != ProductStatus.REGISTERING:
        raise NotCorrectableError(
            f"{product} is published, so its main file stays as it is: publish a corrected one "
            "as a new version."
        )
    staged = _corrected_copy(file, inspection, doubt)
    try:
        _replace(actor, product, file, staged, doubt)
    finally:
        staged.discard()


def _corrected_copy(file: ProductFile, inspection: Inspection, doubt: Doubt) -> StagedFile:
    from pztables.corrections import write_corrected

    path = staging_path()
    try:
        write_corrected(storage.data_path(inspection.canonical_path), path, doubt.corrections)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    name = f"{_stem(file.name).removesuffix(_CORRECTED_SUFFIX)}{_CORRECTED_SUFFIX}.parquet"
    return StagedFile(path, name, path.stat().st_size, file_sha256(path))


def _stem(name: str) -> str:
    base = Path(name).name
    return base[: len(base) - len(extension_of(base))] or base


@transaction.atomic
def _replace(
    actor: User, product: Product, file: ProductFile, staged: StagedFile, doubt: Doubt
) -> None:
    product = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
    if main_file_of(product) != file:  # another window was faster
        raise NotCorrectableError(
            f"{product}: its main file was replaced meanwhile. Look at its columns again."
        )
    if not _is_our_copy(product, file):
        file.role, file.n_rows = FileRole.AUXILIARY, None
        file.save(update_fields=["role", "n_rows", "updated"])
    receive_file(actor=actor, product=product, upload=staged, role=FileRole.MAIN, replace_main=True)
    start_registration(actor=actor, product=product)
    audit.record(
        actor=actor,
        action=_CORRECTED,
        target=product,
        code=doubt.code,
        columns=doubt.columns,
        actions=[correction.action for correction in doubt.corrections],
        sha256=staged.sha256,
    )


def _is_our_copy(product: Product, file: ProductFile) -> bool:
    """Return whether a file is a corrected copy, which another may replace."""
    last = audit.latest_entry(product, _CORRECTED)
    return last is not None and last.data.get("sha256") == file.sha256
