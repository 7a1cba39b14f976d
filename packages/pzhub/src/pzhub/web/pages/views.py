"""The landing page, pages of text, and the two preferences of the frame."""

from __future__ import annotations

import logging
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import redirect, render
from django.template.loader import get_template
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language, get_language
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import TemplateView

from pzhub.accounts.models import User
from pzhub.accounts.services.preferences import set_language, set_theme
from pzhub.core.middleware import request_id
from pzhub.web import selectors
from pzhub.web.announced import page_text
from pzhub.web.context import THEMES

_LOG: Final = logging.getLogger(__name__)
YEAR_SECONDS: Final = 365 * 24 * 3600


class TextPage(TemplateView):
    """A page of text that everybody may read: the site's own, or an administrator's."""

    page_name = ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what an administrator wrote in the language of the page."""
        own = page_text(self.page_name, get_language() or "en")
        return super().get_context_data(own_text=own, page_name=self.page_name, **kwargs)


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """Say what the service is; to users, show what is new and what is theirs."""
    if not isinstance(request.user, User):
        return render(request, "web/landing_public.html")
    return render(request, "web/landing.html", selectors.landing_of(request.user))


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that it was our fault, with the number under which the log has it."""
    incident = request_id(request)
    _LOG.error("incident %s: %s %s", incident, request.method, request.path)
    page = get_template("500.html").render({"incident": incident})
    return HttpResponseServerError(page)


def _safe_next(request: HttpRequest) -> str:
    """Return where to go after a choice: back, but never to another host."""
    target = request.POST.get("next", "/")
    allowed = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    return target if allowed else "/"


def _remember(request: HttpRequest, response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=YEAR_SECONDS, samesite="Lax", secure=request.is_secure()
    )


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Keep the theme in a cookie, and with the account: pages are drawn in it from the start."""
    response = redirect(_safe_next(request))
    theme = request.POST.get("theme", "system")
    theme = theme if theme in THEMES else "system"
    _remember(request, response, "pz_theme", theme)
    if isinstance(request.user, User):
        set_theme(user=request.user, theme=theme)
    return response


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Keep the language in a cookie, and with the account of who is signed in."""
    response = redirect(_safe_next(request))
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES) and check_for_language(language):
        _remember(request, response, settings.LANGUAGE_COOKIE_NAME, language)
        if isinstance(request.user, User):
            set_language(user=request.user, language=language)
    return response
