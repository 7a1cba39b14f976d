"""The addresses of the API: the collections and extra addresses of each app.

An app has ``api/urls.py`` with ``register(router)`` and ``urlpatterns``; the latter come
first, so that ``products/<pk>/registry/`` may belong to another app than ``products/<pk>/``.
"""

from __future__ import annotations

from importlib import import_module

from django.apps import apps
from django.urls import URLPattern, URLResolver, path, re_path
from django.utils.module_loading import module_has_submodule
from rest_framework.routers import DefaultRouter

from pzhub.core.api.schema import RedocView, SchemaView, SwaggerView
from pzhub.core.api.views import ApiRoot, UnknownPath

app_name = "api"


class PzRouter(DefaultRouter):
    """Collections, and the root that lists them; no format suffixes."""

    include_format_suffixes = False
    APIRootView = ApiRoot


def _collected() -> list[URLPattern | URLResolver]:
    router = PzRouter()
    extra: list[URLPattern | URLResolver] = []
    for config in apps.get_app_configs():
        if config.name.startswith("pzhub.") and module_has_submodule(config.module, "api"):
            package = import_module(f"{config.name}.api")
            if module_has_submodule(package, "urls"):
                module = import_module(f"{config.name}.api.urls")
                module.register(router)
                extra += module.urlpatterns
    return extra + router.urls


urlpatterns = [
    path("schema/", SchemaView.as_view(), name="schema"),
    path("swagger/", SwaggerView.as_view(url_name="api:schema"), name="swagger"),
    path("redoc/", RedocView.as_view(url_name="api:schema"), name="redoc"),
    *_collected(),
    re_path("", UnknownPath.as_view()),
]
