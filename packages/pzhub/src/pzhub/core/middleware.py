"""Middleware: one slash for many, and a number for each request. Bodies pass untouched."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]
REQUEST_ID_HEADER: Final = "X-Request-ID"
_SLASHES: Final = re.compile(r"/{2,}")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")


class CollapseSlashes:
    """Treat repeated slashes of a path as one, before anything is routed."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request under its path with single slashes."""
        # contract: the published client asks for /api//products/ and follows no redirect well.
        if "//" in request.path_info:
            request.path_info = _SLASHES.sub("/", request.path_info)
            request.path = _SLASHES.sub("/", request.path)
        return self.get_response(request)


class RequestId:
    """Give each request a number, the proxy's if it sent one, and answer with it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request, its number in the answer's head."""
        given = request.headers.get(REQUEST_ID_HEADER, "")
        number = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        request.META["PZHUB_REQUEST_ID"] = number
        response = self.get_response(request)
        response.headers[REQUEST_ID_HEADER] = number
        return response


def request_id(request: HttpRequest) -> str:
    """Return the number of a request, for logs and for people who ask for help."""
    return str(request.META.get("PZHUB_REQUEST_ID", ""))
