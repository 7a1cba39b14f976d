"""Sign-ins with a password that failed, or are being checked."""

from __future__ import annotations

from django.db import models


class SignInAttempt(models.Model):
    """One attempt; a sign-in that works removes those before it.

    ``key`` is a keyed digest of login name and address: people type passwords into the
    wrong field, and what was typed there is nobody's business.
    """

    key = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)

    class Meta:
        indexes = (models.Index(fields=("key", "at"), name="sign_in_attempt_by_key"),)

    def __str__(self) -> str:
        return f"{self.key[:8]} at {self.at}"
