"""Bundles: several products prepared for one download of one user."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from pzhub.downloads.models.archive import ArchiveStatus


class Bundle(models.Model):
    """One zip of several products, with how far its making is."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="bundles"
    )
    products = models.ManyToManyField("catalog.Product", related_name="+")
    left_out = models.JSONField(
        default=list, help_text="What was asked for and is not inside: name and reason."
    )
    status = models.CharField(max_length=8, choices=ArchiveStatus, default=ArchiveStatus.PENDING)
    task_id = models.CharField(max_length=64, null=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_holder = models.CharField(max_length=128, blank=True)
    lease_until = models.DateTimeField(null=True)
    n_products = models.PositiveIntegerField(default=0)
    bytes_expected = models.BigIntegerField(default=0)
    bytes_done = models.BigIntegerField(default=0)
    filename = models.CharField(max_length=100)
    path = models.CharField(max_length=700, blank=True, help_text="Relative to the data folder.")
    size = models.BigIntegerField(null=True, help_text="bytes")
    checksum = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the file")
    error_message = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.filename

    @property
    def percent(self) -> int:
        """How much of it is written, of a hundred."""
        if self.status == ArchiveStatus.READY:
            return 100
        return min(99, 100 * self.bytes_done // max(self.bytes_expected, 1))
