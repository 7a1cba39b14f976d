"""Texts of pages that administrators wrote in place of the site's own."""

from __future__ import annotations

from django.db import models


class TextPageName(models.TextChoices):
    """The pages whose texts can be edited; the names are in their addresses."""

    ABOUT = "about", "About"
    CONTACT = "contact", "Contact"
    DOCUMENTATION = "documentation", "Documentation"


class PageText(models.Model):
    """The Markdown of one page in one language; without a row the site's own text is shown."""

    page = models.CharField(max_length=16, choices=TextPageName)
    language = models.CharField(max_length=10)
    text = models.TextField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("page", "language"), name="one_text_per_language"),
        )

    def __str__(self) -> str:
        return f"{self.page} ({self.language})"
