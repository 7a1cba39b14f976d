"""The redshift catalog of a run: read, its roles found, its positions checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pzpipelines import values
from pzpipelines.arrays import BoolArray, FloatArray
from pzpipelines.runtime.association import (
    given_roles,
    refuse_missing_columns,
    refuse_missing_roles,
)
from pzpipelines.runtime.job import JobInput
from pzpipelines.training.errors import PositionRangeError, RedshiftInputError
from pztables.errors import EmptyTableError
from pztables.formats import TableFormat, TableReader, open_table
from pztables.limits import TRUSTED_LIMITS
from pztables.numbers import is_text
from pztables.positions import PositionCheck

REQUIRED_ROLES: Final = ("ra", "dec", "z")
#: Roles that the training set is registered with.
CARRIED_ROLES: Final = ("id", "ra", "dec", "z", "z_flag", "z_err", "survey")
HOMOGENIZED_FLAG: Final = "z_flag_homogenized"
#: Which rows an earlier combination found to be one object.
GROUP_COLUMN: Final = "group_id"
#: The place of a row in a HATS tree, which is another in every tree: no column of a catalog.
_TREE_COLUMNS: Final = frozenset({"_healpix_29", "_hipscat_index", "Norder", "Dir", "Npix"})


@dataclass(frozen=True)
class RedshiftCatalog:
    """The redshifts of a run.

    Attributes
    ----------
    name
        For messages.
    table
        All rows and columns, but for those of a HATS tree.
    roles
        Role to column, at least ``ra``, ``dec`` and ``z``.
    format
        Of the file, as an output format.
    """

    name: str
    table: pa.Table
    roles: Mapping[str, str]
    format: str

    def numbers(self, role: str) -> FloatArray:
        """Return a role as doubles, NaN where there is no value.

        Raises
        ------
        NotANumberError, UnusableColumnError
            If the column holds anything else.
        """
        column = self.roles[role]
        array = values.one_array(self.table[column])
        return values.numbers(array, catalog=self.name, name=column)

    @cached_property
    def ra(self) -> FloatArray:
        """Right ascensions, shape ``(n,)``."""
        return self.numbers("ra")

    @cached_property
    def dec(self) -> FloatArray:
        """Declinations, shape ``(n,)``."""
        return self.numbers("dec")

    @cached_property
    def has_position(self) -> BoolArray:
        """Which rows have a position, shape ``(n,)``."""
        return np.isfinite(self.ra) & np.isfinite(self.dec)

    def require_sky(self) -> None:
        """Refuse coordinates that are not on the sky; rows without any only cannot match.

        Raises
        ------
        PositionRangeError
            With counts and the first rows.
        """
        has = self.has_position
        if has.all() and _on_sky(self.ra, self.dec).all():
            return
        check = PositionCheck()
        check.add(np.where(has, self.ra, 0.0), np.where(has, self.dec, 0.0))
        if check.n_invalid:
            raise PositionRangeError(
                f"{self.name}: {check.sentence}. Right ascension is expected in degrees from 0 "
                "to 360 and declination from -90 to 90: correct the rows, or associate other "
                "columns",
                catalog=self.name,
                count=check.n_invalid,
                counts=check.counts,
                first_rows=check.first_rows,
            )


def _on_sky(ra: FloatArray, dec: FloatArray) -> BoolArray:
    return (ra >= 0) & (ra < 360) & (np.abs(dec) <= 90)


def the_input(inputs: Sequence[JobInput]) -> JobInput:
    """Return the one redshift catalog.

    Raises
    ------
    RedshiftInputError
        If there is none or more than one, or its file is absent.
    """
    if len(inputs) != 1:
        given = ", ".join(each.internal_name for each in inputs) or "none"
        raise RedshiftInputError(
            f"a training set is made from exactly one redshift catalog, not from {len(inputs)} "
            f"({given}); combine several with Combine Redshift Catalogs first",
            count=len(inputs),
        )
    if not inputs[0].path.exists():
        raise RedshiftInputError(
            f"{inputs[0].internal_name}: {inputs[0].path.name}: no such file",
            file=inputs[0].path.name,
        )
    return inputs[0]


def open_input(source: JobInput) -> TableReader:
    """Open the file of an input."""
    return open_table(source.path, format=source.format, limits=TRUSTED_LIMITS)


def roles_of(source: JobInput, names: Sequence[str]) -> dict[str, str]:
    """Return role to column: as associated, else a column that has the role's name.

    Raises
    ------
    AssociationError
        If an associated column does not exist.
    MissingRolesError
        If position or redshift have no column.
    """
    given = given_roles(source.columns)
    refuse_missing_columns(given, names, source.internal_name)
    taken = set(given.values())
    for role in CARRIED_ROLES:
        if role not in given and role in names and role not in taken:
            given[role] = role
    refuse_missing_roles(REQUIRED_ROLES, given, source.internal_name)
    return given


def read_redshifts(source: JobInput, *, only_roles: bool = False) -> RedshiftCatalog:
    """Read the redshift catalog.

    Parameters
    ----------
    source
        The input.
    only_roles
        Whether columns without a role in a run are left out: a wide catalog is
        many times its positions.

    Raises
    ------
    UserError
        If the file, its columns or its coordinates cannot be used.
    """
    with open_input(source) as reader:
        names = [name for name in reader.schema.names if name not in _TREE_COLUMNS]
        roles = roles_of(source, names)
        if only_roles:
            names = [name for name in names if name in {*roles.values(), HOMOGENIZED_FLAG}]
        table = reader.read(names)
        format_name = output_format_of(reader.schema.format)
    if table.num_rows == 0:
        raise EmptyTableError(
            f"{source.internal_name}: has no rows, so nothing can be matched",
            catalog=source.internal_name,
        )
    catalog = RedshiftCatalog(source.internal_name, table, roles, format_name)
    catalog = replace(catalog, table=_with_numbers(catalog))
    catalog.require_sky()
    return catalog


def _with_numbers(catalog: RedshiftCatalog) -> pa.Table:
    """Return the rows with position and redshift as numbers, also where a file has them as text."""
    table = catalog.table
    for role in REQUIRED_ROLES:
        column = catalog.roles[role]
        numbers = catalog.numbers(role)
        if is_text(table.schema.field(column).type):
            place = table.schema.get_field_index(column)
            field = table.schema.field(place).with_type(pa.float64())
            table = table.set_column(place, field, values.nullable(numbers))
    return table


def output_format_of(table_format: TableFormat) -> str:
    """Return the output format that is "the same"; what is not written becomes Parquet."""
    return "parquet" if table_format is TableFormat.VOTABLE else table_format.value


def position_counts(catalog: RedshiftCatalog) -> dict[str, Any]:
    """Count the rows of a catalog and those without a position."""
    return {
        "rows_in": catalog.table.num_rows,
        "rows_without_position": int((~catalog.has_position).sum()),
    }
