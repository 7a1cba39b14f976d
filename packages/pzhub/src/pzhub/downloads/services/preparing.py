"""The making of a download as a chore: the same for one product's archive and for bundles."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from django.db.models import Model, QuerySet
from django.utils import timezone

from pzhub.core import chores
from pzhub.downloads.models import Archive, ArchiveStatus, Bundle

_STATE: Final[dict[str, Any]] = {
    "field": "status",
    "waiting": ArchiveStatus.PENDING,
    "running": ArchiveStatus.RUNNING,
}
_LOG = logging.getLogger(__name__)
Prepared = TypeVar("Prepared", Archive, Bundle)


def make_prepared(
    rows: QuerySet[Prepared],
    pk: int,
    build: Callable[[Prepared, str], None],
    fail: Callable[[Prepared, str, str], None],
) -> None:
    """Do the chore of a row, unless another worker does it or it is done.

    Parameters
    ----------
    rows
        Where the row is, with the relations that ``build`` reads.
    pk
        Of the row.
    build
        Makes the file; called with the row and who holds it.
    fail
        Ends the row with a message, the third argument, where a file is missing.
    """
    holder = chores.claim_row(rows.model, pk, **_STATE)
    if holder is None:
        return
    row = rows.get(pk=pk)
    with chores.kept_lease(rows.model, pk, holder):
        try:
            build(row, holder)
        except FileNotFoundError as missing:
            _LOG.exception("%s %s: a file of a product is missing", rows.model.__name__, pk)
            fail(row, holder, f"{Path(missing.filename or '').name} is missing on the server")
        finally:
            chores.release_row(rows.model, pk, holder, **_STATE)


def held(row: Prepared, holder: str) -> QuerySet[Prepared]:
    """Return the row, as long as the holder works on it."""
    rows: QuerySet[Prepared] = type(row).objects.all()
    return rows.filter(pk=row.pk, lease_holder=holder, status=ArchiveStatus.RUNNING)


def end_with(row: Prepared, holder: str, status: ArchiveStatus, **facts: Any) -> bool:
    """Write how the work ended and give the row back; return whether it was still held."""
    return bool(
        held(row, holder).update(
            status=status,
            updated_at=timezone.now(),
            lease_holder="",
            lease_until=None,
            **facts,
        )
    )


def release_dead(model: type[Model], chore: str) -> None:
    """Give the rows of killed workers to others; end those that failed too often."""
    chores.release_dead_rows(model, **_STATE)
    rows: QuerySet[Any] = model._default_manager.all()
    rows.filter(status=ArchiveStatus.PENDING, attempt__gte=chores.MAX_ATTEMPTS).update(
        status=ArchiveStatus.FAILED,
        updated_at=timezone.now(),
        error_message="The server failed several times over this download: "
        "tell the administrators.",
    )
    chores.enqueue_waiting_rows(model, chore, field="status", waiting=ArchiveStatus.PENDING)
