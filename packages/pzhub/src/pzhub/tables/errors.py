"""Refusals of a look into a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pzhub.core.errors import ConflictError, InvalidError, NotFoundError, TooLargeError
from pztables.expressions import ExpressionError


class NoTableError(NotFoundError):
    """The product holds no table."""

    code = "no_table"


class TableNotReadyError(ConflictError):
    """The main file has not been read yet."""

    code = "table_not_ready"


class SubsetTooLargeError(TooLargeError):
    """More rows or bytes than one answer may have."""

    code = "subset_too_large"


class SubsetTooCostlyError(TooLargeError):
    """The search takes more time or memory than one request may have."""

    code = "subset_too_costly"


class UnknownColumnError(InvalidError):
    """A column that was asked for is not in the table."""

    code = "unknown_column"
    shows_data = True


class UnsortableColumnError(InvalidError):
    """The values of a column have no order."""

    code = "unsortable_column"


class ColumnKindError(InvalidError):
    """A column is of a kind that cannot be counted by numbers."""

    code = "column_kind"


class EmptyViewError(InvalidError):
    """No row fits what is to become a product."""

    code = "empty_view"


class NoPositionsError(InvalidError):
    """A region of the sky is asked for, and no columns are right ascension and declination."""

    code = "no_positions"


class OptionValueError(InvalidError):
    """A parameter of the request has a value that it cannot have.

    Parameters
    ----------
    option
        The parameter.
    reason
        What it must be.
    """

    def __init__(self, option: str, reason: str) -> None:
        super().__init__(f"{option}: {reason}", fields={option: [reason]})


class ConditionError(InvalidError):
    """The condition is not of the language, or does not fit the table; keeps place and code.

    Parameters
    ----------
    refusal
        Of the expression.
    option
        The parameter that holds it.
    """

    shows_data = True

    def __init__(self, refusal: ExpressionError, option: str) -> None:
        self.code = refusal.code  # type: ignore[misc]  # one refusal, any code of an expression
        data = {key: refusal.data[key] for key in _SHOWN if key in refusal.data}
        fields: Mapping[str, Sequence[str]] = {option: [refusal.message]}
        super().__init__(refusal.message, fields=fields, **data)


_SHOWN = ("position", "reason", "names", "near", "available", "count", "examples")
