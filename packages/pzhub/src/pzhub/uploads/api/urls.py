"""Addresses of uploads in the API."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import BaseRouter

from pzhub.core.api.files import AnyAcceptNegotiation
from pzhub.uploads.api.profile import ProfileView
from pzhub.uploads.api.suggestions import SuggestionViewSet
from pzhub.uploads.api.tus import ResumableUploadViewSet
from pzhub.uploads.api.views import MainFileViewSet, ProductFileViewSet, RegistryViewSet


def register(router: BaseRouter) -> None:
    """Add the collections of this app."""
    router.register("product-files", ProductFileViewSet, basename="product-file")


_registry = RegistryViewSet.as_view({"get": "register", "post": "register"})

_upload = {"get": "retrieve", "head": "inquire", "patch": "append", "delete": "destroy"}

urlpatterns = [
    path(
        "uploads/",
        ResumableUploadViewSet.as_view({"get": "list", "post": "create"}),
        name="upload-list",
    ),
    path("uploads/<slug:pk>/", ResumableUploadViewSet.as_view(dict(_upload)), name="upload-detail"),
    path(
        "product-files/<int:pk>/content/",
        ProductFileViewSet.as_view(
            {"get": "content"}, content_negotiation_class=AnyAcceptNegotiation
        ),
        name="product-file-content",
    ),
    path("products/<int:pk>/registry/", _registry, name="product-registry"),
    path(
        "products/<int:pk>/main_file_info/",
        MainFileViewSet.as_view({"get": "info"}),
        name="product-main-file-info",
    ),
    path(
        "products/<int:pk>/read_data/",
        MainFileViewSet.as_view({"get": "preview"}),
        name="product-read-data",
    ),
    path("products/<int:pk>/profile/", ProfileView.as_view(), name="product-profile"),
    path(
        "products/<int:pk>/column_suggestions/",
        SuggestionViewSet.as_view({"get": "suggestions"}),
        name="product-column-suggestions",
    ),
]
