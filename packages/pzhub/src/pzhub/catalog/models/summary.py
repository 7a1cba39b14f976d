"""What lists and facets know of a product's table, written with its profile."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class ProductSummary(models.Model):
    """Figures of a table: a few columns that can be searched, and what is drawn small."""

    product = models.OneToOneField(
        "catalog.Product", on_delete=models.CASCADE, primary_key=True, related_name="summary"
    )
    n_rows = models.BigIntegerField()
    n_columns = models.PositiveIntegerField()
    z_min = models.FloatField(null=True, help_text="Of the sane redshifts.")
    z_max = models.FloatField(null=True)
    z_median = models.FloatField(null=True)
    surveys = models.JSONField(default=list, help_text="Names, most frequent first.")
    has_positions = models.BooleanField(default=False)
    area_deg2 = models.FloatField(null=True)
    thumbnail = models.JSONField(
        default=dict, help_text="redshift {edges, counts} and sky {order, cells, counts}, coarse"
    )
    signature = models.CharField(max_length=64, help_text="Of the profile it was taken from.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="redshifts_of_a_summary_are_ordered",
                condition=Q(z_min__isnull=True, z_max__isnull=True) | Q(z_min__lte=F("z_max")),
            ),
        )
        indexes = (models.Index(fields=("z_min", "z_max"), name="summary_by_redshift"),)

    def __str__(self) -> str:
        return f"summary of product {self.product_id}"


class SkyCell(models.Model):
    """A HEALPix cell that holds positions of a table, or one of the cells around it.

    A table's coverage is a MOC of order 6 or coarser: its cells are *whole*. Every cell around
    them is there too, so that a question of any order is one look-up (`pzhub.catalog.coverage`).
    """

    summary = models.ForeignKey(ProductSummary, on_delete=models.CASCADE, related_name="sky_cells")
    uniq = models.PositiveIntegerField(help_text="4 * 4^order + cell, nested")
    is_whole = models.BooleanField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("uniq", "is_whole", "summary"), name="a_cell_is_once_in_a_summary"
            ),
        )

    def __str__(self) -> str:
        return f"cell {self.uniq} of {self.summary_id}"
