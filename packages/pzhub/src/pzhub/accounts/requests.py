"""The request of a page that only signed-in users reach."""

from __future__ import annotations

from django.http import HttpRequest

from pzhub.accounts.models import User


class SignedInRequest(HttpRequest):
    """A request behind ``login_required``: its user is a real one."""

    user: User
