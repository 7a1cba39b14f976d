"""Addresses of the catalog below ``/api/``."""

from __future__ import annotations

from typing import Final

from django.urls import URLPattern, path
from rest_framework.routers import BaseRouter

from pzhub.catalog.api.feed import ProductFeed
from pzhub.catalog.api.views import (
    ColumnViewSet,
    ProductTypeViewSet,
    ProductViewSet,
    ReleaseViewSet,
    SpeczViewSet,
)


def register(router: BaseRouter) -> None:
    """Add the collections of the catalog, in the order in which the root lists them."""
    router.register("releases", ReleaseViewSet, basename="release")
    router.register("product-types", ProductTypeViewSet, basename="product-type")
    router.register("products", ProductViewSet, basename="product")
    router.register("products-specz", SpeczViewSet, basename="product-specz")
    router.register("product-contents", ColumnViewSet, basename="product-content")


urlpatterns: Final[list[URLPattern]] = [
    path("products/feed/", ProductFeed.as_view(), name="product-feed"),
]
