"""Addresses of the administration; those of releases belong to the pipelines."""

from __future__ import annotations

from django.urls import path

from pzhub.web.pages.administration import overview, products

urlpatterns = [
    path("administration", overview.overview, name="administration"),
    path("administration/products", products.products, name="administration_products"),
    path("product/<str:key>/official", products.official, name="official"),
]
