"""Inspections: one reading of one main file, with a state and a lease of its own.

A chore that is killed leaves no trace in the task queue, so what waits for it is
kept here: a sweep gives an inspection whose lease ran out to another worker.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class InspectionState(models.TextChoices):
    """Where an inspection stands."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"


class Inspection(models.Model):
    """What the server found in a main file, keyed by its checksum."""

    product = models.OneToOneField(
        "catalog.Product", on_delete=models.CASCADE, related_name="inspection"
    )
    file = models.ForeignKey(
        "catalog.ProductFile", on_delete=models.CASCADE, related_name="inspections"
    )
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=InspectionState, default=InspectionState.WAITING)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_holder = models.CharField(max_length=128, blank=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    is_table = models.BooleanField(default=False)
    canonical_path = models.CharField(
        max_length=700, blank=True, help_text="Parquet copy, relative to the data folder."
    )
    profile_path = models.CharField(max_length=700, blank=True)
    first_rows = models.JSONField(default=list)
    delimiter = models.CharField(max_length=8, blank=True)
    has_header = models.BooleanField(null=True)
    checks = models.JSONField(default=list)
    described = models.JSONField(
        null=True, help_text="What else is told of a pickle or of an ensemble of densities."
    )
    error = models.JSONField(null=True, help_text="code, message, data of a refusal")

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="running_inspection_has_lease",
                condition=~Q(state="running") | Q(lease_until__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"inspection of product {self.product_id}: {self.state}"
