"""Refusals of the server: a code and its data.

HTTP is not their business: `core.api.errors` gives each kind a status.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pztables.errors import UserError


class HubError(UserError):
    """The server refuses an act; subclasses say which kind of refusal it is."""


class InvalidError(HubError):
    """What was sent is not acceptable.

    Parameters
    ----------
    message
        The sentence for people.
    fields
        Messages per form field, when fields are at fault.
    """

    code = "invalid"

    def __init__(
        self, message: str, *, fields: Mapping[str, Sequence[str]] | None = None, **data: object
    ) -> None:
        super().__init__(message, **data)
        self.fields = {name: list(messages) for name, messages in (fields or {}).items()}


class NotFoundError(HubError):
    """There is no such object, or the actor may not know of it."""

    code = "not_found"


class ForbiddenError(HubError):
    """The actor sees the object but may not do this to it."""

    code = "forbidden"


class ConflictError(HubError):
    """The object is not in a state in which this act makes sense."""

    code = "conflict"


class TooOftenError(HubError):
    """The act was tried too often; it may be tried again after a while.

    Parameters
    ----------
    message
        The sentence for people.
    wait_seconds
        How long to wait, seconds.
    """

    code = "too_often"

    def __init__(self, message: str, *, wait_seconds: int, **data: object) -> None:
        super().__init__(message, wait_seconds=wait_seconds, **data)
        self.wait_seconds = wait_seconds


class TooLargeError(HubError):
    """A file is over the limit."""

    code = "too_large"
