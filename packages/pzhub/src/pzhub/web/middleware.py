"""Middleware of the pages: security headers, and refusals as pages people can act on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from pzhub.core.errors import (
    ConflictError,
    ForbiddenError,
    HubError,
    NotFoundError,
    TooLargeError,
    TooOftenError,
)
from pztables.errors import UserError

#: Nothing from other hosts, no inline script, no inline style, no plug-ins.
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
        "base-uri 'none'",
        "manifest-src 'self'",
    )
)
#: Where tools of the reader's own machine listen (Web Profile of SAMP): only the page that sends
#: them a table asks there, and says so by ``reaches_samp_hub``.
SAMP_POLICY: Final = POLICY.replace(
    "connect-src 'self'", "connect-src 'self' http://localhost:21012 http://127.0.0.1:21012"
)
_STATUS: Final[tuple[tuple[type[HubError], int], ...]] = (
    (NotFoundError, 404),
    (ForbiddenError, 403),
    (ConflictError, 409),
    (TooLargeError, 413),
    (TooOftenError, 429),
)
Handler = Callable[[HttpRequest], HttpResponseBase]


class SecurityHeaders:
    """Adds the content security policy and its companions to what does not bring its own."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with headers."""
        response = self.get_response(request)
        if not request.path.startswith(("/admin/", "/api/")):
            policy = SAMP_POLICY if getattr(response, "reaches_samp_hub", False) else POLICY
            response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=()"
        )
        if request.headers.get("HX-Request") or request.COOKIES:
            # A page and its fragments share addresses, and both depend on who asks.
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


class RefusalPages:
    """Shows a refusal raised by a service or selector as a page with its sentence."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer; refusals come through `process_exception`, wrong methods are bare until here."""
        response = self.get_response(request)
        if response.status_code != 405 or request.path.startswith("/api"):
            return response
        page = render(request, "405.html", status=405)
        page.headers["Allow"] = response.headers.get("Allow", "")
        return page

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Turn a refusal into its page; anything else stays an error of ours."""
        if not isinstance(error, UserError):
            return None
        status = next((code for kind, code in _STATUS if isinstance(error, kind)), 400)
        template = f"{status}.html" if status in {403, 404, 413} else "400.html"
        response = render(request, template, {"refusal": error}, status=status)
        if isinstance(error, TooOftenError):
            response.headers["Retry-After"] = str(error.wait_seconds)
        return response
