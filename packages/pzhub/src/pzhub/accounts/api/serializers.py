"""Users and tokens on the wire."""

from __future__ import annotations

from rest_framework import serializers

from pzhub.accounts.models import User
from pzhub.accounts.selectors import display_name_of


class UserOut(serializers.ModelSerializer[User]):
    """What everybody signed in may know of a user."""

    display_name = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "display_name")

    def get_display_name(self, user: User) -> str:
        """Return the name that others see."""
        return display_name_of(user)


class Credentials(serializers.Serializer[None]):
    """A login name and a password."""

    username = serializers.CharField()
    password = serializers.CharField(trim_whitespace=False)


class TokenOut(serializers.Serializer[None]):
    """A token's clear text, shown once."""

    token = serializers.CharField()


class LoggedUserOut(serializers.Serializer[None]):
    """Who is asking."""

    username = serializers.CharField(help_text="The display name, not the login.")
    is_admin = serializers.BooleanField()
