"""Resumable uploads: begin one, add bytes, finish it once, cancel it, sweep the forgotten."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.models import FileRole, Product
from pzhub.config import hub_config
from pzhub.core.errors import ConflictError, TooLargeError
from pzhub.uploads.models import ResumableUpload
from pzhub.uploads.services import incoming
from pzhub.uploads.services.files import note_work, receive_file, require_place
from pzhub.uploads.services.incoming import (
    Checksum,
    IncomingFile,
    PieceChecksumError,
    UploadGoneError,
)
from pzhub.uploads.services.registration import start_registration
from pzhub.uploads.services.staged import StagedFile, staging_path
from pztables.errors import UserError

#: Unfinished uploads of one user at the same time: each may take the size of a file.
MAX_UNFINISHED: Final = 20
#: How long the row of an upload that ended is kept, so that its sender learns what became of it.
_KEPT_DAYS: Final = 30
#: Files without a row may belong to an upload that begins at this moment.
_UNKNOWN_SECONDS: Final = 3_600

_LOG = logging.getLogger(__name__)


class TooManyUploadsError(ConflictError):
    """The user has begun many uploads and finished none of them."""

    code = "too_many_uploads"


class OffsetConflictError(ConflictError):
    """The bytes do not go on where those that arrived end."""

    code = "offset_conflict"

    def __init__(self, offset: int) -> None:
        super().__init__(
            f"{offset} bytes of this upload have arrived: send what comes behind them",
            offset=offset,
        )
        self.offset = offset


class BeyondLengthError(TooLargeError):
    """There are more bytes than the upload announced."""

    code = "beyond_length"


@transaction.atomic
def begin_upload(
    *,
    actor: User,
    product: Product,
    name: str,
    size: int,
    role: FileRole | int = FileRole.MAIN,
    mime: str | None = None,
    sha256: str = "",
    replace: bool = False,
    register: bool = False,
) -> ResumableUpload:
    """Announce a file that will arrive in pieces.

    What `receive_file` would refuse is refused now, before any byte is sent.

    Parameters
    ----------
    actor
        Owner of the product, or administrator; nobody else sees the upload.
    product, name, role, mime
        What becomes what of which.
    size
        bytes, > 0
    sha256
        Hexadecimal digest of the whole file, compared at the end; empty when not known.
    replace
        Put a draft's new main file in place of the earlier one, and refuse names that are taken.
    register
        Have the main file read as soon as it is whole.

    Raises
    ------
    TooManyUploadsError
        If the actor has many unfinished uploads.
    HubError
        As `receive_file`.
    """
    role = FileRole(role)
    product, _ = require_place(
        actor=actor,
        product=product,
        name=name,
        role=role,
        refuse_duplicate=replace,
        replace_main=replace,
        size=size,
    )
    _require_few(actor)
    upload = ResumableUpload.objects.create(
        user=actor,
        product=product,
        role=role,
        name=name,
        type=mime or None,
        size=size,
        sha256=sha256,
        replace=replace,
        register=register,
        expires_at=_expiry(),
    )
    incoming.create(upload.pk)
    note_work(product)
    return upload


def _require_few(actor: User) -> None:
    open_uploads = ResumableUpload.objects.filter(
        user=actor, finished_at=None, expires_at__gt=timezone.now()
    )
    if open_uploads.count() >= MAX_UNFINISHED:
        raise TooManyUploadsError(
            f"You have {MAX_UNFINISHED} unfinished uploads: finish or delete some first",
            limit=MAX_UNFINISHED,
        )


def append_to_upload(
    *,
    upload: ResumableUpload,
    offset: int,
    length: int,
    blocks: Iterable[bytes],
    checksum: Checksum | None = None,
) -> int:
    """Add bytes to an upload; with the last of them it becomes a file of the product.

    Parameters
    ----------
    upload
        Of the actor, not expired.
    offset
        Where the bytes begin: as many as have arrived.
    length
        How many are announced; the blocks may hold fewer when the connection breaks.
    blocks
        The bytes.
    checksum
        Of these bytes: they count only if it is right.

    Returns
    -------
    how many bytes have arrived now

    Raises
    ------
    OffsetConflictError, BeyondLengthError, PieceChecksumError, UploadBusyError, UploadGoneError
        As they say; nothing changed.
    HubError
        As `receive_file`, when the product does not take the whole file any more: its bytes are
        kept, and an empty piece tries again.
    """
    if upload.is_finished:
        _require_fit(upload, upload.size, offset, length)
        return upload.size
    with _held_unless_finished(upload) as file:
        arrived = upload.size if file is None else file.offset
        _require_fit(upload, arrived, offset, length)
        if file is None:
            return arrived
        file.append(blocks, checksum)
        arrived = file.offset
        if arrived == upload.size:
            finish_upload(upload=upload, file=file)
        elif length:
            ResumableUpload.objects.filter(pk=upload.pk).update(expires_at=_expiry())
    return arrived


@contextmanager
def _held_unless_finished(upload: ResumableUpload) -> Iterator[IncomingFile | None]:
    """Hold the bytes of an upload; None once another request has made them a file."""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(incoming.held(upload.pk))
        except UploadGoneError:
            if not ResumableUpload.objects.filter(pk=upload.pk, finished_at__isnull=False).exists():
                raise
            file = None
        else:
            upload.refresh_from_db()
        yield None if upload.is_finished else file


def _require_fit(upload: ResumableUpload, arrived: int, offset: int, length: int) -> None:
    if offset != arrived:
        raise OffsetConflictError(arrived)
    if offset + length > upload.size:
        raise BeyondLengthError(
            f"{upload.name} was announced with {upload.size} bytes: {offset + length} are too many",
            size=upload.size,
        )


def arrived_bytes(upload: ResumableUpload) -> int:
    """Return how many bytes are safely on the disk.

    Raises
    ------
    UploadBusyError, UploadGoneError
        As they say.
    """
    if upload.is_finished:
        return upload.size
    with _held_unless_finished(upload) as file:
        if file is None:
            return upload.size
        file.sync()
        return file.offset


def finish_upload(*, upload: ResumableUpload, file: IncomingFile) -> None:
    """Make a whole upload a file of its product, in the way of every other upload; only once.

    A crash before the end leaves the bytes where they are; a second call then goes the same way.

    Parameters
    ----------
    upload
        Its row.
    file
        Its bytes, all of them, held by the caller.

    Raises
    ------
    PieceChecksumError
        If the sum is not the announced one; the bytes are discarded then.
    HubError
        As `receive_file`.
    """
    sha256 = file.sha256()
    if upload.sha256 and sha256 != upload.sha256:
        _discard(upload, file)
    staged = StagedFile(file.linked(staging_path()), upload.name, upload.size, sha256)
    try:
        _become_file(upload, staged)
    except UserError as refusal:
        error = {"code": refusal.code, "message": refusal.message}
        ResumableUpload.objects.filter(pk=upload.pk).update(error=error)
        raise
    finally:
        staged.discard()
    file.remove()


@transaction.atomic
def _become_file(upload: ResumableUpload, staged: StagedFile) -> None:
    row = ResumableUpload.objects.select_for_update(of=("self",)).get(pk=upload.pk)
    if row.is_finished:
        return
    # From here on its bytes count as those of the file, not as arriving.
    row.finished_at, row.error = timezone.now(), None
    row.save(update_fields=["finished_at", "error"])
    row.file = receive_file(
        actor=row.user,
        product=row.product,
        upload=staged,
        role=row.role,
        mime=row.type,
        refuse_duplicate=row.replace,
        replace_main=row.replace,
    )
    row.save(update_fields=["file"])
    if row.register and row.role == FileRole.MAIN:
        start_registration(actor=row.user, product=row.file.product)


def _discard(upload: ResumableUpload, file: IncomingFile) -> None:
    file.remove()
    upload.delete()
    raise PieceChecksumError(
        f"{upload.name} arrived with another SHA-256 than announced: the upload was discarded, "
        "begin it again"
    )


def cancel_upload(*, upload: ResumableUpload) -> None:
    """Forget an upload and its bytes; what it has become already stays.

    Raises
    ------
    UploadBusyError
        If bytes of it are arriving.
    """
    try:
        with incoming.held(upload.pk) as file:
            upload.delete()
            file.remove()
    except incoming.UploadGoneError:
        upload.delete()


def _expiry() -> datetime:
    return timezone.now() + timedelta(hours=hub_config().upload_hours)


# ── what runs again and again ────────────────────────────────────────────────
def sweep_uploads() -> None:
    """Finish uploads whose server died over the last byte; remove what nobody goes on with."""
    rows = ResumableUpload.objects.select_related("user", "product").in_bulk(incoming.all_ids())
    for upload_id in incoming.all_ids():
        try:
            _sweep(upload_id, rows.get(upload_id))
        except UserError as refusal:  # of one upload, kept with it; the others go on
            _LOG.info("upload %s: %s", upload_id, refusal)
    before = timezone.now() - timedelta(days=_KEPT_DAYS)
    ResumableUpload.objects.filter(expires_at__lt=before).delete()


def _sweep(upload_id: str, upload: ResumableUpload | None) -> None:
    with incoming.held(upload_id, wait_seconds=0) as file:
        if upload is None:
            if file.path.stat().st_mtime < time.time() - _UNKNOWN_SECONDS:
                file.remove()
            return
        upload.refresh_from_db()
        if upload.is_finished or upload.is_expired:
            file.remove()
        elif file.offset == upload.size and upload.error is None:
            finish_upload(upload=upload, file=file)
