"""Views of accounts: parse, one call, render."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth import authenticate, logout
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from pzhub.accounts.api.serializers import Credentials, LoggedUserOut, TokenOut, UserOut
from pzhub.accounts.models import TokenScope, User
from pzhub.accounts.policies import is_administrator
from pzhub.accounts.selectors import display_name_of, users_list
from pzhub.accounts.services import replace_default_token, replace_token
from pzhub.core.api.views import PzView, PzViewSet

#: What `obtain_token` makes: not the default one, or signing in would stop running notebooks.
PASSWORD_TOKEN = "password sign-in"


class UserViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PzViewSet[User]):
    """Everybody who can sign in."""

    serializer_class = UserOut
    filter_backends = ()
    queryset = User.objects.none()

    def get_queryset(self) -> QuerySet[User]:
        """Return the users."""
        return users_list()


class GetToken(PzView):
    """A new token named ``default``, in place of the old one."""

    required_scope: ClassVar[str | None] = TokenScope.RUN  # it gives away every scope

    @extend_schema(request=None, responses=TokenOut)
    def post(self, request: Request) -> Response:
        """Replace the caller's default token."""
        return Response({"token": replace_default_token(user=self.actor, actor=self.actor)})


class ObtainToken(PzView):
    """A token for a login name and a password."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=Credentials, responses=TokenOut, auth=[])
    def post(self, request: Request) -> Response:
        """Sign in and return a new token; the one of the last such sign-in stops working."""
        given = Credentials(data=request.data)
        given.is_valid(raise_exception=True)
        user = authenticate(request._request, **given.validated_data)
        if not isinstance(user, User):
            raise ValidationError({"non_field_errors": ["User name or password is wrong."]})
        return Response({"token": replace_token(user=user, name=PASSWORD_TOKEN)})


class LoggedUser(PzView):
    """Who is asking."""

    required_scope: ClassVar[str | None] = TokenScope.READ

    @extend_schema(request=None, responses=LoggedUserOut)
    def post(self, request: Request) -> Response:
        """Return the caller's name and whether they are an administrator."""
        # contract: "username" is the display name.
        name = display_name_of(self.actor)
        return Response({"username": name, "is_admin": is_administrator(self.actor)})


class Logout(PzView):
    """The end of a session; tokens stay valid."""

    @extend_schema(request=None, responses={200: None})
    def get(self, request: Request) -> Response:
        """End the caller's session, if there is one."""
        # contract: GET, and an empty body with status 200.
        logout(request._request)
        return Response()
