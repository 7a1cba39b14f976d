"""Full text search of products: names, descriptions, columns and their meanings, files.

The databases keep the indexes themselves: SQLite in FTS5 tables that triggers hold up to date,
PostgreSQL in GIN indexes over an expression. Nothing has to remember to index, and a change and
its index are in one transaction. Both know words without case and accents, and their beginnings;
``_`` and all punctuation separate words, so that ``cmodel`` finds ``r_cModelMag_dered``.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.db.models.expressions import RawSQL

_TOKENS: Final = re.compile(r"[^\W_]+")
#: A text beyond this many characters is indexed to there: PostgreSQL's limit is 1 MB of words.
_INDEXED_CHARACTERS: Final = 200_000


@dataclass(frozen=True, slots=True)
class _Indexed:
    """A table whose texts are searched, and the column that says which product a row is of."""

    table: str
    product: str
    texts: tuple[str, ...]

    @property
    def index(self) -> str:
        """Name of the FTS5 table, or of the GIN index."""
        return f"{self.table}_words"


_INDEXES: Final = (
    _Indexed("catalog_product", "id", ("display_name", "internal_name", "description", "pz_code")),
    _Indexed("catalog_column", "product_id", ("column_name", "alias", "ucd", "description")),
    _Indexed("catalog_productfile", "product_id", ("name",)),
)


def product_has_word(word: str, *, using: str | None = None) -> Q:
    """Return the condition that a word begins a word of anything that a product tells.

    Parameters
    ----------
    word
        As the user typed it; one with punctuation inside (``r_cModel``) stands for its parts
        in a row, the last of which may go on.
    using
        Alias of the database; that of reading products by default.
    """
    from pzhub.catalog.models import Product

    tokens = tokens_of(word)
    if not tokens:
        return Q(pk__in=())
    vendor = connections[using or router.db_for_read(Product)].vendor
    find, pattern = (
        (_sqlite_rows, _sqlite_pattern) if vendor == "sqlite" else (_postgresql_rows, _tsquery)
    )
    condition = Q()
    for indexed in _INDEXES:
        condition |= Q(pk__in=RawSQL(find(indexed), [pattern(tokens)]))
    return condition


def tokens_of(text: str) -> list[str]:
    """Return the words of a text as the indexes keep them: no case, no accents."""
    plain = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text).lower()
        if not unicodedata.combining(letter)
    )
    return _TOKENS.findall(plain)


def ensure_indexes(*, using: str, **_: Any) -> None:
    """Create what is missing of the indexes (after each migration: SQLite rebuilds tables).

    Parameters
    ----------
    using
        Alias of the database that was migrated.
    """
    connection = connections[using]
    if _INDEXES[0].table not in connection.introspection.table_names():
        return
    create = _ensure_sqlite if connection.vendor == "sqlite" else _ensure_postgresql
    create(connection)


# ── SQLite ──────────────────────────────────────────────────────────────────
def _sqlite_pattern(tokens: list[str]) -> str:
    return f'"{" ".join(tokens)}"*'


def _sqlite_rows(indexed: _Indexed) -> str:
    found = f"SELECT rowid FROM {indexed.index} WHERE {indexed.index} MATCH %s"
    if indexed.product == "id":
        return found
    return f"SELECT {indexed.product} FROM {indexed.table} WHERE id IN ({found})"


def _ensure_sqlite(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'trigger')")
        present = dict(cursor.fetchall())
        for indexed in _INDEXES:
            wanted = _sqlite_objects(indexed)
            if all(present.get(name) == sql for name, sql in wanted.items()):
                continue
            for name in wanted:
                kind = "TABLE" if name == indexed.index else "TRIGGER"
                cursor.execute(f"DROP {kind} IF EXISTS {name}")
            for sql in wanted.values():
                cursor.execute(sql)
            cursor.execute(f"INSERT INTO {indexed.index}({indexed.index}) VALUES ('rebuild')")


def _sqlite_objects(indexed: _Indexed) -> dict[str, str]:
    """Return the FTS5 table over a table's texts and its triggers, by name.

    The pattern of an external content table: https://www.sqlite.org/fts5.html, section 4.4.3.
    """
    name, table, texts = indexed.index, indexed.table, ", ".join(indexed.texts)
    new, old = (", ".join(f"{row}.{text}" for text in indexed.texts) for row in ("new", "old"))
    forget = f"INSERT INTO {name}({name}, rowid, {texts}) VALUES ('delete', old.id, {old});"
    learn = f"INSERT INTO {name}(rowid, {texts}) VALUES (new.id, {new});"
    return {
        name: f"CREATE VIRTUAL TABLE {name} USING fts5({texts}, content='{table}', "
        "content_rowid='id', tokenize='unicode61 remove_diacritics 2', prefix='2 3')",
        f"{name}_insert": f"CREATE TRIGGER {name}_insert AFTER INSERT ON {table} BEGIN {learn} END",
        f"{name}_delete": f"CREATE TRIGGER {name}_delete AFTER DELETE ON {table} "
        f"BEGIN {forget} END",
        f"{name}_update": f"CREATE TRIGGER {name}_update AFTER UPDATE OF {texts} ON {table} "
        f"BEGIN {forget} {learn} END",
    }


# ── PostgreSQL ──────────────────────────────────────────────────────────────
def _tsquery(tokens: list[str]) -> str:
    return " <-> ".join([*(f"'{token}'" for token in tokens[:-1]), f"'{tokens[-1]}':*"])


def _vector(indexed: _Indexed) -> str:
    texts = " || ' ' || ".join(f"coalesce({text}, '')" for text in indexed.texts)
    return f"to_tsvector('simple', pz_plain_text({texts}))"


def _postgresql_rows(indexed: _Indexed) -> str:
    return (
        f"SELECT {indexed.product} FROM {indexed.table} "
        f"WHERE {_vector(indexed)} @@ to_tsquery('simple', %s)"
    )


def _ensure_postgresql(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION pz_plain_text(words text) RETURNS text "
            "LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$ SELECT regexp_replace("
            "regexp_replace(normalize(lower("
            f'left(words, {_INDEXED_CHARACTERS}) COLLATE "und-x-icu"), NFKD), '
            "'[\u0300-\u036f]+', '', 'g'), "
            "'[^[:alnum:]]+', ' ', 'g') $$"
        )
        for indexed in _INDEXES:
            cursor.execute(
                f"CREATE INDEX IF NOT EXISTS {indexed.index} ON {indexed.table} "
                f"USING gin (({_vector(indexed)}))"
            )
