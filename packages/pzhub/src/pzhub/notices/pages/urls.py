"""Addresses of notices."""

from django.urls import path

from pzhub.notices.pages import notices

app_name = "notices"

urlpatterns = [
    path("notices", notices.notices, name="notices"),
    path("notices/read", notices.read_all, name="read_all"),
    path("notices/<int:pk>", notices.open_notice, name="open"),
]
