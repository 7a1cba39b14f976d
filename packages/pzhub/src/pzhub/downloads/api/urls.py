"""Addresses of downloads in the API."""

from __future__ import annotations

from django.urls import URLPattern, path
from rest_framework.routers import BaseRouter

from pzhub.core.api.files import AnyAcceptNegotiation
from pzhub.downloads.api.views import DownloadViewSet, MainFileDownloadViewSet


def register(router: BaseRouter) -> None:
    """Add the collections of this app: it has none."""


_ANY = {"content_negotiation_class": AnyAcceptNegotiation}


def _routes(viewset: type[DownloadViewSet], base: str, old: str, name: str) -> list[URLPattern]:
    return [
        path(f"{base}prepare/", viewset.as_view({"post": "prepare"}), name=f"{name}-prepare"),
        path(f"{base}status/", viewset.as_view({"get": "state"}), name=f"{name}-status"),
        path(f"{base}file/", viewset.as_view({"get": "file"}, **_ANY), name=f"{name}-file"),
        path(old, viewset.as_view({"get": "at_once"}, **_ANY), name=f"{name}-at-once"),
    ]


_PRODUCT = "products/<int:pk>/"
urlpatterns = [
    *_routes(DownloadViewSet, f"{_PRODUCT}download/", f"{_PRODUCT}download/", "product-download"),
    *_routes(
        MainFileDownloadViewSet,
        f"{_PRODUCT}download/main-file/",
        f"{_PRODUCT}download_main_file/",
        "product-main-file-download",
    ),
]
