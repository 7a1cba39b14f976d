"""Columns of a product's main file, and what they mean."""

from __future__ import annotations

from django.db import models


class Column(models.Model):
    """One column. ``alias`` and ``ucd`` are its association; they keep what the owner stored."""

    product = models.ForeignKey("catalog.Product", on_delete=models.CASCADE, related_name="columns")
    column_name = models.CharField(max_length=256)
    order = models.PositiveIntegerField()
    alias = models.CharField(max_length=256, null=True, blank=True)
    ucd = models.CharField(max_length=128, null=True, blank=True)
    dtype = models.CharField(max_length=128, blank=True)
    unit = models.CharField(max_length=128, blank=True)
    description = models.TextField(blank=True)
    facts = models.JSONField(
        default=dict, help_text="n_null, samples, suggestion {role, confidence, reason}"
    )

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("product", "column_name"), name="column_names_of_a_product_differ"
            ),
        )
        indexes = (models.Index(fields=("alias", "product"), name="column_by_meaning"),)

    def __str__(self) -> str:
        return self.column_name
