"""What an inspection found becomes part of the product, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from pzhub.catalog.models import Column, Product, ProductFile
from pzhub.core import storage
from pzhub.core.errors import InvalidError
from pzhub.uploads.models import Inspection, InspectionState
from pzhub.uploads.services.staged import extension_of, file_sha256, tree_digest
from pztables.roles import role_named

if TYPE_CHECKING:
    from pztables.inspection import ColumnReport
    from pztables.inspection import Inspection as Findings


#: Longest name of a column.
MAX_NAME_LENGTH: Final = 256


class ColumnNameError(InvalidError):
    """A column has a name that cannot be kept."""

    code = "column_name"


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The table or HATS catalog that was inside an archive.

    Attributes
    ----------
    path
        Where it lies now, below the inspection's own folder.
    name
        Its path inside the archive.
    sha256, size
        Of the file; of the whole tree when it is a directory.
    """

    path: Path
    name: str
    sha256: str
    size: int


def unpacked_main(found: Findings, folder: Path) -> Unpacked | None:
    """Return what was unpacked, with its checksum; ``None`` when the main file is no archive."""
    if found.unpacked is None:
        return None
    path = folder / found.unpacked
    if found.is_directory:
        sha256, size = tree_digest(path)
    else:
        sha256, size = file_sha256(path), path.stat().st_size
    return Unpacked(path, found.name, sha256, size)


def replace_main_file(file: ProductFile, unpacked: Unpacked, *, is_directory: bool) -> Path:
    """Put what was inside an archive in the archive's place; return the archive's path.

    The caller removes the archive once its transaction is through.
    """
    archive = storage.data_path(file.path)
    target = _unpacked_target(storage.product_dir(file.product), unpacked.name)
    file.name = unpacked.name[-255:]
    file.path = storage.relative_path(target)
    file.extension = "" if is_directory else extension_of(unpacked.name)
    file.size, file.sha256, file.is_directory = unpacked.size, unpacked.sha256, is_directory
    if is_directory:
        storage.move_folder(unpacked.path, target)
    else:
        storage.publish_file(unpacked.path, target)
    return archive


def _unpacked_target(folder: Path, name: str) -> Path:
    """Return a free path for a member of an archive; its sub-folders are kept."""
    *parents, base = [storage.sanitise_file_name(part) for part in name.split("/") if part]
    target = folder.joinpath(*parents)
    target.mkdir(parents=True, exist_ok=True)
    return target / storage.free_name(target, base)


def sync_findings(found: Findings, folder: Path) -> None:
    """Bring what the inspection wrote to the disk before a transaction waits for it."""
    for name in (found.canonical, found.profile, found.unpacked, *_drawn_names(found).values()):
        path = folder / name if name else None
        if path is not None and path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def adopt_derived(product: Product, sha256: str, found: Findings, folder: Path) -> dict[str, str]:
    """Move what an inspection derived to its place; return the relative paths by kind."""
    target = storage.derived_dir(product, sha256)
    paths = {}
    names = {"canonical": found.canonical, "profile": found.profile, **_drawn_names(found)}
    for kind, name in names.items():
        paths[kind] = ""
        if name is not None:
            placed = storage.publish_file(folder / name, target / Path(name).name)
            paths[kind] = storage.relative_path(placed)
    return paths


def _drawn_names(found: Findings) -> dict[str, str | None]:
    """Return the files of an ensemble of densities."""
    described = found.described or {}
    return {kind: described.get(kind) for kind in ("pdfs", "drawn")}


def _described(found: Findings, paths: Mapping[str, str]) -> dict[str, Any] | None:
    if found.described is None:
        return None
    described: dict[str, Any] = storable(found.described)
    return described | {kind: paths[kind] for kind in _drawn_names(found) if kind in described}


