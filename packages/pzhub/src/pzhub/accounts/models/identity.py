"""Who a user is at the identity provider."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class ExternalIdentity(models.Model):
    """A person of an identity provider, and the user that they are here.

    The pair of ``issuer`` and ``subject`` never changes, whatever happens to names and
    addresses; nothing else tells people apart.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="identities"
    )
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    groups = models.JSONField(
        default=list, help_text="Names of the groups that the provider named at the last sign-in."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    admitted_at = models.DateTimeField(
        null=True, blank=True, help_text="First sign-in that led in; empty while one waits."
    )
    last_seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("issuer", "subject"), name="one_user_per_external_identity"
            ),
        )

    def __str__(self) -> str:
        return f"{self.subject} of {self.issuer}"
