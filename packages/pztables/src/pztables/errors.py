"""Refusals: what a user's file, column, row or option did wrong, and what to do.

Every refusal carries a stable ``code`` (a slug that documentation and clients
know) and its ``data``; who shows it decides about exit codes or HTTP statuses.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar


def ready_for_json(value: Any) -> Any:
    """Return a value with its infinities and NaNs, which JSON has not, as text."""
    if isinstance(value, dict):
        return {key: ready_for_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [ready_for_json(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(float(value))
    return value


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
        return {"code": self.code, "message": self.message, "data": ready_for_json(self.data)}


class TableError(UserError):
    """A file is not the table that it says it is."""

    code = "unreadable_table"


class OptionError(UserError):
    """An option has a value outside its allowed set."""

    code = "invalid_option"


class UnknownFormatError(TableError):
    """The content is none of the formats that are read."""

    code = "unknown_format"


class WrongSuffixError(TableError):
    """The file's name says one format and its content is another."""

    code = "wrong_suffix"


class TruncatedFileError(TableError):
    """The file ends before the data that it declares."""

    code = "truncated_file"


class DuplicateColumnsError(TableError):
    """Two columns of a table have the same name."""

    code = "duplicate_columns"


class NoColumnsError(TableError):
    """The table has no column."""

    code = "no_columns"


class EmptyTableError(TableError):
    """The table has no row."""

    code = "empty_table"


class RaggedRowsError(TableError):
    """A row of a text table has more or fewer values than the others."""

    code = "ragged_rows"


class EncodingError(TableError):
    """Text is not UTF-8."""

    code = "not_utf8"


class NotATableError(TableError):
    """The file is readable, but it is no table."""

    code = "not_a_table"


class ColumnMissingError(UserError):
    """A column that was asked for is not in the table."""

    code = "unknown_column"


class ValueNotStorableError(UserError):
    """A format cannot hold a column or a value without loss."""

    code = "value_not_storable"


class ForeignReferenceError(UserError):
    """A file refers to other files or addresses, which are never followed."""

    code = "foreign_reference"


class TooCostlyError(UserError):
    """Reading the file would take more memory, time or space than is allowed."""

    code = "file_too_costly"


class ArchiveError(UserError):
    """An archive is broken, unsafe or holds no table."""

    code = "unsafe_archive"


class SeveralTablesError(ArchiveError):
    """An archive holds more than one table."""

    code = "several_tables"
