"""Searching text in any case, whatever the alphabet: the lookup ``any_case_contains``.

SQLite folds the case of ASCII only, and PostgreSQL what its locale says; words of ASCII
stay with them, other words are compared by our own function and by ICU.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, TextField
from django.db.models.lookups import IContains

from pzhub.core.errors import InvalidError

_FUNCTION: Final = "pz_contains"
#: The root collation of Unicode, which every PostgreSQL with ICU has.
_UNICODE: Final = 'COLLATE "und-x-icu"'

_Sql = tuple[str, list[Any] | tuple[Any, ...]]
#: A search of more words is a mistake, and costs the database dearly.
MAX_WORDS: Final = 50


def require_few_words(words: Sequence[str]) -> None:
    """Refuse a search of too many words.

    Raises
    ------
    pzhub.core.errors.InvalidError
        Naming the limit.
    """
    if len(words) > MAX_WORDS:
        raise InvalidError(f"A search takes at most {MAX_WORDS} words; this one has {len(words)}.")


def folded(text: str) -> str:
    """Return a text without case, with its accents composed."""
    return unicodedata.normalize("NFC", text).casefold()


class AnyCaseContains(IContains):
    """A text is part of a column, in any case of any alphabet."""

    lookup_name = "any_case_contains"

    def as_sqlite(self, compiler: Any, connection: BaseDatabaseWrapper) -> _Sql:
        """Return the condition for SQLite."""
        if self.rhs.isascii():
            return self._native(compiler)
        column, parameters = self.process_lhs(compiler, connection)
        return f"{_FUNCTION}({column}, %s)", [*parameters, folded(self.rhs)]

    def as_postgresql(self, compiler: Any, connection: BaseDatabaseWrapper) -> _Sql:
        """Return the condition for PostgreSQL."""
        if self.rhs.isascii():
            return self._native(compiler)
        column, parameters = self.process_lhs(compiler, connection)
        text = unicodedata.normalize("NFC", self.rhs)
        pattern = f"%{connection.ops.prep_for_like_query(text)}%"
        sql = f"UPPER({column} {_UNICODE}) LIKE UPPER(%s {_UNICODE})"
        return sql, [*parameters, pattern]

    def _native(self, compiler: Any) -> _Sql:
        """Return the condition of the database's own ``LIKE``."""
        condition: _Sql = compiler.compile(IContains(self.lhs, self.rhs))
        return condition


def _is_part(column: object, text: str) -> bool:
    """Tell whether a folded text is part of a column's value."""
    if not isinstance(column, str):
        return False
    if column.isascii():  # most names, and much quicker
        return text.isascii() and text in column.lower()
    return text in folded(column)


def add_functions(sender: object, connection: BaseDatabaseWrapper, **_: object) -> None:
    """Give a new connection to SQLite the function that the lookup calls."""
    if connection.vendor == "sqlite":
        connection.connection.create_function(_FUNCTION, 2, _is_part, deterministic=True)


for _kind in (CharField, TextField):
    _kind.register_lookup(AnyCaseContains)
