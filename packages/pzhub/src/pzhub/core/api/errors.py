"""Refusals and faults as answers: one shape, ``{"error", "code", "fields"}``.

The published client and the site of old read other keys too; they are added here.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from pzhub.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    TooLargeError,
    TooOftenError,
)
from pzhub.core.middleware import request_id
from pztables.errors import UserError, ready_for_json

_LOG = logging.getLogger(__name__)
#: The first kind that fits decides.
_STATUSES: Final[tuple[tuple[type[UserError], int], ...]] = (
    (NotFoundError, status.HTTP_404_NOT_FOUND),
    (ForbiddenError, status.HTTP_403_FORBIDDEN),
    (ConflictError, status.HTTP_409_CONFLICT),
    (TooLargeError, status.HTTP_413_REQUEST_ENTITY_TOO_LARGE),
    (TooOftenError, status.HTTP_429_TOO_MANY_REQUESTS),
    (UserError, status.HTTP_400_BAD_REQUEST),
)
_NO_FIELD: Final = "non_field_errors"


class PlainFieldsError(exceptions.ValidationError):
    """Field errors that the wire shows as one text per field instead of a list."""


def error_body(
    error: str,
    code: str,
    fields: Mapping[str, list[str]] | None = None,
    legacy: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """Return the body of a refusal.

    Parameters
    ----------
    error
        The sentence.
    code
        The stable slug.
    fields
        Messages per field.
    legacy
        Other keys that old readers look for; the field map when left out.
    """
    # contract: old readers look for "detail", and for the fields at the top of a 400.
    old = {"detail": error, **(fields if legacy is None else legacy or {})} if fields else {}
    return {"detail": error} | old | {"error": error, "code": code, "fields": dict(fields or {})}


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """Turn whatever a view raised into an answer; the transaction is rolled back."""
    set_rollback()
    if isinstance(error, UserError):
        return _refusal(error)
    if isinstance(error, OperationalError):
        return _busy(error)
    if isinstance(error, Http404):
        path = context["request"].path
        return _refusal(NotFoundError(f"There is nothing at {path}, or nothing that you may see."))
    known = _as_api_exception(error)
    return _fault(error, context) if known is None else _framework_refusal(known)


def _refusal(error: UserError) -> Response:
    code = next(number for kind, number in _STATUSES if isinstance(error, kind))
    fields = error.fields if isinstance(error, InvalidError) else {}
    wait = {"Retry-After": str(error.wait_seconds)} if isinstance(error, TooOftenError) else {}
    body = error_body(error.message, error.code, fields)
    if getattr(error, "shows_data", False):
        body["data"] = ready_for_json(error.data)
    return Response(body, status=code, headers=wait)


def _as_api_exception(error: Exception) -> exceptions.APIException | None:
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, SuspiciousOperation | UnreadablePostError):
        return exceptions.ParseError(str(error) or None)
    return None


def _framework_refusal(error: exceptions.APIException) -> Response:
    fields = _flat_fields(error.detail) if isinstance(error, exceptions.ValidationError) else {}
    code = "invalid" if fields else str(error.get_codes())
    legacy: dict[str, object] = dict(fields)
    if isinstance(error, PlainFieldsError):
        legacy = {name: " ".join(texts) for name, texts in fields.items()}
    body = error_body(_sentence(fields) or str(error.detail), code, fields, legacy)
    return Response(body, status=error.status_code, headers=_headers(error))


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers: dict[str, str] = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers


def _flat_fields(detail: Any) -> dict[str, list[str]]:
    """Return the messages of a validation error per field; inner fields as ``outer.inner``."""
    if not isinstance(detail, Mapping):
        texts = detail if isinstance(detail, list) else [detail]
        return {_NO_FIELD: [str(text) for text in texts]}
    flat: dict[str, list[str]] = {}
    for name, inner in detail.items():
        for deeper, texts in _flat_fields(inner).items():
            flat[name if deeper == _NO_FIELD else f"{name}.{deeper}"] = texts
    return flat


def _sentence(fields: Mapping[str, list[str]]) -> str:
    parts = (
        " ".join(texts) if name == _NO_FIELD else f"{name}: {' '.join(texts)}"
        for name, texts in fields.items()
    )
    return " ".join(parts)


def _busy(error: OperationalError) -> Response:
    """Answer when the database is locked or away: trying again helps."""
    _LOG.error("database unavailable", exc_info=error)
    body = error_body("The server is busy: try again in a moment.", "busy")
    return Response(body, status=503, headers={"Retry-After": "2"})


def _fault(error: Exception, context: Mapping[str, Any]) -> Response:
    """Answer for a mistake of ours: the log has the traceback, the user its number."""
    incident = request_id(context["request"]._request)
    _LOG.error("incident %s in %s", incident, context.get("view"), exc_info=error)
    sentence = f"The server made a mistake. Please tell the helpdesk this number: {incident}"
    return Response(error_body(sentence, "server_error"), status=500)
