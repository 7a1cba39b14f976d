"""Addresses of pipelines and processes below ``/api/``."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import BaseRouter

from pzhub.processes.api.views import (
    PipelineViewSet,
    ProcessConfigView,
    ProcessViewSet,
    SysInfoView,
)


def register(router: BaseRouter) -> None:
    """Add the collections of this app."""
    router.register("pipelines", PipelineViewSet, basename="pipeline")
    router.register("processes", ProcessViewSet, basename="process")


urlpatterns = [
    path(
        "products/<int:pk>/process_config/",
        ProcessConfigView.as_view(),
        name="product-process-config",
    ),
    path("sysinfo/", SysInfoView.as_view(), name="sysinfo"),
]
