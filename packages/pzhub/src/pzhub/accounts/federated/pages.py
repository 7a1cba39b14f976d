"""The way to the identity provider and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from pzhub.accounts.federated.claims import Standing, person_of
from pzhub.accounts.federated.provider import (
    Reason,
    SignInFailedError,
    begin,
    finish,
    is_federated,
)
from pzhub.accounts.models import User
from pzhub.accounts.pages.signin import bring_choices
from pzhub.accounts.services.federated import admit
from pzhub.config import hub_config
from pzhub.core.errors import NotFoundError

_STATUS: Final[dict[Reason, int]] = {
    "unreachable": 503,
    "refused": 403,
    "stale": 400,
    "expired": 400,
    "invalid": 502,
}


@never_cache
@require_GET
def sign_in(request: HttpRequest) -> HttpResponse:
    """Send the browser to the provider."""
    _require_provider()
    next_page = request.GET.get("next", "")
    if request.user.is_authenticated:
        return HttpResponseRedirect(_safe(request, next_page))
    try:
        return HttpResponseRedirect(begin(request, next_page))
    except SignInFailedError as failure:
        return _failed(request, failure, next_page)


@never_cache
@require_GET
def returned(request: HttpRequest) -> HttpResponse:
    """Receive who comes back: in, or a page that says why not and what to do."""
    _require_provider()
    try:
        answer = finish(request)
    except SignInFailedError as failure:
        if failure.reason == "stale" and request.user.is_authenticated:
            return redirect("/")  # the way back was gone twice: a reload, or the Back button
        return _failed(request, failure)
    config = hub_config()
    person = person_of(answer.claims, config)
    standing = person.standing
    if standing is Standing.MEMBER:
        user, standing = admit(person, needs_approval=config.oidc_approval)
        if standing is Standing.MEMBER:
            return _let_in(request, user, answer.next_page)
    context = {"outcome": standing.value, "person": person}
    return _page(request, context, status=403)


def _let_in(request: HttpRequest, user: User, next_page: str) -> HttpResponse:
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    response = HttpResponseRedirect(_safe(request, next_page))
    bring_choices(request, response, user)
    return response


def _require_provider() -> None:
    if not is_federated():
        raise NotFoundError("This server has no identity provider: sign in with a password.")


def _safe(request: HttpRequest, next_page: str) -> str:
    """Return the page that was asked for when it is one of this site."""
    is_ours = url_has_allowed_host_and_scheme(
        next_page, {request.get_host()}, require_https=request.is_secure()
    )
    return next_page if is_ours else settings.LOGIN_REDIRECT_URL


def _failed(request: HttpRequest, failure: SignInFailedError, next_page: str = "") -> HttpResponse:
    context = {"outcome": failure.reason, "next": next_page}
    return _page(request, context, status=_STATUS[failure.reason])


def _page(request: HttpRequest, context: Mapping[str, object], status: int) -> HttpResponse:
    config = hub_config()
    told = {
        "provider": config.oidc_name,
        "registration_url": config.oidc_registration_url,
        "with_password": config.password_sign_in,
    }
    return render(request, "accounts/federated.html", {**told, **context}, status=status)
