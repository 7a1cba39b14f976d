"""Exceptions from the limits of uploads that administrators grant to single users."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class UploadAllowance(models.Model):
    """What one user may upload beyond, or short of, what everybody may."""

    user = models.OneToOneField(
        "accounts.User", on_delete=models.CASCADE, related_name="upload_allowance"
    )
    largest_file_bytes = models.BigIntegerField(null=True, help_text="Empty: as everybody.")
    quota_bytes = models.BigIntegerField(null=True, help_text="Empty: as everybody.")
    note = models.CharField(max_length=500, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="largest_file_has_bytes",
                condition=Q(largest_file_bytes=None) | Q(largest_file_bytes__gt=0),
            ),
            models.CheckConstraint(
                name="quota_has_bytes", condition=Q(quota_bytes=None) | Q(quota_bytes__gte=0)
            ),
        )

    def __str__(self) -> str:
        return f"upload allowance of {self.user_id}"
