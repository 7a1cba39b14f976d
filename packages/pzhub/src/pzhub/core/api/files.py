"""Answers that are files: whatever the caller says that it accepts; refusals of links are pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponseBase
from rest_framework.exceptions import NotAuthenticated
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from pzhub.core.api.views import PzView
from pztables.errors import UserError


class AnyAcceptNegotiation(DefaultContentNegotiation):
    """Never 406: a file has the type that it has, and a refusal is JSON."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: Any = None
    ) -> tuple[BaseRenderer, str]:
        """Return the first renderer, which only refusals use."""
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class LinkedFileView(PzView):
    """An address that pages link to: whoever follows the link reads a refusal as a page."""

    def handle_exception(self, exc: Exception) -> HttpResponseBase:  # type: ignore[override]  # a page
        """Answer programs in JSON; let the site answer people."""
        if _is_browser(self.request):
            if isinstance(exc, UserError):
                raise exc
            if isinstance(exc, NotAuthenticated):
                return redirect_to_login(self.request.get_full_path())
        return super().handle_exception(exc)


def _is_browser(request: Request) -> bool:
    """Whether pages are what the caller asks for by name: programs ask for anything."""
    wanted = request.headers.get("Accept", "").split(",")
    return "text/html" in (part.partition(";")[0].strip().lower() for part in wanted)
