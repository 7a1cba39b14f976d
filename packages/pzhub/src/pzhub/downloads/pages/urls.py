"""Addresses of the download button."""

from django.urls import path

from pzhub.downloads.pages import views

app_name = "downloads"
urlpatterns = [
    path("product/<str:internal_name>/download", views.prepare, name="prepare"),
    path("product/<str:internal_name>/download/file", views.file, name="file"),
]
