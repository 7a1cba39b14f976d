"""Profiles: statistics, histograms and sky density of a published product's columns."""

from __future__ import annotations

import json
import os
from typing import Final

from pzhub.catalog.models import Product, ProductStatus
from pzhub.core import chores, storage
from pzhub.core.leases import acquire_lease
from pzhub.uploads.models import Inspection, InspectionState
from pztables.roles import role_named

PROFILE_CHORE: Final = "pzhub.uploads.tasks.build_profile"
_NAME: Final = "profile_roles.json"


def enqueue_profile(product: Product) -> None:
    """Queue the profile of a product that has just been published."""
    chores.enqueue_chore(PROFILE_CHORE, product.pk)


def make_profile(product_id: int) -> None:
    """Describe the columns of a table with what they mean; again is fine."""
    from pztables.profile import build_profile

    inspection = (
        Inspection.objects.filter(product_id=product_id, state=InspectionState.DONE)
        .exclude(canonical_path="")
        .first()
    )
    if inspection is None:
        return
    source = storage.data_path(inspection.canonical_path)
    profile = build_profile(source, roles=roles_of(inspection.product))
    target = source.with_name(_NAME)
    partial = target.with_name(f"{_NAME}.{os.getpid()}.partial")
    partial.write_text(json.dumps(profile, allow_nan=False))
    storage.publish_file(partial, target)
    Inspection.objects.filter(pk=inspection.pk, canonical_path=inspection.canonical_path).update(
        profile_path=storage.relative_path(target)
    )


def roles_of(product: Product) -> dict[str, str]:
    """Return the column by role name, of the standard roles that are associated."""
    rows = product.columns.exclude(alias__isnull=True).values_list("alias", "column_name")
    return {role.name: column for alias, column in rows if (role := role_named(alias or ""))}


def sweep_profiles() -> None:
    """Queue the profiles that killed workers did not make; once an hour, whoever asks."""
    if not acquire_lease("sweep-profiles", chores.holder_name(), 3600):
        return
    missing = (
        Inspection.objects.filter(
            state=InspectionState.DONE, product__status=ProductStatus.PUBLISHED
        )
        .exclude(canonical_path="")
        .exclude(profile_path__endswith=_NAME)
        .values_list("product_id", flat=True)
    )
    for product_id in sorted(set(missing) - chores.queued_arguments(PROFILE_CHORE)):
        chores.enqueue_chore(PROFILE_CHORE, product_id)
