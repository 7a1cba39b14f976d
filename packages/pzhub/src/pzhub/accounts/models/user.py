"""Users: Django's, with what the site keeps about each."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.models import AbstractUser
from django.db import models

#: Members of this group are administrators, as superusers are.
ADMIN_GROUP: Final = "Admin"


class User(AbstractUser):
    """A person who signs in."""

    display_name = models.CharField(max_length=150, blank=True)
    language = models.CharField(max_length=10, blank=True)

    def __str__(self) -> str:
        return self.username
