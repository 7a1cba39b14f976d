"""Releases of LSST, which products may belong to and which decide who may see them."""

from __future__ import annotations

from django.db import models


class Release(models.Model):
    """A release. Everybody signed in may see it when it is public or has no access group."""

    name = models.SlugField(max_length=64, unique=True)
    display_name = models.CharField(max_length=128)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    indexing_column = models.CharField(max_length=128, default="objectId")
    has_mag_hats = models.BooleanField(default=False)
    has_flux_hats = models.BooleanField(default=False)
    dereddening = models.JSONField(null=True, blank=True)
    fluxes = models.JSONField(null=True, blank=True)
    objects_path = models.CharField(
        max_length=1000,
        blank=True,
        help_text="Of the object catalog: below the folder of datasets, or from the root of the"
        " file system; empty: the folder of datasets has one of the release's name.",
    )
    object_catalog = models.JSONField(
        null=True,
        blank=True,
        help_text="What the object catalog holds, as it was when it was registered or checked.",
    )
    is_public = models.BooleanField(default=False)
    access_groups = models.ManyToManyField("auth.Group", blank=True, related_name="releases")

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return self.display_name
