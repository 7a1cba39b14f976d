"""Resumable uploads: files that arrive in pieces, over several connections."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Q
from django.utils import timezone

from pzhub.catalog.models import FileRole


def _new_id() -> str:
    return secrets.token_hex(16)


class ResumableUpload(models.Model):
    """What a file that is arriving will be; how much of it has arrived, the file itself says."""

    id = models.CharField(primary_key=True, max_length=32, default=_new_id, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="+")
    role = models.PositiveSmallIntegerField(choices=FileRole, default=FileRole.MAIN)
    name = models.CharField(max_length=255, help_text="The name that the user gave.")
    type = models.CharField(max_length=128, null=True, blank=True)
    size = models.BigIntegerField(help_text="Announced size of the whole file, bytes.")
    sha256 = models.CharField(
        max_length=64, blank=True, help_text="Checksum that the sender announced."
    )
    replace = models.BooleanField(
        default=False, help_text="A draft's main file gives way; no name is there twice."
    )
    register = models.BooleanField(default=False, help_text="Read the main file once it is there.")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    file = models.ForeignKey(
        "catalog.ProductFile", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    error = models.JSONField(null=True, help_text="Why the whole file was refused: code, message.")

    class Meta:
        ordering = ("created_at", "id")
        constraints = (
            models.CheckConstraint(name="resumable_upload_has_bytes", condition=Q(size__gt=0)),
            models.CheckConstraint(
                name="file_of_resumable_upload_means_finished",
                condition=Q(file__isnull=True) | Q(finished_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} for product {self.product_id}"

    @property
    def is_finished(self) -> bool:
        """Whether the whole file arrived and became a file of the product."""
        return self.finished_at is not None

    @property
    def is_expired(self) -> bool:
        """Whether it was left lying too long."""
        return not self.is_finished and self.expires_at <= timezone.now()
