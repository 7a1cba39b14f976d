"""Addresses of the download button."""

from django.urls import path

from pzhub.downloads.pages import bundles, views

app_name = "downloads"
urlpatterns = [
    path("bundles", bundles.bundles, name="bundles"),
    path("bundles/<int:pk>", bundles.bundle, name="bundle"),
    path("bundles/<int:pk>/file", bundles.file, name="bundle_file"),
    path("product/<str:internal_name>/download", views.prepare, name="prepare"),
    path("product/<str:internal_name>/download/file", views.file, name="file"),
]
