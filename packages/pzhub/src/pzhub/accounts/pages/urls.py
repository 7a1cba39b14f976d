"""Addresses of the pages of accounts."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from pzhub.accounts.federated import pages as federated
from pzhub.accounts.pages import kept, passwords, signin, tokens

app_name = "accounts"
urlpatterns = [
    path("login", signin.SignIn.as_view(), name="signin"),
    path("login/federated", federated.sign_in, name="federated"),
    path("login/federated/return", federated.returned, name="federated_return"),
    path("logout", LogoutView.as_view(next_page="/"), name="signout"),
    path("account/kept", kept.kept, name="kept"),
    path("account/password", passwords.password, name="password"),
    path("account/reset", passwords.reset, name="reset"),
    path("account/reset/<uidb64>/<token>", passwords.ResetConfirm.as_view(), name="reset_confirm"),
    path("account/sign-out-everywhere", passwords.sign_out_everywhere, name="sign_out_everywhere"),
    path("account/tokens", tokens.tokens, name="tokens"),
    path("account/tokens/default", tokens.replace_default, name="default_token"),
    path("account/tokens/<int:pk>/revoke", tokens.revoke, name="revoke_token"),
]
