"""A sign-in that was lost keeps what was typed.

Who sends a form after their session has ended is asked to sign in again; what they had typed
waits in the session meanwhile and comes back afterwards, to the same user only. Fragments and
scripts get a 401, for which a page of an HTML fragment would be the wrong answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import (
    escape_leading_slashes,
    url_has_allowed_host_and_scheme,
    urlencode,
)
from django.utils.translation import gettext as _

Handler = Callable[[HttpRequest], HttpResponseBase]
#: Says which user last used this browser, signed: others never see what was typed.
_COOKIE: Final = "pz_who"
_COOKIE_SECONDS: Final = 30 * 24 * 3600
_KEY: Final = "kept_form"
_KEPT_SECONDS: Final = 12 * 3600
_MOST_CHARACTERS: Final = 200_000
_SECRETS: Final = ("password", "token")
#: Where what was typed comes back.
KEPT_PATH: Final = "/account/kept"


@dataclass(frozen=True, slots=True)
class KeptForm:
    """What somebody sent too late.

    Attributes
    ----------
    action
        Where it was sent, path and query.
    page
        The page with the form, path and query.
    fields
        Names and values in the order sent.
    files
        Names of files: they have to be chosen again.
    who
        Number of the user who had used the browser.
    at
        When, seconds since 1970.
    """

    action: str
    page: str
    fields: list[tuple[str, str]]
    who: int
    at: float
    files: list[str] = field(default_factory=list)


class KeepWhatWasTyped:
    """Keeps forms that arrive without a session; answers scripts with 401."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; mind what would be lost."""
        response = self.get_response(request)
        if request.path.startswith(("/api", "/static/", "/admin/")):
            return response
        if not _asks_to_sign_in(response):
            _note_user(request, response)
            _forget_when_sent(request, response)
            return response
        if _is_from_script(request):
            return signed_out()
        if request.method == "POST" and keep(request):
            return redirect(f"{settings.LOGIN_URL}?{urlencode({'next': KEPT_PATH})}")
        return response


def signed_out() -> JsonResponse:
    """Return the answer to scripts and fragments without a session."""
    words = _("You were signed out. Sign in again; what you typed is still here.")
    return JsonResponse({"error": words, "code": "signed_out"}, status=401)


def _asks_to_sign_in(response: HttpResponseBase) -> bool:
    start = f"{settings.LOGIN_URL}?next="
    return response.status_code == 302 and response.headers.get("Location", "").startswith(start)


def _is_from_script(request: HttpRequest) -> bool:
    return bool(
        request.headers.get("HX-Request")
        or request.headers.get("X-Requested-With") == "XMLHttpRequest"
    )


def _note_user(request: HttpRequest, response: HttpResponseBase) -> None:
    """Write down whose browser this is, when that has changed."""
    user = getattr(request, "user", None)
    # Answers without a session must stay free of it: caches may keep them.
    if user is None or not user.is_authenticated or user_of_browser(request) == user.pk:
        return
    response.set_signed_cookie(
        _COOKIE,
        str(user.pk),
        salt=_COOKIE,
        max_age=_COOKIE_SECONDS,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def user_of_browser(request: HttpRequest) -> int | None:
    """Return the number of the user who last used this browser."""
    known = request.get_signed_cookie(_COOKIE, "", salt=_COOKIE, max_age=_COOKIE_SECONDS)
    return int(known) if known and known.isdecimal() else None


def keep(request: HttpRequest) -> bool:
    """Keep what a request sent in its session; tell whether there was something to keep.

    Nothing is kept of browsers that nobody had signed in with, nor any password.
    """
    who = user_of_browser(request)
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken"
    ]
    if who is None or not fields or not _may_be_kept(fields):
        return False
    kept = KeptForm(
        action=request.get_full_path(),
        page=_page_of(request),
        fields=fields,
        who=who,
        at=time.time(),
        files=[str(getattr(file, "name", "")) for file in request.FILES.values()],
    )
    request.session[_KEY] = asdict(kept)
    if not request.user.is_authenticated:
        request.session.set_expiry(_KEPT_SECONDS)
    return True


def _may_be_kept(fields: list[tuple[str, str]]) -> bool:
    if any(secret in name.lower() for name, _value in fields for secret in _SECRETS):
        return False
    return sum(len(name) + len(value) for name, value in fields) <= _MOST_CHARACTERS


def _page_of(request: HttpRequest) -> str:
    """Return the page that the form was on, as the browser tells; else where it was sent."""
    referer = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(referer, {request.get_host()}, request.is_secure()):
        return request.get_full_path()
    parts = urlsplit(referer)
    path = escape_leading_slashes(parts.path or "/")  # "//host" is another one
    return path + (f"?{parts.query}" if parts.query else "")


def kept_form(request: HttpRequest) -> KeptForm | None:
    """Return what was kept for the user who is signed in, if anything was."""
    stored: dict[str, Any] | None = request.session.get(_KEY)
    if stored is None:
        return None
    request.session.set_expiry(None)  # somebody has signed in: a session like any other
    kept = KeptForm(**stored)
    if kept.who != request.user.pk or time.time() - kept.at > _KEPT_SECONDS:
        forget(request)
        return None
    return kept


def forget(request: HttpRequest) -> None:
    """Keep nothing any more."""
    request.session.pop(_KEY, None)


def _forget_when_sent(request: HttpRequest, response: HttpResponseBase) -> None:
    """Forget what was kept once it was sent again and taken."""
    if request.method != "POST" or response.status_code >= 400:
        return
    if response.headers.get("Location") == KEPT_PATH:
        return  # kept by this very request
    stored = request.session.get(_KEY)
    if stored and stored["action"] == request.get_full_path() and request.user.is_authenticated:
        forget(request)


def is_from_this_site(request: HttpRequest) -> bool:
    """Tell whether the browser says that a page of this site sent the request."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    scheme = "https" if request.is_secure() else "http"
    return request.headers.get("Origin") == f"{scheme}://{request.get_host()}"
