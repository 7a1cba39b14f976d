"""The rows that facets count, written by the database itself, as its indexes of words are.

A list of 10,000 products has facets over their main files, the meanings of their columns and the
surveys inside. To look these up for every page would cost more than everything else on it, so each
product has one narrow row (`ProductFacets`) that triggers hold up to date: a change and its row
are in one transaction, and nothing has to remember to write it. After every migration the triggers
are compared with what this module wants; where they differ, they and all rows are made anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from pztables.roles import role_named

#: Meanings that people look for, as the columns of some products have them: one bit each.
WANTED_ROLES: Final = ("z_flag", "z_err", "survey", "instrument_type")
#: Formats of main files, by the suffixes that their names end in.
FORMAT_SUFFIXES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "parquet": (".parquet", ".pq"),
        "csv": (".csv", ".tsv", ".txt", ".dat", ".csv.gz", ".gz"),
        "fits": (".fits", ".fit", ".fits.gz"),
        "hdf5": (".hdf5", ".hf5", ".h5", ".hdf"),
        "votable": (".vot", ".vo", ".xml"),
    }
)
#: Names of formats; their places, counted from 1, are what rows have.
FORMATS: Final = (*FORMAT_SUFFIXES, "hats")
#: Sizes of main files, bytes: from (inclusive) and to (exclusive); places as those of formats.
SIZES: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        "under-1mb": (0, 10**6),
        "1-10mb": (10**6, 10**7),
        "10-100mb": (10**7, 10**8),
        "over-100mb": (10**8, 2**63 - 1),
    }
)

_TABLE: Final = "catalog_productfacets"
_ZERO: Final = f"INSERT INTO {_TABLE}(product_id, roles, format, size, surveys)"


def alias_of(role: str) -> str:
    """Return what columns of a meaning have as their alias."""
    known = role_named(role)
    return known.alias if known else role


@dataclass(frozen=True, slots=True)
class _Source:
    """A table that rows are written from: what is looked at, and the values that come from it."""

    table: str
    looked_at: tuple[str, ...]
    values: Mapping[str, str]
    #: Rows of the table without this change nothing; ``{row}`` is the row.
    matters: str

    @property
    def name(self) -> str:
        return self.table.removeprefix("catalog_product").removeprefix("catalog_")

    def update(self, products: str) -> str:
        values = ", ".join(f"{column} = {value}" for column, value in self.values.items())
        return f"UPDATE {_TABLE} SET {values} WHERE product_id IN ({products})"


def _quoted(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _roles() -> str:
    """Return the sum of the bits of the meanings that a product's columns have."""
    bits = (
        "CASE WHEN EXISTS (SELECT 1 FROM catalog_column AS c WHERE c.product_id ="
        f" {_TABLE}.product_id AND c.alias = '{alias_of(role)}') THEN {1 << place} ELSE 0 END"
        for place, role in enumerate(WANTED_ROLES)
    )
    return " + ".join(bits)


def _of_main(value: str) -> str:
    """Return a value of a product's main file, 0 where it has none."""
    return (
        f"COALESCE((SELECT {value} FROM catalog_productfile AS f"
        f" WHERE f.product_id = {_TABLE}.product_id AND f.role = 0), 0)"
    )


def _format() -> str:
    cases = "".join(
        f" WHEN f.extension IN ({_quoted(suffixes)}) THEN {FORMATS.index(name) + 1}"
        for name, suffixes in FORMAT_SUFFIXES.items()
    )
    return f"CASE WHEN f.is_directory THEN {FORMATS.index('hats') + 1}{cases} ELSE 0 END"


def _size() -> str:
    cases = "".join(
        f" WHEN f.size >= {low} AND f.size < {high} THEN {place}"
        for place, (low, high) in enumerate(SIZES.values(), 1)
    )
    return f"CASE{cases} ELSE 0 END"


_SOURCES: Final = (
    _Source(
        "catalog_column",
        ("product_id", "alias"),
        {"roles": _roles()},
        f"{{row}}.alias IN ({_quoted(tuple(map(alias_of, WANTED_ROLES)))})",
    ),
    _Source(
        "catalog_productfile",
        ("product_id", "role", "size", "extension", "is_directory"),
        {"format": _of_main(_format()), "size": _of_main(_size())},
        "{row}.role = 0",
    ),
    _Source(
        "catalog_productsummary",
        ("product_id", "surveys"),
        {
            "surveys": "COALESCE((SELECT CAST(s.surveys AS text) FROM catalog_productsummary AS s"
            f" WHERE s.product_id = {_TABLE}.product_id), '')"
        },
        "{row}.product_id IS NOT NULL",
    ),
)


