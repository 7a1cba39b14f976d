"""Files of a product: register a staged file, remove one."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.models import FileRole, Product, ProductFile, ProductStatus
from pzhub.catalog.policies import require_update
from pzhub.core import storage
from pzhub.core.audit import record
from pzhub.core.errors import ConflictError, InvalidError
from pzhub.uploads.services.quota import require_room
from pzhub.uploads.services.staged import StagedFile, extension_of


class EmptyFileError(InvalidError):
    """A file without bytes."""

    code = "empty_file"


class DuplicateFileNameError(ConflictError):
    """The product has a file of this name."""

    code = "duplicate_file_name"


class MainFileExistsError(ConflictError):
    """The product has its one main file."""

    code = "main_file_exists"


class MainFileFixedError(ConflictError):
    """The main file of a published product stays what it is."""

    code = "main_file_fixed"


class NotADraftError(ConflictError):
    """Files cannot change in this state of the product."""

    code = "product_not_editable"


@transaction.atomic
def receive_file(
    *,
    actor: User,
    product: Product,
    upload: StagedFile,
    role: FileRole | int,
    mime: str | None = None,
    refuse_duplicate: bool = False,
    replace_main: bool = False,
) -> ProductFile:
    """Make a staged file a file of a product.

    The row is written first and the bytes are renamed last: a crash in between leaves
    at most a file without a row, which nobody sees and a sweep removes.

    Parameters
    ----------
    actor
        Owner of the product, or administrator.
    product, upload, role
        What becomes what of which; a published product takes no main file.
    mime
        Media type that the sender told.
    refuse_duplicate
        Refuse a name that the product has already, rather than storing it under another.
    replace_main
        Put a draft's new main file in place of the earlier one; associations of columns
        are kept by name when the draft is registered again.

    Raises
    ------
    EmptyFileError, DuplicateFileNameError, MainFileExistsError, MainFileFixedError, NotADraftError
        As they say.
    ForbiddenError
        If the actor may not change the product.
    """
    role = FileRole(role)
    _require_content(upload)
    product, outgoing = require_place(
        actor=actor,
        product=product,
        name=upload.name,
        role=role,
        refuse_duplicate=refuse_duplicate,
        replace_main=replace_main,
        size=upload.size,
    )
    if outgoing is not None:
        _drop(product, actor, outgoing)
    path = _target(product, upload.name)
    file = ProductFile.objects.create(
        product=product,
        role=role,
        name=upload.name[-255:],
        path=storage.relative_path(path),
        type=mime or None,
        extension=extension_of(upload.name),
        size=upload.size,
        sha256=upload.sha256,
    )
    record(actor=actor, action="file-received", target=product, file=file.name, role=role.label)
    note_work(product)
    storage.publish_file(upload.path, path)
    return file


def require_place(
    *,
    actor: User,
    product: Product,
    name: str,
    role: FileRole,
    refuse_duplicate: bool = False,
    replace_main: bool = False,
    size: int = 0,
) -> tuple[Product, ProductFile | None]:
    """Refuse a file that `receive_file` would refuse, before its bytes are sent.

    Called inside a transaction; the options are those of `receive_file`, ``size`` that of the
    file in bytes.

    Returns
    -------
    the product, locked, and the main file that would give way
    """
    product = _locked(product, actor)
    if refuse_duplicate:
        _require_new_name(product, name, role, replace_main=replace_main)
    outgoing = _outgoing_main(product, replace=replace_main) if role == FileRole.MAIN else None
    freed = outgoing.size if outgoing else 0
    require_room(owner=product.user, name=name, size=size, freed=freed)
    return product, outgoing


@transaction.atomic
def remove_file(*, actor: User, file: ProductFile) -> None:
    """Remove a file of a product; of a published one, any but its main file.

    Raises
    ------
    MainFileFixedError, NotADraftError
        As they say.
    ForbiddenError
        If the actor may not change the product.
    """
    product = _locked(file.product, actor)
    if file.role == FileRole.MAIN:
        _require_draft(product, file.name)
        product.columns.all().delete()
    _drop(product, actor, file)
    note_work(product)


def note_work(product: Product) -> None:
    """Note that somebody works on a product: drafts that nobody works on are discarded."""
    Product.objects.filter(pk=product.pk).update(updated_at=timezone.now())


def _locked(product: Product, actor: User) -> Product:
    """Return the product, locked, if the actor may change its files now."""
    require_update(product, actor)
    product = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
    if product.status not in (ProductStatus.REGISTERING, ProductStatus.PUBLISHED):
        label = product.get_status_display().lower()
        raise NotADraftError(
            f"{product.display_name} is {label}: files can be added and removed while a "
            "product is being registered or after it was published",
            status=label,
        )
    return product


def _require_content(upload: StagedFile) -> None:
    if upload.size == 0:
        message = f"{upload.name} is empty (0 bytes): choose the file that holds the data"
        raise EmptyFileError(message, fields={"file": [message]}, file=upload.name)


def _require_new_name(product: Product, name: str, role: FileRole, *, replace_main: bool) -> None:
    others = product.files.filter(name=name)
    if replace_main and role == FileRole.MAIN:
        others = others.exclude(role=FileRole.MAIN)
    if others.exists():
        raise DuplicateFileNameError(
            f"{product.display_name} already has a file named {name}: remove that one first, "
            "or give yours another name",
            file=name,
        )


def _require_draft(product: Product, name: str) -> None:
    if product.status != ProductStatus.REGISTERING:
        raise MainFileFixedError(
            f"{product.display_name} is published, so its main file stays as it is; "
            f"to change it ({name}), publish a new version as a new product",
            file=name,
        )


def _outgoing_main(product: Product, *, replace: bool) -> ProductFile | None:
    """Return the main file that a new one would take the place of."""
    _require_draft(product, "main file")
    present = product.files.filter(role=FileRole.MAIN).first()
    if present is not None and not replace:
        raise MainFileExistsError(
            f"{product.display_name} already has the main file {present.name}: a product has "
            "one; remove it first, or add the file as auxiliary",
            file=present.name,
        )
    return present


def _drop(product: Product, actor: User, file: ProductFile) -> None:
    """Delete the row now and the bytes once the transaction is through."""
    path = storage.data_path(file.path)
    record(actor=actor, action="file-removed", target=product, file=file.name)
    file.delete()
    transaction.on_commit(lambda: storage.remove_tree(path))


def _target(product: Product, name: str) -> Path:
    folder = storage.product_dir(product)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / storage.free_name(folder, storage.sanitise_file_name(name))
