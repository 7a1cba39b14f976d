"""One tree of errors. Each keeps the server's sentence, its code and the HTTP status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class PzServerError(Exception):
    """Something went wrong between this client and the Photo-z Server.

    Attributes
    ----------
    code
        The server's slug for the kind of error (``"missing_column_roles"``), or one of ours.
    status
        HTTP status, or None when no answer came.
    fields
        Messages per field, when fields are at fault.
    """

    default_code = "error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        fields: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.status = status
        self.fields = fields or {}


class Unreachable(PzServerError, ConnectionError):  # noqa: N818 - reads as a state, like its siblings
    """No answer: wrong address, no network, or the server is down."""

    default_code = "unreachable"


class Refused(PzServerError, PermissionError):  # noqa: N818
    """The token is missing, wrong, expired, or does not allow this act."""

    default_code = "refused"


class NotFound(PzServerError, ValueError):  # noqa: N818
    """There is no such thing, or it is not visible to this user.

    Attributes
    ----------
    near
        Names that resemble the one that was asked for.
    """

    default_code = "not_found"
    near: Sequence[str] = ()


class Invalid(PzServerError, ValueError):  # noqa: N818
    """What was sent is not acceptable; the message says what to change."""

    default_code = "invalid"


class ServerFault(PzServerError):  # noqa: N818
    """The server failed; it is not the user's fault."""

    default_code = "server_fault"


class NoAnswer(Unreachable):
    """No answer in time to a request that changes something: it may have been done."""

    default_code = "no_answer"


class ProcessFailed(PzServerError):  # noqa: N818
    """A pipeline run ended without a result."""

    default_code = "process_failed"


class MissingExtra(PzServerError, ImportError):  # noqa: N818
    """A library that this call needs is not installed; the message says how to install it."""

    default_code = "missing_extra"

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(f"{library} is not installed: pip install 'pzserver[{extra}]'")
        self.library = library
        self.extra = extra

    def __reduce__(self) -> tuple[type[MissingExtra], tuple[str, str]]:
        return type(self), (self.library, self.extra)


def error_class(status: int) -> type[PzServerError]:
    """Return the class that stands for an HTTP status."""
    if status in (401, 403):
        return Refused
    if status == 404:
        return NotFound
    return ServerFault if status >= 500 else Invalid
