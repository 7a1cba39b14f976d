"""Addresses of the pages of the catalog."""

from __future__ import annotations

from django.urls import path

from pzhub.catalog.pages import bulk, change, cite, detail, files, listing, versions

app_name = "catalog"
urlpatterns = [
    path("products", listing.product_list, name="list"),
    path("products/selection", bulk.act, name="selection"),
    path("products/delete", bulk.delete_several, name="delete_several"),
    path("products/restore", bulk.restore_several, name="restore_several"),
    path("products/<str:key>/row", listing.product_row, name="row"),
    path("product/<str:key>", detail.product_page, name="detail"),
    path("product/<str:key>/rows", detail.first_rows, name="first_rows"),
    path("product/<str:key>/cite/<str:style>", cite.citation, name="cite"),
    path("product/<str:key>/edit", change.edit, name="edit"),
    path("product/<str:key>/edit/replaces", versions.edit_replaces, name="edit_replaces"),
    path("product/<str:key>/edit/columns/<int:pk>", change.edit_column, name="edit_column"),
    path("product/<str:key>/delete", change.delete, name="delete"),
    path("product/<str:key>/restore", change.restore, name="restore"),
    path("product/<str:key>/files/<int:pk>", files.download, name="file"),
    path("product/<str:key>/documents/<int:pk>", files.document, name="document"),
]
