"""The tables that are to become one catalog of objects: which files, which columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from pzpipelines.objects.importing.errors import ObjectTablesError
from pztables.associate import suggest_roles
from pztables.formats import ColumnInfo, open_table, suffix_format
from pztables.formats.arrays import ARROW_REFUSALS
from pztables.limits import TRUSTED_LIMITS

#: Rows that are in memory at once.
BATCH_ROWS: Final = 500_000
#: Columns that HATS itself adds, or added once: those of an earlier import are left out.
_TREE_COLUMNS: Final = frozenset({"Norder", "Dir", "Npix", "_healpix_29", "_hipscat_index"})
_SAMPLE_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked of the columns; ``None`` where the tables themselves shall tell.

    Attributes
    ----------
    ra, dec, object_id
        Names of columns.
    columns
        To keep; position and identifier are kept in any case.
    primary_column
        Column of truth values: rows in which it is false are left out, and so is it.
    """

    ra: str | None = None
    dec: str | None = None
    object_id: str | None = None
    columns: tuple[str, ...] | None = None
    primary_column: str | None = None


@dataclass(frozen=True, slots=True)
class ObjectTables:
    """Tables with the same columns, and what these mean.

    Attributes
    ----------
    files
        In order.
    schema
        Of the catalog to write: types that hold the values of all files.
    ra, dec
        Columns with degrees.
    object_id
        Column that identifies an object, or ``None``.
    primary_column
        Column of truth values that chooses rows; not in ``schema``.
    """

    files: tuple[Path, ...]
    schema: pa.Schema
    ra: str
    dec: str
    object_id: str | None
    primary_column: str | None

    def rows_of(self, file: Path, names: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Yield rows of a file in pieces: its primary ones, with the types of the catalog.

        Parameters
        ----------
        file
            One of the files.
        names
            Columns; all of the catalog by default.
        """
        schema = pa.schema([self.schema.field(name) for name in names or self.schema.names])
        read = [*schema.names, *([self.primary_column] if self.primary_column else [])]
        with open_table(file, limits=TRUSTED_LIMITS) as reader:
            for batch in reader.batches(read, BATCH_ROWS):
                rows = pa.Table.from_batches([batch])
                if self.primary_column:
                    rows = rows.filter(_truths(rows[self.primary_column], file))
                yield _cast(rows.select(schema.names), schema, file)


def find_tables(sources: Iterable[Path]) -> tuple[Path, ...]:
    """Return the tables named, and those in the folders named, each once, in order.

    Raises
    ------
    ObjectTablesError
        If there is nothing at one of the places.
    """
    found: dict[Path, None] = {}
    for source in sources:
        files = [source] if source.is_file() else sorted(filter(_is_table, source.rglob("*")))
        if not files:
            raise ObjectTablesError(
                f"{source}: there is no such file, and no folder with tables (Parquet, CSV, FITS, "
                "HDF5, VOTable) in it; give the tables or their folder",
                source=str(source),
            )
        found.update(dict.fromkeys(files))
    return tuple(found)


def _is_table(path: Path) -> bool:
    hidden = path.name.startswith((".", "_"))
    return path.is_file() and not hidden and suffix_format(path.name) is not None


def read_tables(files: Sequence[Path], wishes: Wishes) -> ObjectTables:
    """Look at the columns of all tables and find out what they mean; no table is read whole.

    Raises
    ------
    ObjectTablesError
        If tables differ in their columns, or a column is missing or cannot be found.
    pztables.errors.UserError
        If a file is no table.
    """
    schema = _common_schema(files)
    roles = _roles(files[0], schema)
    ra, dec = (
        _position(files[0], schema, role, getattr(wishes, role) or roles.get(role))
        for role in ("ra", "dec")
    )
    object_id = wishes.object_id or roles.get("id")
    asked = [each for each in (object_id, wishes.primary_column, *(wishes.columns or ())) if each]
    _require(files[0], schema, asked)
    kept = {ra, dec, object_id, *(wishes.columns or schema.names)}
    fields = [
        field.with_type(pa.float64()) if field.name in (ra, dec) else field
        for field in schema
        if field.name in kept and field.name != wishes.primary_column
    ]
    return ObjectTables(tuple(files), pa.schema(fields), ra, dec, object_id, wishes.primary_column)


def _common_schema(files: Sequence[Path]) -> pa.Schema:
    schema: pa.Schema | None = None
    for file in files:
        found = _own_columns(_schema(file))
        if schema is None:
            schema = found
            continue
        if missing := sorted(set(schema.names) ^ set(found.names)):
            raise ObjectTablesError(
                f"{file.name}: its columns are not those of {files[0].name} (only one of the two "
                f"has {', '.join(missing[:10])}); import tables of one kind at a time",
                file=file.name,
                columns=missing,
            )
        schema = _unified(schema, found, file)
    assert schema is not None
    return schema


def _schema(file: Path) -> pa.Schema:
    with open_table(file, limits=TRUSTED_LIMITS) as reader:
        return reader.schema.arrow


def _own_columns(schema: pa.Schema) -> pa.Schema:
    return pa.schema([field for field in schema if field.name not in _TREE_COLUMNS])


def _unified(schema: pa.Schema, found: pa.Schema, file: Path) -> pa.Schema:
    try:
        return pa.unify_schemas([schema, found], promote_options="permissive")
    except ARROW_REFUSALS as error:
        raise ObjectTablesError(
            f"{file.name}: a column has another kind of values than in the tables before it "
            f"({str(error).splitlines()[0][:200]}); import tables of one kind at a time",
            file=file.name,
        ) from error


def _roles(file: Path, schema: pa.Schema) -> dict[str, str]:
    with open_table(file, limits=TRUSTED_LIMITS) as reader:
        first = next(reader.batches(schema.names, _SAMPLE_ROWS), None)
    sample = pa.Table.from_batches([first]) if first is not None else None
    columns = [ColumnInfo.from_arrow_field(field) for field in schema]
    found = suggest_roles(columns, sample, product_type="objects_catalog")
    return {each.role: each.column for each in found}


def _position(file: Path, schema: pa.Schema, role: str, name: str | None) -> str:
    label = {"ra": "right ascension", "dec": "declination"}[role]
    if name is None:
        raise ObjectTablesError(
            f"{file.name}: no column looks like the {label} in degrees; name it with --{role}. "
            f"There are: {', '.join(schema.names[:30])}",
            file=file.name,
            columns=schema.names,
        )
    _require(file, schema, [name])
    kind = schema.field(name).type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        raise ObjectTablesError(
            f"{file.name}: column {name} is no number ({kind}), so it cannot be the {label} in "
            f"degrees; name another with --{role}",
            file=file.name,
            column=name,
        )
    return name


def _require(file: Path, schema: pa.Schema, names: Iterable[str]) -> None:
    missing = [name for name in names if name not in schema.names]
    if missing:
        raise ObjectTablesError(
            f"{file.name}: has no column {', '.join(missing)}; it has "
            f"{', '.join(schema.names[:30])}",
            file=file.name,
            columns=missing,
        )


def _truths(column: pa.ChunkedArray, file: Path) -> pa.ChunkedArray:
    """Return truth values; a missing one is no."""
    kind = column.type
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return column.cast(pa.bool_()).fill_null(False)
    raise ObjectTablesError(
        f"{file.name}: the column that keeps primary rows holds {kind}, not true or false",
        file=file.name,
    )


def _cast(rows: pa.Table, schema: pa.Schema, file: Path) -> pa.Table:
    try:
        return rows.cast(schema)
    except ARROW_REFUSALS as error:
        raise ObjectTablesError(
            f"{file.name}: a value does not fit the type that its column has in all tables "
            f"({str(error).splitlines()[0][:200]})",
            file=file.name,
        ) from error
