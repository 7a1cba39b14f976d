"""Addresses of the pages of accounts."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from pzhub.accounts.pages import signin, tokens

app_name = "accounts"
urlpatterns = [
    path("login", signin.SignIn.as_view(), name="signin"),
    path("logout", LogoutView.as_view(next_page="/"), name="signout"),
    path("account/tokens", tokens.tokens, name="tokens"),
    path("account/tokens/default", tokens.replace_default, name="default_token"),
    path("account/tokens/<int:pk>/revoke", tokens.revoke, name="revoke_token"),
]
