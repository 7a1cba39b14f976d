"""Archives: files prepared for download, keyed by the content that they hold."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class ArchiveKind(models.TextChoices):
    """What is downloaded."""

    PRODUCT = "product", "The product as .zip"
    MAIN_FILE = "main_file", "The main file"


class ArchiveStatus(models.TextChoices):
    """Words of the wire."""

    PENDING = "pending", "Pending"
    RUNNING = "running", "Running"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"


class Archive(models.Model):
    """One prepared download. Equal signatures have equal bytes."""

    product = models.ForeignKey(
        "catalog.Product", on_delete=models.CASCADE, related_name="archives"
    )
    kind = models.CharField(max_length=10, choices=ArchiveKind)
    source_signature = models.CharField(max_length=64)
    status = models.CharField(max_length=8, choices=ArchiveStatus, default=ArchiveStatus.PENDING)
    task_id = models.CharField(max_length=64, null=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_holder = models.CharField(max_length=128, blank=True)
    lease_until = models.DateTimeField(null=True)
    filename = models.CharField(max_length=400, blank=True)
    path = models.CharField(max_length=700, blank=True, help_text="Relative to the data folder.")
    size = models.BigIntegerField(null=True, help_text="bytes")
    checksum = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the file")
    error_message = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    expires_at = models.DateTimeField(null=True)
    waiting = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="+", help_text="Who is told when it is ready."
    )

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("product", "kind", "source_signature"),
                condition=~Q(status="failed"),
                name="one_live_archive_per_content",
            ),
        )

    def __str__(self) -> str:
        return self.filename or f"{self.kind} of product {self.product_id}"