def settle_inspection(
    inspection: Inspection, found: Findings, sha256: str, paths: Mapping[str, str]
) -> None:
    """Write what was found into the inspection's row."""
    inspection.state, inspection.ended_at = InspectionState.DONE, timezone.now()
    inspection.sha256 = sha256
    inspection.lease_holder, inspection.lease_until = "", None
    inspection.is_table, inspection.first_rows = found.is_table, storable(found.first_rows)
    inspection.canonical_path = paths["canonical"]
    inspection.profile_path = paths["profile"]
    inspection.delimiter = found.delimiter or ""
    inspection.has_header = found.has_header
    inspection.checks, inspection.error = storable(found.checks), None
    inspection.described = _described(found, paths)
    inspection.save()


def storable(value: Any) -> Any:
    """Return a JSON value without the null character, which PostgreSQL does not store."""
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, Mapping):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value


def require_storable_names(found: Findings) -> None:
    """Refuse column names that no database column holds.

    Raises
    ------
    ColumnNameError
        Naming the column by its place.
    """
    for place, column in enumerate(found.columns, start=1):
        if not column.name.strip() or "\0" in column.name or len(column.name) > MAX_NAME_LENGTH:
            raise ColumnNameError(
                f"{found.name}: the name of column {place} is blank, holds a null character or "
                f"is longer than {MAX_NAME_LENGTH} characters: rename the column",
                file=found.name,
                column=place,
            )


def rebuild_columns(
    product: Product, found: Findings, association: Mapping[str, tuple[str, str]] | None = None
) -> None:
    """Replace the columns of a product by those of its main file, in file order.

    Parameters
    ----------
    product, found
        Whose columns, and which.
    association
        Alias and UCD by column name; what is stored already when absent.
    """
    kept = association if association is not None else _association_of(product)
    kept = {**_meanings_in(found), **kept}
    given = _given_facts_of(product)
    suggested = {entry["column"]: entry for entry in storable(found.suggestions)}
    product.columns.all().delete()
    Column.objects.bulk_create(
        (
            _column(product, order, column, kept, suggested.get(column.name), given)
            for order, column in enumerate(found.columns)
        ),
        batch_size=500,
    )


def _meanings_in(found: Findings) -> dict[str, tuple[str | None, str | None]]:
    """Return what a file says of its own columns: an ensemble, which one is the redshift."""
    name = (found.described or {}).get("redshift")
    role = role_named("z")
    return {str(name): (role.alias, role.ucd)} if name and role else {}


def _association_of(product: Product) -> dict[str, tuple[str | None, str | None]]:
    rows = product.columns.values_list("column_name", "alias", "ucd")
    return {name: (alias, ucd) for name, alias, ucd in rows}


def _given_facts_of(product: Product) -> dict[str, dict[str, Any]]:
    """Return what owners said of columns beside their meaning: units, and which are carried."""
    rows = product.columns.values_list("column_name", "unit", "facts")
    return {
        name: {
            **({"unit": unit, "unit_given": True} if facts.get("unit_given") else {}),
            **({"carry": True} if facts.get("carry") else {}),
        }
        for name, unit, facts in rows
    }


def _column(
    product: Product,
    order: int,
    column: ColumnReport,
    kept: Mapping[str, tuple[str | None, str | None]],
    suggestion: Mapping[str, Any] | None,
    given: Mapping[str, dict[str, Any]],
) -> Column:
    alias, ucd = kept.get(column.name, (None, None))
    said = dict(given.get(column.name, {}))
    unit = said.pop("unit", storable(column.unit or ""))[:128]
    facts = {
        **said,
        "n_null": column.n_null,
        "samples": storable(column.samples),
        "ucd": storable(column.ucd),
        "suggestion": dict(suggestion) if suggestion else None,
    }
    return Column(
        product=product,
        column_name=column.name,
        order=order,
        alias=alias,
        ucd=ucd,
        dtype=column.dtype[:128],
        unit=unit,
        description=storable(column.description or ""),
        facts=facts,
    )
