"""Registration while a request waits, as the published client expects it."""

from __future__ import annotations

import threading
from typing import Any, Final

from pzhub.accounts.models import User
from pzhub.catalog.models import Product
from pzhub.config import hub_config
from pzhub.core.errors import ConflictError, InvalidError
from pzhub.uploads.models import Inspection, InspectionState
from pzhub.uploads.services.registration import (
    run_inspection,
    start_registration,
    wait_for_inspection,
)

#: One file at a time is read by a web process itself; the rest waits for the chores.
_SLOT: Final = threading.BoundedSemaphore(1)


class StillInspectingError(ConflictError):
    """The main file is still being read."""

    code = "inspection_running"


class FileRefusedError(InvalidError):
    """The main file was refused; code, sentence and data are those of the inspection."""

    def __init__(self, error: dict[str, Any]) -> None:
        facts = {name: fact for name, fact in error["data"].items() if name != "fields"}
        super().__init__(error["message"], **facts)
        self.code = error["code"]  # type: ignore[misc]  # that of the refusal it repeats


def register_now(*, actor: User, product: Product) -> Inspection:
    """Register the main file and wait for the outcome.

    Raises
    ------
    FileRefusedError
        If the file was refused; the product stays a draft.
    StillInspectingError
        If others keep the server so busy that the time limit of an inspection passed.
    """
    inspection = start_registration(actor=actor, product=product)
    if inspection.state == InspectionState.WAITING and _SLOT.acquire(blocking=False):
        try:
            run_inspection(inspection.pk)
        finally:
            _SLOT.release()
    inspection = wait_for_inspection(inspection, hub_config().inspection_seconds)
    if inspection.state == InspectionState.REFUSED and inspection.error:
        raise FileRefusedError(inspection.error)
    if inspection.state != InspectionState.DONE:
        raise StillInspectingError(
            f"{product}: its main file is still being read; ask again in a moment."
        )
    return inspection
