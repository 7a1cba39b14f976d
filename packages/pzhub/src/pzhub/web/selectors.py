"""Reads of the frame and the landing page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.models import ProductStatus
from pzhub.catalog.selectors import products_visible_to
from pzhub.processes.models import Phase, Process
from pzhub.processes.selectors import processes_visible_to
from pzhub.processes.transitions import FINAL_PHASES


def job_counts(user: User | AnonymousUser) -> dict[str, int]:
    """Count a user's running jobs and those that failed within the last week."""
    if not isinstance(user, User):
        return {"running": 0, "failed": 0}
    week = timezone.now() - timedelta(days=7)
    return Process.objects.filter(user=user).aggregate(
        running=Count("pk", filter=~Q(phase__in=FINAL_PHASES)),
        failed=Count("pk", filter=Q(phase=Phase.ERROR, ended_at__gte=week)),
    )


def landing_of(user: User) -> dict[str, Any]:
    """Return what the landing page shows: counts, latest products, own drafts and jobs."""
    published = products_visible_to(user).filter(status=ProductStatus.PUBLISHED)
    counts = published.order_by().aggregate(
        all=Count("pk"),
        official=Count("pk", filter=Q(official_product=True)),
        redshift_catalogs=Count("pk", filter=Q(product_type__name="redshift_catalog")),
        training_sets=Count("pk", filter=Q(product_type__name="training_set")),
    )
    waiting = (ProductStatus.REGISTERING, ProductStatus.FAILED)
    own = products_visible_to(user).filter(user=user)
    return {
        "counts": counts | {"shared": counts["all"] - counts["official"]},
        "latest": published.prefetch_related("files")[:8],
        "drafts": own.filter(status__in=waiting, process__isnull=True)[:4],
        "jobs": processes_visible_to(user).filter(user=user).select_related("upload")[:4],
    }
