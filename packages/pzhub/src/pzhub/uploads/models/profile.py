"""Profiles of tables: what was computed, from what, and how far it is."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class ProfileState(models.TextChoices):
    """Where the profile of a table stands."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class TableProfile(models.Model):
    """The profile of a product's table; a chore with a state and a lease of its own.

    ``signature`` names what the profile in ``path`` was made of: the main file's checksum,
    what its columns mean, and the version of profiles. While another one is made, the profile
    before stays where it is.
    """

    product = models.OneToOneField(
        "catalog.Product", on_delete=models.CASCADE, related_name="table_profile"
    )
    state = models.CharField(max_length=8, choices=ProfileState, default=ProfileState.WAITING)
    wanted = models.CharField(max_length=64, help_text="Signature of the profile to be made.")
    signature = models.CharField(max_length=64, blank=True)
    path = models.CharField(max_length=700, blank=True, help_text="Relative to the data folder.")
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_holder = models.CharField(max_length=128, blank=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    error = models.JSONField(null=True, help_text="code and message of why it failed")

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="running_profile_has_lease",
                condition=~Q(state="running") | Q(lease_until__isnull=False),
            ),
            models.CheckConstraint(
                name="done_profile_is_what_was_wanted",
                condition=~Q(state="done") | Q(wanted=models.F("signature")) & ~Q(path=""),
            ),
            models.CheckConstraint(
                name="failed_profile_says_why",
                condition=~Q(state="failed") | Q(error__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"profile of product {self.product_id}: {self.state}"
