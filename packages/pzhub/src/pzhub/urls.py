"""Addresses of the site and of the API, one line per app."""

from django.contrib import admin
from django.urls import include, path

from pzhub.core.api.views import UnknownPath, WhichEnvironment

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api", UnknownPath.as_view()),
    path("api/", include("pzhub.api_urls")),
    path("vo/", include("pzhub.tables.vo_urls")),
    path("which_environment/", WhichEnvironment.as_view()),
    path("", include("pzhub.web.pages.urls")),
    path("", include("pzhub.accounts.pages.urls")),
    path("", include("pzhub.notices.pages.urls")),
    path("", include("pzhub.uploads.pages.urls")),
    path("", include("pzhub.catalog.pages.urls")),
    path("", include("pzhub.downloads.pages.urls")),
    path("", include("pzhub.tables.pages.urls")),
    path("", include("pzhub.processes.pages.urls")),
]

handler500 = "pzhub.web.pages.views.server_error"
