"""Profiles: statistics, histograms and sky density of a published product's columns.

A profile is a chore with a state and a lease of its own (see `pzhub.core.chores`). It is made
again when the main file, the meaning of a column or the version of profiles changes; one that
cannot be made says why and is not tried again.
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from pzhub.catalog.models import Product, ProductStatus
from pzhub.core import chores, storage
from pzhub.core.leases import acquire_lease
from pzhub.uploads.models import Inspection, InspectionState, ProfileState, TableProfile
from pzhub.uploads.profiles import meanings_of, roles_in, signature_of
from pzhub.uploads.services.registration import inspection_limits
from pzhub.uploads.services.summaries import write_summary
from pztables.errors import UserError
from pztables.profile import PROFILE_VERSION, Meaning

PROFILE_CHORE: Final = "pzhub.uploads.tasks.build_profile"
_STATE: Final[dict[str, Any]] = {
    "field": "state",
    "waiting": ProfileState.WAITING,
    "running": ProfileState.RUNNING,
}
#: Smaller tables are described by the worker itself: a process of its own costs a second.
_SMALL_CELLS: Final = 5_000_000
#: So many missing profiles are asked for in one round.
_AT_ONCE: Final = 500
_LOG = logging.getLogger(__name__)


@transaction.atomic
def want_profile(product: Product) -> None:
    """Ask for the profile that a published product should have now, unless it is there."""
    inspection = _described_table(product.pk)
    if inspection is None:
        return
    wanted = signature_of(inspection, meanings_of(product))
    profile, made = TableProfile.objects.select_for_update().get_or_create(
        product=product, defaults={"wanted": wanted}
    )
    if not made and profile.wanted == wanted and not _is_lost(profile):
        return
    TableProfile.objects.filter(pk=profile.pk).update(
        wanted=wanted,
        state=ProfileState.WAITING,
        attempt=0,
        error=None,
        lease_holder="",
        lease_until=None,
    )
    chores.enqueue_chore(PROFILE_CHORE, profile.pk)


def _described_table(product_id: int) -> Inspection | None:
    tables = Inspection.objects.filter(product_id=product_id, state=InspectionState.DONE)
    return tables.exclude(canonical_path="").select_related("product").first()


def _is_lost(profile: TableProfile) -> bool:
    return profile.state == ProfileState.DONE and not storage.data_path(profile.path).is_file()


def make_profile(profile_id: int) -> None:
    """Do the chore of a profile, unless another worker does it or it is done.

    What the table is at fault for ends it as failed; a failure of ours gives the row back for
    another attempt, and is raised.
    """
    holder = chores.claim_row(TableProfile, profile_id, **_STATE)
    if holder is None:
        return
    profile = TableProfile.objects.get(pk=profile_id)
    inspection = _described_table(profile.product_id)
    if inspection is None:
        TableProfile.objects.filter(pk=profile_id, lease_holder=holder).delete()
        return
    with _worked_on(profile, holder), _scratch_file(profile) as scratch:
        meanings = meanings_of(inspection.product)
        try:
            _write(inspection, meanings, scratch)
        except UserError as refusal:
            _fail(profile, holder, refusal.as_dict())
        else:
            _adopt(profile, holder, inspection, signature_of(inspection, meanings), scratch)


@contextlib.contextmanager
def _worked_on(profile: TableProfile, holder: str) -> Iterator[None]:
    """Keep the lease; whatever ends the work early gives the row back."""
    with chores.kept_lease(TableProfile, profile.pk, holder):
        try:
            yield
        finally:
            chores.release_row(TableProfile, profile.pk, holder, **_STATE)


@contextlib.contextmanager
def _scratch_file(profile: TableProfile) -> Iterator[Path]:
    """Yield a path for the outcome; the sweep of orphans removes what a kill leaves."""
    path = storage.staging_dir() / f"profile-{profile.pk}-{profile.attempt}.json"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _write(inspection: Inspection, meanings: dict[str, Meaning], target: Path) -> None:
    from pztables.profile import build_profile
    from pztables.profile.apart import write_profile

    source, roles = storage.data_path(inspection.canonical_path), roles_in(meanings)
    columns = inspection.product.columns.count()
    n_rows = inspection.file.n_rows or 0
    if n_rows * columns > _SMALL_CELLS:
        limits = inspection_limits()
        write_profile(source, target, roles=roles, meanings=meanings, limits=limits)
        return
    profile = build_profile(source, roles=roles, meanings=meanings)
    text = json.dumps(profile, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    target.write_text(text, "utf-8")


def _adopt(
    profile: TableProfile, holder: str, inspection: Inspection, signature: str, scratch: Path
) -> None:
    """Make what was computed the product's, unless another was asked for meanwhile."""
    content = json.loads(scratch.read_text("utf-8"))
    folder = storage.data_path(inspection.canonical_path).parent
    target = folder / f"profile-{signature}.json"
    with transaction.atomic():
        mine = TableProfile.objects.select_for_update().filter(pk=profile.pk, lease_holder=holder)
        if mine.filter(wanted=signature).first() is None or not folder.is_dir():
            return
        storage.publish_file(scratch, target)
        relative, before = storage.relative_path(target), profile.path
        mine.update(
            state=ProfileState.DONE,
            signature=signature,
            path=relative,
            ended_at=timezone.now(),
            lease_holder="",
            lease_until=None,
        )
        Inspection.objects.filter(pk=inspection.pk).update(profile_path=relative)
        write_summary(profile.product_id, content, signature)
        transaction.on_commit(lambda: _remove_before(before, relative))


def _remove_before(before: str, now: str) -> None:
    if before and before != now:
        storage.remove_tree(storage.data_path(before))


def _fail(profile: TableProfile, holder: str, error: dict[str, Any]) -> None:
    _LOG.warning("profile of product %s failed: %s", profile.product_id, error.get("message"))
    TableProfile.objects.filter(pk=profile.pk, lease_holder=holder).update(
        state=ProfileState.FAILED,
        error=error,
        ended_at=timezone.now(),
        lease_holder="",
        lease_until=None,
    )


def sweep_profiles() -> None:
    """Give profiles of dead workers to others, end hopeless ones, ask for missing ones."""
    chores.release_dead_rows(TableProfile, **_STATE)
    hopeless = TableProfile.objects.filter(
        state=ProfileState.WAITING, attempt__gte=chores.MAX_ATTEMPTS
    )
    hopeless.update(
        state=ProfileState.FAILED,
        error={
            "code": "profile_given_up",
            "message": "The server failed over it several times; its administrators can see why.",
        },
        ended_at=timezone.now(),
    )
    chores.enqueue_waiting_rows(
        TableProfile, PROFILE_CHORE, field="state", waiting=ProfileState.WAITING
    )
    if acquire_lease("sweep-profiles", chores.holder_name(), 3600):
        _want_missing()


def _want_missing() -> None:
    """Ask for profiles that were never made, or made by an earlier version."""
    tables = Inspection.objects.filter(
        state=InspectionState.DONE, product__status=ProductStatus.PUBLISHED
    ).exclude(canonical_path="")
    current = TableProfile.objects.filter(wanted__startswith=f"{PROFILE_VERSION}-")
    missing = tables.exclude(product__in=current.values("product"))
    for inspection in missing.select_related("product").order_by("-product")[:_AT_ONCE]:
        want_profile(inspection.product)
