"""Addresses of accounts below ``/api/``."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import BaseRouter

from pzhub.accounts.api.views import GetToken, LoggedUser, Logout, ObtainToken, UserViewSet


def register(router: BaseRouter) -> None:
    """Add the collections of accounts."""
    router.register("users", UserViewSet, basename="user")


urlpatterns = [
    path("get_token/", GetToken.as_view(), name="get-token"),
    path("obtain_token/", ObtainToken.as_view(), name="obtain-token"),
    path("logged_user/", LoggedUser.as_view(), name="logged-user"),
    path("logout/", Logout.as_view(), name="logout"),
]
