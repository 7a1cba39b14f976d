"""The request of a page that only signed-in users reach, or only administrators."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from pzhub.accounts.models import User
from pzhub.accounts.policies import require_administrator

Rest = ParamSpec("Rest")


class SignedInRequest(HttpRequest):
    """A request behind ``login_required``: its user is a real one."""

    user: User


View = Callable[Concatenate[SignedInRequest, Rest], HttpResponseBase]


def administrators_only(view: View[Rest]) -> View[Rest]:
    """Send visitors to the sign-in page, and refuse everybody but administrators."""

    @login_required
    @wraps(view)
    def guarded(
        request: SignedInRequest, *args: Rest.args, **kwargs: Rest.kwargs
    ) -> HttpResponseBase:
        require_administrator(request.user)
        return view(request, *args, **kwargs)

    return guarded  # type: ignore[return-value]  # the request of who signed in
