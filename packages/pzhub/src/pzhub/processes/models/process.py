"""Processes: one run of a pipeline. The only job table; moves are compare-and-set updates."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from pzhub.processes.models.pipeline import Pipeline


class Phase(models.TextChoices):
    """State of a run: IVOA UWS 1.1, with two inner ones between its words."""

    PENDING = "PENDING", "Pending"
    SUBMITTING = "SUBMITTING", "Submitting"
    QUEUED = "QUEUED", "Queued"
    EXECUTING = "EXECUTING", "Executing"
    COLLECTING = "COLLECTING", "Collecting"
    COMPLETED = "COMPLETED", "Completed"
    ERROR = "ERROR", "Error"
    ABORTED = "ABORTED", "Aborted"


class Process(models.Model):
    """A run: what was asked, where it stands, what came out.

    Stopping is a request flag (``stop_requested_at``); only the reconciler sets a final phase.
    """

    key = models.UUIDField(
        default=uuid.uuid4, unique=True, editable=False, help_text="Idempotency key of submission."
    )
    pipeline = models.ForeignKey(Pipeline, on_delete=models.PROTECT, related_name="processes")
    pipeline_version = models.CharField(max_length=32)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="processes"
    )
    display_name = models.CharField(max_length=255)
    release = models.ForeignKey(
        "catalog.Release", null=True, on_delete=models.PROTECT, related_name="processes"
    )
    upload = models.OneToOneField(
        "catalog.Product",
        on_delete=models.PROTECT,
        related_name="process",
        help_text="The product that it makes.",
    )
    used_config = models.JSONField(default=dict, help_text="Complete, validated parameters.")
    phase = models.CharField(max_length=10, choices=Phase, default=Phase.PENDING)
    stop_requested_at = models.DateTimeField(null=True)
    stop_requested_by = models.CharField(max_length=150, blank=True)
    runner = models.CharField(max_length=16, default="local")
    runner_job = models.CharField(max_length=128, blank=True, help_text="pid or the scheduler's id")
    path = models.CharField(
        max_length=300, blank=True, help_text="Run folder, relative to the data folder."
    )
    attempt = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    poll_errors = models.PositiveIntegerField(default=0)
    comment = models.TextField(null=True)
    error = models.JSONField(null=True, help_text="code, message, data")
    summary = models.JSONField(null=True, help_text="Of outcome.json")
    versions = models.JSONField(null=True, help_text="Package versions of the run")

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                name="finished_process_has_end",
                condition=~Q(phase__in=["COMPLETED", "ERROR", "ABORTED"])
                | Q(ended_at__isnull=False),
            ),
        )
        indexes = (models.Index(fields=("phase", "id"), name="process_by_phase"),)

    def __str__(self) -> str:
        return f"process {self.pk}: {self.display_name}"


class ProcessInput(models.Model):
    """An input product in the order given, with the checksum of what was read."""

    process = models.ForeignKey(Process, on_delete=models.CASCADE, related_name="input_links")
    product = models.ForeignKey(
        "catalog.Product", on_delete=models.PROTECT, related_name="used_by_links"
    )
    position = models.PositiveSmallIntegerField()
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("process", "position")
        constraints = (
            models.UniqueConstraint(
                fields=("process", "product"), name="input_of_a_process_is_given_once"
            ),
            models.UniqueConstraint(
                fields=("process", "position"), name="inputs_of_a_process_are_ordered"
            ),
        )

    def __str__(self) -> str:
        return f"input {self.position} of process {self.process_id}"
