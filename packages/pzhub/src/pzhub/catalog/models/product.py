"""Products: the entries of the catalog."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class ProductStatus(models.IntegerChoices):
    """The life of a product; the numbers are on the wire."""

    REGISTERING = 0, "Registering"
    PUBLISHED = 1, "Published"
    DELETED = 2, "Deleted"
    PROCESSING = 3, "Processing"
    FAILED = 9, "Failed"


class Product(models.Model):
    """An entry of the catalog: metadata, one main file, any number of others.

    ``process`` (reverse, one-to-one) is the run that made it, when a pipeline did.
    """

    internal_name = models.CharField(max_length=300, unique=True, null=True, editable=False)
    display_name = models.CharField(max_length=255)
    product_type = models.ForeignKey(
        "catalog.ProductType", on_delete=models.PROTECT, related_name="products"
    )
    release = models.ForeignKey(
        "catalog.Release", null=True, blank=True, on_delete=models.PROTECT, related_name="products"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="products"
    )
    replaces = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="replaced_by",
        help_text="The earlier version, of the same owner and type.",
    )
    status = models.PositiveSmallIntegerField(
        choices=ProductStatus, default=ProductStatus.REGISTERING
    )
    official_product = models.BooleanField(default=False)
    is_latest = models.BooleanField(
        default=False, editable=False, help_text="The official product of its type to use now."
    )
    pz_code = models.CharField(max_length=55, null=True, blank=True)
    description = models.TextField(null=True, blank=True)
    access_url = models.URLField(
        max_length=500,
        blank=True,
        default="",
        help_text="Where the data are, when they are not here.",
    )
    release_year = models.PositiveSmallIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    published_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    failure = models.JSONField(
        null=True,
        editable=False,
        help_text="Why registration or the run failed: code, message, data.",
    )

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.CheckConstraint(
                name="published_product_has_date",
                condition=~Q(status=ProductStatus.PUBLISHED) | Q(published_at__isnull=False),
            ),
            models.CheckConstraint(
                name="deleted_product_has_date",
                condition=~Q(status=ProductStatus.DELETED) | Q(deleted_at__isnull=False),
            ),
            models.CheckConstraint(
                name="latest_product_is_official",
                condition=~Q(is_latest=True) | Q(official_product=True),
            ),
        )
        indexes = (
            # With all that decides who sees a product and what facets count of it: lists look at
            # every published product, and the rows themselves are wide.
            models.Index(
                fields=(
                    "status",
                    "-created_at",
                    "-id",
                    "user",
                    "release",
                    "published_at",
                    "product_type",
                    "official_product",
                ),
                name="product_in_lists",
            ),
            models.Index(fields=("user", "status"), name="product_by_owner_and_status"),
        )

    def __str__(self) -> str:
        return self.internal_name or self.display_name
