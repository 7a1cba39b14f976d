"""Sign-in with a password, wherever it happens: API, page, administration."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from pzhub.accounts.models import User
from pzhub.accounts.services.attempts import begin_sign_in, forget_failures
from pzhub.config import hub_config


class LimitedPasswordBackend(ModelBackend):
    """Django's own check of a password, so many times per login name and address."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return the user, or ``None`` when name and password do not match, or none are kept.

        Raises
        ------
        pzhub.accounts.services.attempts.TooManySignInsError
            If too many attempts failed; without a request nothing is counted.
        """
        if not hub_config().password_sign_in:
            return None
        if request is None or username is None or password is None:
            return self._checked(request, username, password, **kwargs)
        address = address_of(request)
        begin_sign_in(username=username, address=address)
        user = self._checked(request, username, password, **kwargs)
        if user is not None:
            forget_failures(username=username, address=address)
        return user

    def _checked(self, *credentials: Any, **kwargs: Any) -> User | None:
        user = super().authenticate(*credentials, **kwargs)
        return user if isinstance(user, User) else None


def address_of(request: HttpRequest) -> str:
    """Return the network address that a request came from.

    Behind a proxy it is the one that the proxy added; what stands before it was sent by
    the caller and may be anything.
    """
    forwarded = request.headers.get("X-Forwarded-For", "") if hub_config().behind_proxy else ""
    last = forwarded.rpartition(",")[2].strip()
    return last or str(request.META.get("REMOTE_ADDR", ""))
