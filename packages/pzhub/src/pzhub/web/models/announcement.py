"""Announcements: a line at the top of every page, for a while."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q


class AnnouncementLevel(models.TextChoices):
    """How much it matters."""

    INFO = "info", "Information"
    WARNING = "warning", "Warning"
    PROBLEM = "problem", "Problem"


class Announcement(models.Model):
    """What all users are told; without a text in a language it is shown in English."""

    level = models.CharField(max_length=8, choices=AnnouncementLevel)
    text_en = models.CharField(max_length=500)
    text_pt_br = models.CharField(max_length=500, blank=True)
    text_es = models.CharField(max_length=500, blank=True)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-begins_at", "-id")
        constraints = (
            models.CheckConstraint(
                name="announcement_ends_after_it_begins",
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("begins_at")),
            ),
        )

    def __str__(self) -> str:
        return self.text_en[:80]

    def text_in(self, language: str) -> str:
        """Return the text in a language of the site, in English where it has none."""
        name = f"text_{language.lower().replace('-', '_')}"
        return getattr(self, name, "") or self.text_en

    def is_shown_at(self, moment: datetime) -> bool:
        """Return whether a moment lies between its beginning and its end."""
        return self.begins_at <= moment and (self.ends_at is None or moment < self.ends_at)
