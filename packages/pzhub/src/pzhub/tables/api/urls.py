"""Addresses of data in the API."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import BaseRouter

from pzhub.core.api.files import AnyAcceptNegotiation
from pzhub.tables.api.contents import ContentsView
from pzhub.tables.api.density import DensityView
from pzhub.tables.api.saved import SaveView
from pzhub.tables.api.views import CountView, DataView


def register(router: BaseRouter) -> None:
    """Add the collections of this app: it has none."""


urlpatterns = [
    path(
        "products/<int:pk>/data/",
        DataView.as_view(content_negotiation_class=AnyAcceptNegotiation),
        name="product-data",
    ),
    path("products/<int:pk>/data/count/", CountView.as_view(), name="product-data-count"),
    path("products/<int:pk>/contents/", ContentsView.as_view(), name="product-contents"),
    path("products/<int:pk>/density/", DensityView.as_view(), name="product-density"),
    path("products/<int:pk>/data/save/", SaveView.as_view(), name="product-data-save"),
]
