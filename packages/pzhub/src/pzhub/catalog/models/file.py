"""Files of products: the bytes that users gave, never changed after registration."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class FileRole(models.IntegerChoices):
    """What a file is to its product; numbers and labels are on the wire."""

    MAIN = 0, "Main"
    DESCRIPTION = 1, "Description"
    AUXILIARY = 2, "Auxiliary"


class ProductFile(models.Model):
    """A file, or for a HATS catalog a directory, below the product's folder."""

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="files")
    role = models.PositiveSmallIntegerField(choices=FileRole, default=FileRole.MAIN)
    name = models.CharField(max_length=255, help_text="The name that the user gave.")
    path = models.CharField(max_length=700, unique=True, help_text="Relative to the data folder.")
    type = models.CharField(max_length=128, null=True, blank=True)
    extension = models.CharField(max_length=32, blank=True)
    size = models.BigIntegerField(default=0, help_text="bytes")
    sha256 = models.CharField(max_length=64, blank=True)
    n_rows = models.BigIntegerField(null=True, blank=True)
    is_directory = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("product",), condition=Q(role=0), name="one_main_file_per_product"
            ),
            models.CheckConstraint(name="file_size_is_not_negative", condition=Q(size__gte=0)),
        )

    def __str__(self) -> str:
        return self.name
