"""Refusals: what a user's file, column, row or option did wrong, and what to do.

Every refusal carries a stable ``code`` (a slug that documentation and clients
know) and its ``data``; who shows it decides about exit codes or HTTP statuses.
"""

from __future__ import annotations

from typing import Any, ClassVar


class UserError(Exception):
    """The user's data or options are at fault, and the message says how to mend them.

    Parameters
    ----------
    message
        One or two sentences that name the file, column, row or option, what
        was expected and what to do.
    **data
        The same facts as values, for programs.
    """

    code: ClassVar[str] = "invalid"

    def __init__(self, message: str, **data: Any) -> None:
        super().__init__(message)
        self.message = message
        self.data = data

    def as_dict(self) -> dict[str, Any]:
        """Return ``{"code", "message", "data"}``, ready for JSON."""
        return {"code": self.code, "message": self.message, "data": self.data}


class TableError(UserError):
    """A file is not the table that it says it is."""

    code = "unreadable_table"


class OptionError(UserError):
    """An option has a value outside its allowed set."""

    code = "invalid_option"
