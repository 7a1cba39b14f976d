"""Results of pipelines become products the way uploads do: moved in, inspected, published."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import transaction

from pzhub.accounts.models import User
from pzhub.catalog.models import FileRole, Product, ProductFile, ProductStatus
from pzhub.catalog.services import publish_product
from pzhub.core import storage
from pzhub.core.audit import record
from pzhub.core.errors import ConflictError
from pzhub.uploads.models import Inspection
from pzhub.uploads.services import adoption
from pzhub.uploads.services.registration import read_main_file
from pzhub.uploads.services.staged import extension_of, file_sha256, tree_digest
from pztables.roles import role_named

if TYPE_CHECKING:
    from pztables.inspection import Inspection as Findings


@dataclass(frozen=True, slots=True)
class Output:
    """An output of a run on its way in: link, name, role, and what it is."""

    path: Path
    name: str
    role: FileRole
    sha256: str
    size: int
    is_directory: bool = False


class NotProcessingError(ConflictError):
    """The product waits for no result."""

    code = "product_not_processing"


def register_result(
    *,
    product: Product,
    main_path: Path,
    columns_assoc: Mapping[str, str],
    auxiliaries: Sequence[Path],
    actor: User,
) -> Product:
    """Give a product the files that a run made, and publish it; again is fine.

    The run's folder keeps its files (they are linked, not moved), so that a server
    killed in between can do it again.

    Parameters
    ----------
    product
        In state Processing.
    main_path
        The main output: a file, or the folder of a HATS catalog.
    columns_assoc
        Column by role name (`pztables.roles`); another word becomes a free alias.
    auxiliaries
        Further files.
    actor
        Who ran it.

    Raises
    ------
    NotProcessingError
        If the product is neither processing nor published.
    pztables.errors.UserError
        If the output is not the table that the product's type requires.
    """
    product.refresh_from_db()
    if product.status == ProductStatus.PUBLISHED:
        return product
    folder = storage.staging_dir() / f"result-{product.pk}"
    storage.remove_tree(folder)
    folder.mkdir()
    try:
        found = read_main_file(product, main_path, folder)
        outputs = [_linked(main_path, FileRole.MAIN, folder)]
        outputs += [_linked(path, FileRole.AUXILIARY, folder) for path in auxiliaries]
        adoption.sync_findings(found, folder)
        return _publish_result(product, outputs, _association(columns_assoc), actor, found, folder)
    finally:
        storage.remove_tree(folder)


@transaction.atomic
def _publish_result(
    product: Product,
    outputs: Sequence[Output],
    association: Mapping[str, tuple[str, str]],
    actor: User,
    found: Findings,
    folder: Path,
) -> Product:
    product = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
    if product.status != ProductStatus.PROCESSING:
        label = product.get_status_display().lower()
        raise NotProcessingError(
            f"{product.display_name} is {label}: only a product that is being processed "
            "takes the result of a run",
            status=label,
        )
    main, *_ = [_take_in(product, output) for output in outputs]
    ProductFile.objects.filter(pk=main.pk).update(n_rows=found.n_rows)
    paths = adoption.adopt_derived(product, main.sha256, found, folder)
    adoption.rebuild_columns(product, found, association)
    inspection = Inspection(product=product, file=main)
    adoption.settle_inspection(inspection, found, main.sha256, paths)
    record(actor=actor, action="result-registered", target=product, file=main.name)
    return publish_product(actor=actor, product=product, from_process=True)


def _take_in(product: Product, output: Output) -> ProductFile:
    """Move a linked output into the product's folder and write its row."""
    folder = storage.product_dir(product)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / storage.free_name(folder, storage.sanitise_file_name(output.name))
    if output.is_directory:
        storage.move_folder(output.path, target)
    else:
        storage.publish_file(output.path, target)
    return ProductFile.objects.create(
        product=product,
        role=output.role,
        name=output.name,
        path=storage.relative_path(target),
        extension="" if output.is_directory else extension_of(output.name),
        size=output.size,
        sha256=output.sha256,
        is_directory=output.is_directory,
    )


def _linked(source: Path, role: FileRole, folder: Path) -> Output:
    """Hard-link an output, or every file of a folder, and take its checksum."""
    path = folder / f"{secrets.token_hex(8)}.output"
    if source.is_dir():
        shutil.copytree(source, path, copy_function=_link_or_copy)
        sha256, size = tree_digest(path)
        return Output(path, source.name, role, sha256, size, is_directory=True)
    _link_or_copy(source, path)
    return Output(path, source.name, role, file_sha256(path), path.stat().st_size)


def _link_or_copy(source: str | Path, target: str | Path) -> None:
    """Link where the file system can, copy where it cannot."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _association(columns_assoc: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return alias and UCD by column, from columns by role."""
    association = {}
    for word, column in columns_assoc.items():
        role = role_named(word)
        association[column] = (role.alias, role.ucd) if role else (word, "")
    return association
