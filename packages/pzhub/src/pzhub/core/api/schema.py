"""The API's documentation: the OpenAPI document and its two readers, from this server alone."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from drf_spectacular.views import (
    SpectacularAPIView,
    SpectacularRedocView,
    SpectacularSwaggerSplitView,
)

#: The readers come with style and images of their own; nothing from other hosts.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " font-src 'self' data:; img-src 'self' data:; connect-src 'self';"
    " worker-src blob:; frame-ancestors 'self'"
)
_READING: Final = ["get", "head"]
_ERROR_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["error", "code", "fields", "detail"],
    "properties": {
        "error": {"type": "string", "description": "The sentence."},
        "code": {"type": "string", "description": "The stable slug."},
        "fields": {
            "type": "object",
            "description": "Messages per field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "detail": {"type": "string", "description": "The sentence again, for old readers."},
    },
    "additionalProperties": True,
}
#: Of the web server, before it comes to ours.
_TOO_LONG: Final[dict[str, Any]] = {
    "description": "The address is longer than 8190 bytes.",
    "content": {"text/html": {"schema": {"type": "string"}}},
}


class _OwnHostOnly:
    """Pages that may not load anything from elsewhere."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer under a content security policy."""
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]  # of the view beside
        response.headers["Content-Security-Policy"] = _POLICY
        return response


class SchemaView(SpectacularAPIView):
    """The OpenAPI document."""

    http_method_names = _READING


class SwaggerView(_OwnHostOnly, SpectacularSwaggerSplitView):
    """The document, to read and to try out."""

    http_method_names = _READING


class RedocView(_OwnHostOnly, SpectacularRedocView):
    """The document, to read."""

    http_method_names = _READING

    template_name = "core/redoc.html"


def add_error_responses(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Say of every operation how it refuses: the one shape, with any 4xx status."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas["Error"] = _ERROR_SCHEMA
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    refusal = {"description": "Refused; the sentence says why.", "content": content}
    for operations in result.get("paths", {}).values():
        for operation in operations.values():
            operation["responses"].setdefault("4XX", refusal)
            operation["responses"].setdefault("414", _TOO_LONG)
    return result
