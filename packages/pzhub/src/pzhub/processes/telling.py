"""Telling the owner of a run how it ended.

Apart from the services: it is loaded with the app, and must load little.
"""

from __future__ import annotations

from pzhub.notices.models import NoticeKind
from pzhub.notices.services import notify
from pzhub.processes.models import Process


def notice_key(process_id: int) -> str:
    """Return the key of the notice about the end of a run."""
    return f"job {process_id}"


def tell_owner(process: Process, kind: NoticeKind, message: str = "") -> None:
    """Tell the owner how a run ended, in the transaction in which it ends."""
    address = f"/jobs/{process.pk}"
    if kind == NoticeKind.JOB_DONE and process.upload.internal_name:
        address = f"/product/{process.upload.internal_name}"
    notify(
        user=process.user,
        kind=kind,
        key=notice_key(process.pk),
        subject=process.display_name,
        url=address,
        message=message,
    )
