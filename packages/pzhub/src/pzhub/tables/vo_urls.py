"""Addresses that tools of the Virtual Observatory ask."""

from __future__ import annotations

from django.urls import path

from pzhub.core.api.files import AnyAcceptNegotiation
from pzhub.tables.api.cone_search import ConeSearchView
from pzhub.tables.pages import samp

app_name = "vo"
urlpatterns = [
    path(
        "products/<str:key>/scs",
        ConeSearchView.as_view(content_negotiation_class=AnyAcceptNegotiation),
        name="cone-search",
    ),
    path("sent/<str:token>", samp.sent, name="sent"),
]
