"""Pipelines as rows: ids for the wire, and the administrator's switch."""

from __future__ import annotations

from django.db import models


class Pipeline(models.Model):
    """A recipe; its content comes from the pipelines' own registry."""

    name = models.CharField(max_length=64, unique=True)
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name
