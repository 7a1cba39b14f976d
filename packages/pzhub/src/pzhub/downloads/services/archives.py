"""Archives: prepared once per content, by a chore when they are large, kept for a while."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.models import Product, ProductStatus
from pzhub.config import hub_config
from pzhub.core import chores, storage
from pzhub.core.audit import record
from pzhub.downloads.content import METADATA_NAME, ArchiveContent, content_of
from pzhub.downloads.models import Archive, ArchiveKind, ArchiveStatus
from pzhub.downloads.selectors import archive_for
from pzhub.downloads.services.links import is_whole
from pzhub.downloads.services.preparing import end_with, make_prepared, release_dead
from pzhub.downloads.services.telling import tell_archive
from pzhub.downloads.services.zipping import write_zip

BUILD_CHORE: Final = "pzhub.downloads.tasks.build"
#: Content up to this size is zipped while the user waits, bytes.
INLINE_BYTES: Final = 20_000_000
#: A request waits this long for a chore, seconds.
_PATIENCE_SECONDS: Final = 1.0


def prepare_archive(*, actor: User, product: Product, kind: ArchiveKind) -> Archive:
    """Return an archive of what the product holds now; build it now if that is quick.

    Parameters
    ----------
    actor
        Who downloads; ``product`` was found through a selector of theirs.
    product, kind
        What is downloaded.

    Returns
    -------
    archive, ready, or pending or running when a chore builds it

    Raises
    ------
    pzhub.downloads.content.NoMainFileError
        If a main file is asked for and there is none.
    """
    content = content_of(product, kind)
    archive = _live_archive(product, content) or _made_archive(actor, product, content)
    if archive.status == ArchiveStatus.PENDING and content.size <= INLINE_BYTES:
        build_archive(archive.pk)
    elif archive.status != ArchiveStatus.READY:
        archive.waiting.add(actor)
    return _settled(archive)


def archive_status(*, actor: User, product: Product, kind: ArchiveKind) -> Archive | None:
    """Return the archive of what the product holds now, or ``None`` when nobody prepared it."""
    archive = archive_for(product, kind)
    return None if archive is not None and _is_lost(archive) else archive


def _settled(archive: Archive) -> Archive:
    """Return the archive when it is ready or failed, or as it stands after a moment."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        archive.refresh_from_db()
        ended = archive.status in (ArchiveStatus.READY, ArchiveStatus.FAILED)
        if ended or time.monotonic() >= deadline:
            return archive
        time.sleep(0.1)


def _live_archive(product: Product, content: ArchiveContent) -> Archive | None:
    """Return the archive with this content that is ready or on its way, its time prolonged."""
    archives = Archive.objects.filter(
        product=product, kind=content.kind, source_signature=content.signature
    )
    archive = archives.exclude(status=ArchiveStatus.FAILED).first()
    if archive is None:
        return None
    if _is_lost(archive):
        archives.filter(pk=archive.pk).delete()
        return None
    if archive.status == ArchiveStatus.READY:
        archives.filter(pk=archive.pk).update(expires_at=_expiry())
    return archive


def _is_lost(archive: Archive) -> bool:
    return archive.status == ArchiveStatus.READY and not is_whole(archive)


def _expiry() -> Any:
    return timezone.now() + timedelta(hours=hub_config().archive_hours)


def _made_archive(actor: User, product: Product, content: ArchiveContent) -> Archive:
    """Write the row of a new archive; of two that do so at once the first one counts."""
    try:
        with transaction.atomic():
            archive = Archive.objects.create(
                product=product,
                kind=content.kind,
                source_signature=content.signature,
                filename=content.filename,
                **_ready_values(content),
            )
            if archive.status == ArchiveStatus.PENDING and content.size > INLINE_BYTES:
                archive.task_id = chores.enqueue_chore(BUILD_CHORE, archive.pk)
                archive.save(update_fields=["task_id"])
            record(actor=actor, action="download-prepared", target=product, kind=content.kind)
            return archive
    except IntegrityError:
        return Archive.objects.exclude(status=ArchiveStatus.FAILED).get(
            product=product, kind=content.kind, source_signature=content.signature
        )


def _ready_values(content: ArchiveContent) -> dict[str, Any]:
    """Return what is known at once when the main file itself is the download."""
    file = content.plain_file
    if file is None:
        return {}
    return {
        "status": ArchiveStatus.READY,
        "path": file.path,
        "size": file.size,
        "checksum": file.sha256,
        "expires_at": _expiry(),
    }


def build_archive(archive_id: int) -> None:
    """Do the chore of an archive, unless another worker does it or it is done."""
    archives = Archive.objects.select_related("product__product_type")
    make_prepared(archives, archive_id, _build, _fail)


def _build(archive: Archive, holder: str) -> None:
    content = content_of(archive.product, ArchiveKind(archive.kind))
    if content.signature != archive.source_signature:
        _fail(archive, holder, "The product changed meanwhile: prepare the download again.")
        return
    target = storage.archive_dir() / f"{archive.pk}.zip"
    metadata = None if content.metadata is None else (METADATA_NAME, content.metadata)
    size, checksum = write_zip(target, content.members(), metadata)
    with transaction.atomic():
        is_mine = end_with(
            archive,
            holder,
            ArchiveStatus.READY,
            path=storage.relative_path(target),
            size=size,
            checksum=checksum,
            expires_at=_expiry(),
        )
        if is_mine:
            tell_archive(archive)


def _fail(archive: Archive, holder: str, message: str) -> None:
    end_with(archive, holder, ArchiveStatus.FAILED, error_message=message)


def sweep_archives() -> None:
    """Give archives of killed workers to others; remove what expired."""
    release_dead(Archive, BUILD_CHORE)
    _remove_expired()
    _remove_unknown_files()


def _remove_expired() -> None:
    """Remove expired archives, old failed ones and those of deleted products."""
    now = timezone.now()
    failed_before = now - timedelta(hours=hub_config().archive_hours)
    over = Archive.objects.filter(
        Q(status=ArchiveStatus.READY, expires_at__lt=now)
        | Q(status=ArchiveStatus.FAILED, created_at__lt=failed_before)
        | Q(product__status=ProductStatus.DELETED)
    )
    for archive in over.exclude(status=ArchiveStatus.RUNNING):
        archive.delete()
        path = storage.data_path(archive.path) if archive.path else None
        # The path of a plain main file is the product's own file: never removed here.
        if path is not None and path.parent == storage.archive_dir():
            path.unlink(missing_ok=True)


def _remove_unknown_files() -> None:
    """Remove zips that no row knows: of a killed builder, or of a product that was purged."""
    known = set(Archive.objects.exclude(path="").values_list("path", flat=True))
    for path in storage.archive_dir().iterdir():
        old = path.stat().st_mtime < time.time() - 3600
        if old and storage.relative_path(path) not in known:
            path.unlink(missing_ok=True)
