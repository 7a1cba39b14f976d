"""The columns of one catalog under the names that rules use, made ready when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pzpipelines import values
from pzpipelines.arrays import FloatArray, IntArray
from pzpipelines.combine.association import NUMBER_ROLES, Association
from pztables.expressions import Vector, raw_column, table_column
from pztables.numbers import is_text

#: Some rows by number, or (``None``) all of them.
Rows: TypeAlias = IntArray | None


@dataclass(frozen=True)
class Roles:
    """The columns with a standard meaning, normalised, all of length ``n``.

    Attributes
    ----------
    id, instrument_type, survey, source
        Trimmed text, null where there is no value; survey in upper case.
    ra, dec, z, z_flag, z_err
        Doubles, NaN where there is no value.
    """

    id: pa.Array
    instrument_type: pa.Array
    survey: pa.Array
    source: pa.Array
    ra: FloatArray
    dec: FloatArray
    z: FloatArray
    z_flag: FloatArray
    z_err: FloatArray


class RawCatalog:
    """A catalog as it was read.

    Parameters
    ----------
    table
        At least the columns of `needed_columns`.
    association
        Which column carries which role.
    name
        For messages.
    """

    def __init__(self, table: pa.Table, association: Association, name: str) -> None:
        self.table = table
        self.association = association
        self.name = name
        self._columns: dict[str, pa.Array] = {}

    @property
    def n_rows(self) -> int:
        """Rows of the catalog."""
        return int(self.table.num_rows)

    def raw(self, raw_name: str) -> pa.Array:
        """Return a raw column in one piece."""
        if raw_name not in self._columns:
            self._columns[raw_name] = values.one_array(self.table[raw_name])
        return self._columns[raw_name]

    def has(self, name: str) -> bool:
        """Return whether a column carries a role."""
        return name in self.association.columns

    def text(self, role: str) -> pa.Array:
        """Return a role as normalised text; null where nothing carries it."""
        raw_name = self.association.columns.get(role)
        if raw_name is None:
            return pa.nulls(self.n_rows, pa.string())
        return values.texts(self.raw(raw_name), catalog=self.name, name=raw_name)

    def numbers(self, role: str) -> FloatArray:
        """Return a role as doubles; NaN where nothing carries it."""
        raw_name = self.association.columns.get(role)
        if raw_name is None:
            return np.full(self.n_rows, np.nan)
        return values.numbers(self.raw(raw_name), catalog=self.name, name=raw_name)


class RuleColumns(Mapping[str, Vector]):
    """What the names in a rule stand for, on some rows of a catalog.

    Roles come first and are nullable; every other name is a raw column, which
    keeps its type. The raw column ``type`` is compared trimmed and in lower
    case when it is text.

    Parameters
    ----------
    catalog
        As it was read.
    roles
        Its columns with a standard meaning.
    """

    def __init__(self, catalog: RawCatalog, roles: Roles, rows: Rows = None) -> None:
        self._catalog = catalog
        self._roles = roles
        self._rows = rows
        self._all: dict[str, Vector] = {}

    def on(self, rows: Rows) -> RuleColumns:
        """Return the same columns on some of the rows."""
        part = RuleColumns(self._catalog, self._roles, rows)
        part._all = self._all  # what was made ready for all rows is shared
        return part

    def __getitem__(self, name: str) -> Vector:
        if name not in self._all:
            self._all[name] = self._vector(name)
        return self._all[name] if self._rows is None else _take(self._all[name], self._rows)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (
            hasattr(self._roles, name) or self._catalog.association.raw_name_of(name) is not None
        )

    def __iter__(self) -> Iterator[str]:
        names = (*self._roles.__dict__, *self._catalog.association.raw_names)
        return iter(dict.fromkeys(names))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _vector(self, name: str) -> Vector:
        if hasattr(self._roles, name):
            column = getattr(self._roles, name)
            return table_column(values.nullable(column) if name in NUMBER_ROLES else column)
        raw_name = self._catalog.association.raw_name_of(name)
        if raw_name is None:
            raise KeyError(name)
        raw = self._catalog.raw(raw_name)
        if name == "type" and is_text(raw.type):
            raw = pc.utf8_lower(self._catalog.text("type"))
        return raw_column(raw)


def _take(vector: Vector, rows: IntArray) -> Vector:
    source = None if vector.values is None else vector.values.take(rows)
    missing = None if vector.missing is None else vector.missing[rows]
    return replace(vector, values=source, missing=missing)
