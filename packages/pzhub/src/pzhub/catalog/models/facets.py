"""What the facets of lists count of a product, gathered from its files, columns and summary."""

from __future__ import annotations

from django.db import models


class ProductFacets(models.Model):
    """One narrow row per product; triggers of the database write it (`pzhub.catalog.facet_rows`).

    Nothing else does: whatever changes a product's files, columns or summary, in any way, changes
    this row in the same statement.
    """

    product = models.OneToOneField(
        "catalog.Product", on_delete=models.CASCADE, primary_key=True, related_name="facets"
    )
    roles = models.PositiveSmallIntegerField(default=0, help_text="One bit per wanted role.")
    format = models.PositiveSmallIntegerField(default=0, help_text="Of the main file; 0: none.")
    size = models.PositiveSmallIntegerField(default=0, help_text="Class of sizes; 0: no file.")
    surveys = models.TextField(default="", help_text="As the summary has them: a list in JSON.")

    def __str__(self) -> str:
        return f"facets of product {self.product_id}"
