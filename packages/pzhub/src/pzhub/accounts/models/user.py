"""Users: Django's, with what the site keeps about each."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.crypto import salted_hmac

#: Members of this group are administrators, as superusers are.
ADMIN_GROUP: Final = "Admin"


class User(AbstractUser):
    """A person who signs in."""

    display_name = models.CharField(max_length=150, blank=True)
    language = models.CharField(max_length=10, blank=True)
    theme = models.CharField(max_length=6, blank=True, help_text="system, light or dark")
    single_key_shortcuts = models.BooleanField(default=True)
    session_epoch = models.PositiveIntegerField(
        default=0, help_text="Grows when the user signs out everywhere: older sessions end."
    )

    def get_session_auth_hash(self) -> str:
        """Return what a session must know to be valid: it ends with the password or the epoch."""
        known = super().get_session_auth_hash()
        if not self.session_epoch:
            return known
        return salted_hmac("pzhub.accounts.session", f"{known} {self.session_epoch}").hexdigest()

    def __str__(self) -> str:
        return self.username
