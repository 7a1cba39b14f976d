"""A product's table as it lies on the disk: its canonical Parquet and what its columns mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from pztables.expressions import SqlColumn
from pztables.formats import ColumnInfo
from pztables.roles import role_named

#: How SQL calls the number of a row in its file.
ROW: Final = "rn"
_ENGINES_ROW: Final = "file_row_number"
_FILE: Final = "read_parquet($path, hive_partitioning=false, union_by_name=false"


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column as users see it.

    Attributes
    ----------
    info
        Name, type, unit, UCD and description.
    role
        The alias that the owner associated, or ``None``.
    """

    info: ColumnInfo
    role: str | None

    @property
    def name(self) -> str:
        """Its name in the file."""
        return self.info.name

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON says of it."""
        return {
            "name": self.name,
            "type": str(self.info.type),
            "unit": self.info.unit,
            "ucd": self.info.ucd,
            "role": self.role,
            "description": self.info.description,
        }

    def arrow_field(self) -> pa.Field:
        """Return its Arrow field, with all that is known in the metadata."""
        field = self.info.arrow_field()
        if not self.role:
            return field
        return field.with_metadata({**(field.metadata or {}), b"role": self.role.encode()})


@dataclass(frozen=True, slots=True)
class StoredTable:
    """What a query needs to know.

    Attributes
    ----------
    path
        The canonical Parquet, absolute.
    columns
        By name, in file order.
    n_rows
        Of the whole table.
    checksum
        SHA-256 of the main file.
    positions
        The columns of right ascension and declination, where both are associated.
    sql
        The columns as conditions use them.
    """

    path: Path
    columns: Mapping[str, TableColumn]
    n_rows: int
    checksum: str
    positions: tuple[str, str] | None
    sql: Mapping[str, SqlColumn]

    @property
    def source(self) -> str:
        """SQL of the table: columns have names of ours, so that none of the user's is in it."""
        names = ", ".join([*(column.reference for column in self.sql.values()), ROW])
        if any(name.lower() == _ENGINES_ROW for name in self.columns):  # it has but one such name
            numbered = f"SELECT *, row_number() OVER () - 1 FROM {_FILE})"
            return f"({numbered}) AS t({names})"
        return f"{_FILE}, {_ENGINES_ROW}=true) AS t({names})"


@dataclass(frozen=True, slots=True)
class ParquetFacts:
    """What the footer of a canonical Parquet says."""

    fields: tuple[pa.Field, ...]
    n_rows: int
    sql: Mapping[str, SqlColumn]


def stored_table(
    path: Path,
    *,
    checksum: str,
    meanings: Mapping[str, tuple[str | None, str | None, str | None]],
) -> StoredTable:
    """Open a canonical Parquet.

    Parameters
    ----------
    path
        The file.
    checksum
        SHA-256 of the main file that it was made from.
    meanings
        Alias, UCD and unit that the owner associated, by column.

    Raises
    ------
    FileNotFoundError
        If the file is gone.
    """
    facts = _facts(path, path.stat().st_mtime_ns)
    columns = {}
    for field in facts.fields:
        columns[field.name] = _column(field, *meanings.get(field.name, (None, None, None)))
    return StoredTable(
        path=path,
        columns=MappingProxyType(columns),
        n_rows=facts.n_rows,
        checksum=checksum,
        positions=_positions(columns),
        sql=facts.sql,
    )


def _column(field: pa.Field, alias: str | None, ucd: str | None, unit: str | None) -> TableColumn:
    """Return a column: what its owner said of it counts more than what its file says."""
    info = ColumnInfo.from_arrow_field(field)
    role = role_named(alias or "")
    ucd = ucd or (role.ucd if role else None) or info.ucd
    unit = unit or info.unit or (role.unit if role else None)
    return TableColumn(replace(info, ucd=ucd or None, unit=unit or None), alias or None)


def _positions(columns: Mapping[str, TableColumn]) -> tuple[str, str] | None:
    by_role = {column.role.lower(): column.name for column in columns.values() if column.role}
    if "ra" not in by_role or "dec" not in by_role:
        return None
    return by_role["ra"], by_role["dec"]


@lru_cache(maxsize=256)
def _facts(path: Path, written: int) -> ParquetFacts:
    """Read a footer, once for each version of the file."""
    with pq.ParquetFile(path) as file:
        schema, metadata = file.schema_arrow, file.metadata
    bounds = _bounds(metadata)
    columns = {}
    for number, field in enumerate(schema):
        lowest, highest = bounds.get(field.name, (None, None))
        columns[field.name] = SqlColumn(f"c{number}", field.type, lowest, highest)
    return ParquetFacts(tuple(schema), metadata.num_rows, MappingProxyType(columns))


def _bounds(metadata: Any) -> dict[str, tuple[float, float]]:
    """Return the ends of every column of numbers whose statistics are complete."""
    found = {}
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    for number in range(metadata.num_columns):
        name = metadata.schema.column(number).path
        ends = _ends([group.column(number).statistics for group in groups])
        if ends is not None:
            found[name] = ends
    return found


def _ends(statistics: list[Any]) -> tuple[float, float] | None:
    lowest, highest = [], []
    for one in statistics:
        if one is None or not one.has_min_max:
            if one is not None and one.has_null_count and one.num_values == 0:
                continue  # nothing but nulls
            return None
        if type(one.min) not in (int, float) or type(one.max) not in (int, float):
            return None
        lowest.append(one.min)
        highest.append(one.max)
    return (min(lowest), max(highest)) if lowest else None
