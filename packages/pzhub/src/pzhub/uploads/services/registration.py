"""Registration: the main file is read once, in a process of its own, and its columns appear.

An inspection is a chore with its own state and lease (see `pzhub.core.chores`).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.models import FileRole, Product, ProductFile, ProductStatus
from pzhub.catalog.policies import require_update
from pzhub.config import hub_config
from pzhub.core import chores, storage
from pzhub.core.audit import record
from pzhub.core.errors import ConflictError
from pzhub.uploads.models import Inspection, InspectionState
from pzhub.uploads.services import adoption
from pzhub.uploads.services.telling import tell_owner
from pztables.errors import UserError
from pztables.limits import Limits

if TYPE_CHECKING:
    from pztables.inspection import Inspection as Findings

INSPECT_CHORE: Final = "pzhub.uploads.tasks.inspect"
_STATE: Final[dict[str, Any]] = {
    "field": "state",
    "waiting": InspectionState.WAITING,
    "running": InspectionState.RUNNING,
}


class NoMainFileError(ConflictError):
    """A product without main file has nothing to register."""

    code = "no_main_file"


class InspectionGivenUpError(ConflictError):
    """The server failed over a file again and again."""

    code = "inspection_given_up"


def start_registration(*, actor: User, product: Product) -> Inspection:
    """Have the main file inspected; nothing happens when that is done or under way already.

    Returns
    -------
    the inspection, waiting for a worker unless the same content was inspected before

    Raises
    ------
    NoMainFileError
        If the product has no main file.
    ForbiddenError
        If the actor may not change the product.
    """
    require_update(product, actor)
    return ensure_inspection(product=product, actor=actor)


@transaction.atomic
def ensure_inspection(*, product: Product, actor: User | None = None) -> Inspection:
    """Return the inspection of the present main file; make and queue it when there is none.

    A refused one is tried again: the server, or the type of the product, may have changed.
    """
    product = Product.objects.select_for_update(of=("self",)).get(pk=product.pk)
    file = product.files.filter(role=FileRole.MAIN).first()
    if file is None:
        raise NoMainFileError(
            f"{product.display_name} has no main file: upload one first, then register it"
        )
    inspection = Inspection.objects.filter(product=product).first()
    if inspection and _is_current(inspection, file):
        return inspection
    inspection, _ = Inspection.objects.update_or_create(
        product=product, defaults=_fresh(file), create_defaults=_fresh(file) | {"product": product}
    )
    record(actor=actor, action="registration-started", target=product, file=file.name)
    chores.enqueue_chore(INSPECT_CHORE, inspection.pk)
    return inspection


def _is_current(inspection: Inspection, file: ProductFile) -> bool:
    same = inspection.file_id == file.pk and inspection.sha256 == file.sha256
    return same and inspection.state != InspectionState.REFUSED


def _fresh(file: ProductFile) -> dict[str, Any]:
    return {
        "file": file,
        "sha256": file.sha256,
        "state": InspectionState.WAITING,
        "attempt": 0,
        "lease_holder": "",
        "lease_until": None,
        "error": None,
        "ended_at": None,
    }


def run_inspection(inspection_id: int) -> None:
    """Do the chore of an inspection, unless another worker does it or it is done.

    A refusal of the file ends the inspection; a failure of ours gives the row back for
    another attempt and is raised.
    """
    holder = chores.claim_row(Inspection, inspection_id, **_STATE)
    if holder is None:
        return
    inspection = Inspection.objects.select_related("file", "product__product_type").get(
        pk=inspection_id
    )
    with _worked_on(inspection, holder), _scratch_folder(inspection) as folder:
        try:
            found = _inspect(inspection, folder)
        except UserError as refusal:
            _refuse(inspection, holder, refusal)
        else:
            _adopt(inspection, holder, found, folder)


@contextlib.contextmanager
def _worked_on(inspection: Inspection, holder: str) -> Iterator[None]:
    """Keep the lease; whatever ends the work early gives the row back."""
    with chores.kept_lease(Inspection, inspection.pk, holder):
        try:
            yield
        finally:
            chores.release_row(Inspection, inspection.pk, holder, **_STATE)


@contextlib.contextmanager
def _scratch_folder(inspection: Inspection) -> Iterator[Path]:
    """Yield a folder for the outcome; the sweep of orphans removes what a kill leaves."""
    name = f"inspection-{inspection.pk}-{inspection.attempt}"
    folder = storage.staging_dir() / name
    storage.remove_tree(folder)
    folder.mkdir()
    try:
        yield folder
    finally:
        storage.remove_tree(folder)


def inspection_limits() -> Limits:
    """Return what one inspection may cost, from the configuration."""
    config = hub_config()
    return Limits(
        memory_bytes=config.inspection_memory_bytes,
        cpu_seconds=config.inspection_seconds,
        wall_seconds=config.inspection_seconds,
    )


def _inspect(inspection: Inspection, folder: Path) -> Findings:
    path = storage.data_path(inspection.file.path)
    return read_main_file(inspection.product, path, folder)


def read_main_file(product: Product, path: Path, folder: Path) -> Findings:
    """Have a file read in a process of its own, as the product's type requires.

    Raises
    ------
    pztables.errors.UserError
        If it is not what the type requires, cannot be read, costs too much, or has
        column names that cannot be kept.
    """
    from pztables.isolation import inspect_isolated

    found = inspect_isolated(
        path,
        folder,
        tabular_required=product.product_type.rules.is_tabular,
        limits=inspection_limits(),
        product_type=product.product_type.name,
    )
    adoption.require_storable_names(found)
    return found


def _adopt(inspection: Inspection, holder: str, found: Findings, folder: Path) -> None:
    """Make what was found the product's, if the inspection is still this worker's."""
    unpacked = adoption.unpacked_main(found, folder)
    sha256 = unpacked.sha256 if unpacked else inspection.sha256
    adoption.sync_findings(found, folder)
    with transaction.atomic():
        mine = _held(inspection, holder)
        if mine is None:
            return
        file, product = mine.file, mine.product
        paths = adoption.adopt_derived(product, sha256, found, folder)
        adoption.rebuild_columns(product, found)
        if unpacked:
            archive = adoption.replace_main_file(file, unpacked, is_directory=found.is_directory)
            transaction.on_commit(lambda: storage.remove_tree(archive))
        file.n_rows = found.n_rows
        file.save()
        adoption.settle_inspection(mine, found, sha256, paths)
        Product.objects.filter(pk=product.pk).update(failure=None, updated_at=timezone.now())
        record(actor=None, action="registration-done", target=product, rows=found.n_rows)
        tell_owner(mine)


def _refuse(inspection: Inspection, holder: str, refusal: UserError) -> None:
    """Keep the sentence with the draft.

    # contract: the published client only needs a status outside 2xx. The original made the
    # product Failed (9) here; ours stays Registering, so that the file can be corrected.
    """
    with transaction.atomic():
        mine = _held(inspection, holder)
        if mine is not None:
            _write_refusal(mine, refusal)


def _write_refusal(inspection: Inspection, refusal: UserError) -> None:
    error = refusal.as_dict()
    inspection.state, inspection.ended_at = InspectionState.REFUSED, timezone.now()
    inspection.lease_holder, inspection.lease_until = "", None
    inspection.error = error
    inspection.save()
    drafts = Product.objects.filter(pk=inspection.product_id, status=ProductStatus.REGISTERING)
    drafts.update(failure=error, updated_at=timezone.now())
    record(actor=None, action="registration-refused", target=inspection.product, error=error)
    tell_owner(inspection, str(error["message"]))


def _held(inspection: Inspection, holder: str) -> Inspection | None:
    """Return the row, locked, if this worker still holds it and the file is still that one."""
    return (
        Inspection.objects.select_for_update(of=("self",))
        .select_related("file", "product__product_type")
        .filter(pk=inspection.pk, lease_holder=holder, state=InspectionState.RUNNING)
        .filter(file_id=inspection.file_id, sha256=inspection.sha256)
        .first()
    )


def wait_for_inspection(inspection: Inspection, timeout_seconds: float) -> Inspection:
    """Return the inspection when it has ended, or as it stands after so many seconds."""
    deadline, pause = time.monotonic() + timeout_seconds, 0.05
    while True:
        inspection.refresh_from_db()
        ended = inspection.state in (InspectionState.DONE, InspectionState.REFUSED)
        if ended or time.monotonic() >= deadline:
            return inspection
        time.sleep(pause)
        pause = min(pause * 1.5, 1.0)


def sweep_inspections() -> None:
    """Give inspections of killed workers to others; refuse what killed several."""
    chores.release_dead_rows(Inspection, **_STATE)
    hopeless = Inspection.objects.filter(
        state=InspectionState.WAITING, attempt__gte=chores.MAX_ATTEMPTS
    )
    for inspection in hopeless.select_related("file", "product"):
        name = inspection.file.name
        _give_up(inspection, name)
    chores.enqueue_waiting_rows(
        Inspection, INSPECT_CHORE, field="state", waiting=InspectionState.WAITING
    )


@transaction.atomic
def _give_up(inspection: Inspection, name: str) -> None:
    _write_refusal(
        inspection,
        InspectionGivenUpError(
            f"{name} could not be read: the server failed {inspection.attempt} times over it. "
            "Try another format, or tell the administrators",
            file=name,
        ),
    )
