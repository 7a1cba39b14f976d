"""Administration of the catalog: releases to edit, the rest to read.

Products change through services alone, so that rules and the audit log hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin

from pzhub.catalog.models import Product, ProductType, Release
from pzhub.core.admin import ReadOnly

if TYPE_CHECKING:
    _Products = admin.ModelAdmin[Product]
    _ProductTypes = admin.ModelAdmin[ProductType]
    _Releases = admin.ModelAdmin[Release]
else:
    _Products = _ProductTypes = _Releases = admin.ModelAdmin


@admin.register(Release)
class ReleaseAdmin(_Releases):
    """Releases and who may use them."""

    list_display = ("display_name", "name", "is_public", "created_at")
    list_filter = ("is_public",)
    search_fields = ("name", "display_name")
    filter_horizontal = ("access_groups",)
    # Both come from the command or the page that look at the catalog before.
    readonly_fields = ("objects_path", "object_catalog")


@admin.register(ProductType)
class ProductTypeAdmin(ReadOnly, _ProductTypes):
    """Product types, as the tables' package defines them."""

    list_display = ("order", "display_name", "name")
    ordering = ("order",)


@admin.register(Product)
class ProductAdmin(ReadOnly, _Products):
    """Products, with their failures."""

    list_display = ("internal_name", "product_type", "release", "user", "status", "created_at")
    list_filter = ("status", "product_type", "official_product")
    list_select_related = ("product_type", "release", "user")
    search_fields = ("internal_name", "display_name", "user__username")
    date_hierarchy = "created_at"
