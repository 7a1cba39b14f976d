"""Which form an answer has: JSON."""

from __future__ import annotations

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request


class PzNegotiation(DefaultContentNegotiation):
    """Browsers that ask for nothing but HTML get JSON too."""

    def get_accept_list(self, request: Request) -> list[str]:
        """Return the media types that the caller takes."""
        accepted: list[str] = super().get_accept_list(request)
        browser = any(item.startswith("text/html") for item in accepted)
        return [*accepted, "*/*;q=0.1"] if browser else accepted
