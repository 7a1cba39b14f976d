"""Product types as rows: what `pztables.product_types` defines, with ids that the wire knows."""

from __future__ import annotations

from django.db import models

from pztables import product_types


class ProductType(models.Model):
    """A category of products."""

    name = models.CharField(max_length=64, unique=True)
    display_name = models.CharField(max_length=128)
    order = models.PositiveSmallIntegerField()
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.display_name

    @property
    def rules(self) -> product_types.ProductType:
        """Return the rules of this type: fields, main file, required roles."""
        return product_types.product_type_named(self.name)
