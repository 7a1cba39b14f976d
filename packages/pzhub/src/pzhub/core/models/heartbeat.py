"""Heartbeats: when work that runs again and again last came to its end."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """The last time of something that the server does by itself."""

    name = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"
