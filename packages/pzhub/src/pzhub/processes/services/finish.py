"""The ends of a run: process and product change together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from pzhub.catalog.models import ProductStatus
from pzhub.catalog.services import fail_product
from pzhub.core.audit import record
from pzhub.notices.models import NoticeKind
from pzhub.processes.models import Phase, Process
from pzhub.processes.telling import tell_owner
from pzhub.processes.transitions import move


@transaction.atomic
def fail_process(process: Process, source: Phase, error: Mapping[str, Any]) -> bool:
    """End a run as failed, and its product with it.

    Parameters
    ----------
    process
        The run.
    source
        The phase in which it must still be.
    error
        ``code``, ``message`` (the sentence for the user), ``data``.

    Returns
    -------
    whether this call ended it
    """
    if not move(
        process.pk,
        source,
        Phase.ERROR,
        ended_at=timezone.now(),
        error=dict(error),
        comment=str(error["message"]),
    ):
        return False
    _fail_output(process, error)
    record(actor=None, action="process-failed", target=process, code=error["code"])
    tell_owner(process, NoticeKind.JOB_FAILED, str(error["message"]))
    return True


@transaction.atomic
def abort_process(process: Process, source: Phase) -> bool:
    """End a run that was asked to stop; tell whether this call ended it."""
    process.refresh_from_db(fields=["stop_requested_by"])
    error: dict[str, Any] = {
        "code": "stopped",
        "message": f"The run was stopped by {process.stop_requested_by}.",
        "data": {"stopped_by": process.stop_requested_by},
    }
    if not move(
        process.pk,
        source,
        Phase.ABORTED,
        ended_at=timezone.now(),
        error=error,
        comment=error["message"],
    ):
        return False
    _fail_output(process, error)
    record(actor=None, action="process-stopped", target=process)
    if process.stop_requested_by != process.user.username:  # who stopped it knows
        tell_owner(process, NoticeKind.JOB_STOPPED, error["message"])
    return True


def _fail_output(process: Process, error: Mapping[str, Any]) -> None:
    """Fail the product, unless its owner deleted it meanwhile."""
    product = process.upload
    product.refresh_from_db()
    if product.status == ProductStatus.PROCESSING:
        fail_product(product=product, error=error)
