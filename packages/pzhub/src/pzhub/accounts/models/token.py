"""API tokens: named, scoped, hashed at rest."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class TokenScope(models.TextChoices):
    """What a token may do; each scope contains the ones before it."""

    READ = "read", "Read"
    UPLOAD = "upload", "Read and upload"
    RUN = "run", "Read, upload and run pipelines"


class ApiToken(models.Model):
    """A key for programs. Only its SHA-256 digest is kept."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens"
    )
    name = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(
        max_length=8, editable=False, help_text="The last characters, to tell tokens apart."
    )
    scope = models.CharField(max_length=8, choices=TokenScope, default=TokenScope.RUN)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("user", "name"),
                condition=Q(revoked_at__isnull=True),
                name="one_live_token_per_name",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user}: {self.name}"
