"""Answers that are files: whatever the caller says that it accepts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class AnyAcceptNegotiation(DefaultContentNegotiation):
    """Never 406: a file has the type that it has, and a refusal is JSON."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: Any = None
    ) -> tuple[BaseRenderer, str]:
        """Return the first renderer, which only refusals use."""
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)