def ensure_rows(*, using: str, **_: Any) -> None:
    """Create what is missing of the triggers, and with them all rows anew.

    Parameters
    ----------
    using
        Alias of the database that was migrated.
    """
    connection = connections[using]
    if _TABLE not in connection.introspection.table_names():
        return
    wanted = _sqlite_triggers() if connection.vendor == "sqlite" else _postgresql_triggers()
    if _present(connection) == _expected(connection, wanted):
        return
    drop_triggers(using=using)
    with connection.cursor() as cursor:
        for sql in wanted.values():
            cursor.execute(sql)
        cursor.execute(f"DELETE FROM {_TABLE}")
        cursor.execute(f"{_ZERO} SELECT id, 0, 0, 0, '' FROM catalog_product")
        for source in _SOURCES:
            cursor.execute(source.update("SELECT id FROM catalog_product"))
        if connection.vendor != "sqlite":
            cursor.execute(f"COMMENT ON TABLE {_TABLE} IS '{_mark(wanted)}'")


def drop_triggers(*, using: str, plan: Any = True, **_: Any) -> None:
    """Drop the triggers: migrations may make their tables anew, and SQLite would refuse that.

    Parameters
    ----------
    using
        Alias of the database.
    plan
        What will be migrated; where that is nothing, the triggers stay.
    """
    connection = connections[using]
    if not plan or _TABLE not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name in _present(connection):
                cursor.execute(f"DROP TRIGGER {name}")
            return
        for name in ("product", *(source.name for source in _SOURCES)):
            cursor.execute(f"DROP FUNCTION IF EXISTS pz_facets_of_{name}() CASCADE")
        cursor.execute(f"COMMENT ON TABLE {_TABLE} IS NULL")


def _present(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """Return what is there: triggers by name; on PostgreSQL the mark of what made them."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
                " AND name LIKE 'pz_facets_of_%'"
            )
            return dict(cursor.fetchall())
        cursor.execute(f"SELECT obj_description('{_TABLE}'::regclass, 'pg_class')")
        return {"mark": cursor.fetchone()[0] or ""}


def _expected(connection: BaseDatabaseWrapper, wanted: Mapping[str, str]) -> dict[str, str]:
    return dict(wanted) if connection.vendor == "sqlite" else {"mark": _mark(wanted)}


def _mark(wanted: Mapping[str, str]) -> str:
    text = "\n".join((*wanted.values(), *(source.update("") for source in _SOURCES)))
    return f"triggers {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _events(source: _Source) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return what may happen to a row of a source: the event, and the rows to look at."""
    columns = ", ".join(source.looked_at)
    return {
        "insert": ("INSERT", ("NEW",)),
        "update": (f"UPDATE OF {columns}", ("OLD", "NEW")),
        "delete": ("DELETE", ("OLD",)),
    }


def _sqlite_triggers() -> dict[str, str]:
    made = {
        "pz_facets_of_product": "CREATE TRIGGER pz_facets_of_product AFTER INSERT ON"
        f" catalog_product BEGIN {_ZERO} VALUES (NEW.id, 0, 0, 0, ''); END"
    }
    for source in _SOURCES:
        for kind, (event, rows) in _events(source).items():
            name = f"pz_facets_of_{source.name}_{kind}"
            when = " OR ".join(source.matters.format(row=row) for row in rows)
            update = source.update(", ".join(f"{row}.product_id" for row in rows))
            made[name] = (
                f"CREATE TRIGGER {name} AFTER {event} ON {source.table} WHEN {when}"
                f" BEGIN {update}; END"
            )
    return made


def _postgresql_triggers() -> dict[str, str]:
    made = {}

    def add(name: str, event: str, table: str, when: str, act: str) -> None:
        function = name if when == "" else f"{name.rpartition('_')[0]}"
        made[f"function {function}"] = (
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$"
            f" BEGIN {act}; RETURN NULL; END $$"
        )
        condition = f" WHEN ({when})" if when else ""
        made[name] = (
            f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW{condition}"
            f" EXECUTE FUNCTION {function}()"
        )

    add(
        "pz_facets_of_product",
        "INSERT",
        "catalog_product",
        "",
        f"{_ZERO} VALUES (NEW.id, 0, 0, 0, '')",
    )
    for source in _SOURCES:
        update = source.update("OLD.product_id, NEW.product_id")
        for kind, (event, rows) in _events(source).items():
            when = " OR ".join(source.matters.format(row=row) for row in rows)
            add(f"pz_facets_of_{source.name}_{kind}", event, source.table, when, update)
    return made
