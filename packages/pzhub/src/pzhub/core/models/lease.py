"""Leases: which process does a job that only one may do at a time (the reconciler, the sweep)."""

from __future__ import annotations

from django.db import models


class Lease(models.Model):
    """A named right that expires unless its holder renews it."""

    name = models.CharField(max_length=64, primary_key=True)
    holder = models.CharField(max_length=128)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} held by {self.holder}"
