"""Models of tables: views that were saved as products."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class ViewState(models.TextChoices):
    """Where a saved view stands."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"


class SavedView(models.Model):
    """Rows and columns of one product's table, kept as another product: a chore with a lease."""

    product = models.OneToOneField(
        "catalog.Product", on_delete=models.CASCADE, related_name="saved_view"
    )
    source = models.ForeignKey(
        "catalog.Product", on_delete=models.PROTECT, related_name="saved_views"
    )
    question = models.JSONField(help_text="columns, where, sort, limit")
    facts = models.JSONField(
        default=dict, help_text="name and checksum of the source, rows of both"
    )
    state = models.CharField(max_length=8, choices=ViewState, default=ViewState.WAITING)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_holder = models.CharField(max_length=128, blank=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="running_view_has_lease",
                condition=~Q(state="running") | Q(lease_until__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"view of product {self.source_id} as product {self.product_id}"
