"""Pages of a table and counts of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from pzhub.tables.engine import Engine, opened_engine
from pzhub.tables.errors import ConditionError, OptionValueError, SubsetTooLargeError
from pzhub.tables.moc import rows_inside
from pzhub.tables.query import Plan, Question, plan_question
from pzhub.tables.table import StoredTable, TableColumn
from pztables.expressions import FractionalIntError
from pztables.formats.model import cast_column
from pztables.inspection import json_rows

#: Rows, bytes, and rows times columns of one page.
MAX_PAGE_ROWS: Final = 10_000
MAX_PAGE_BYTES: Final = 50_000_000
MAX_PAGE_CELLS: Final = 1_000_000
DEFAULT_PAGE_ROWS: Final = 100
_BATCH_ROWS: Final = 1_000
#: Values that are in memory together while one row is looked for.
_ROW_BATCH, _ROW_COLUMNS = 10_000, 40


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a table.

    Attributes
    ----------
    rows
        Column to value, JSON-safe.
    columns
        Of the rows.
    has_more
        Whether rows follow.
    count
        Rows that fit altogether, where it was asked for or costs nothing.
    """

    rows: list[dict[str, Any]]
    columns: tuple[TableColumn, ...]
    has_more: bool
    count: int | None


def read_page(table: StoredTable, question: Question, *, with_count: bool = False) -> Page:
    """Return one page.

    Parameters
    ----------
    table
        From `pzhub.tables.selectors.table_for`.
    question
        What is asked for; 100 rows when it has no limit.
    with_count
        Whether all rows that fit are counted too.

    Raises
    ------
    InvalidError
        If the question does not fit the table, or is for more than a page may have.
    SubsetTooCostlyError
        If it takes too long.
    """
    limit = DEFAULT_PAGE_ROWS if question.limit is None else question.limit
    plan = plan_question(table, replace(question, limit=limit + 1))
    _require_page(limit, len(plan.names))
    count = None if question.is_filtered else table.n_rows
    with opened_engine(table.path) as engine:
        plan = prepared(engine, plan)
        if with_count and count is None:
            count = int(engine.value(plan.count_sql(), plan.parameters))
        batches = list(_bounded(read_rows(engine, plan, _BATCH_ROWS)))
    found = pa.Table.from_batches(batches, schema=plan.schema)
    columns = tuple(table.columns[name] for name in plan.names)
    rows = json_rows(_shortest(found.slice(0, limit)))
    return Page(rows, columns, has_more=found.num_rows > limit, count=count)


def _bounded(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield batches as long as they are not too large together."""
    size = 0
    for batch in batches:
        size += batch.nbytes
        if size > MAX_PAGE_BYTES:
            raise SubsetTooLargeError(
                f"The page has more than {MAX_PAGE_BYTES // 1_000_000} MB: set a smaller limit, or "
                "ask for fewer columns.",
                bytes=MAX_PAGE_BYTES,
            )
        yield batch


def _require_page(limit: int, n_columns: int) -> None:
    most = min(MAX_PAGE_ROWS, MAX_PAGE_CELLS // max(n_columns, 1))
    if limit > most:
        raise OptionValueError(
            "limit",
            f"a page has at most {most:,} rows of {n_columns:,} columns; ask for the next pages, "
            "or for a file (format=parquet, csv, fits, votable or arrow).",
        )


def _shortest(table: pa.Table) -> pa.Table:
    """Return single-precision numbers with the digits that they have: 0.1, not 0.10000000149."""
    for place, field in enumerate(table.schema):
        if pa.types.is_float32(field.type):
            column = table.column(place).cast(pa.string()).cast(pa.float64())
            table = table.set_column(place, field.name, column)
    return table


@dataclass(frozen=True, slots=True)
class Cells:
    """Some rows of a table as values of Python: nothing is ``None``, what is no number NaN.

    Attributes
    ----------
    columns
        Of the values.
    rows
        The number of each row in its file, from 0, and its values.
    has_more
        Whether rows follow.
    """

    columns: tuple[TableColumn, ...]
    rows: list[tuple[int, tuple[Any, ...]]]
    has_more: bool


def read_cells(table: StoredTable, question: Question) -> Cells:
    """Return the values of a page for people; refusals are those of `read_page`."""
    limit = DEFAULT_PAGE_ROWS if question.limit is None else question.limit
    plan = plan_question(table, replace(question, limit=limit + 1))
    _require_page(limit, len(plan.names))
    with opened_engine(table.path) as engine:
        plan = prepared(engine, plan)
        sql = plan.rows_sql(numbered=True)
        batches = list(_bounded(engine.batches(sql, plan.parameters, _BATCH_ROWS)))
    columns = tuple(table.columns[name] for name in plan.names)
    found = pa.Table.from_batches(batches) if batches else None
    if found is None:
        return Cells(columns, [], has_more=False)
    *values, numbers = [column.to_pylist() for column in found.slice(0, limit).columns]
    rows = list(zip(numbers, zip(*values, strict=True) if values else (), strict=True))
    return Cells(columns, rows, has_more=found.num_rows > limit)


def read_row(table: StoredTable, number: int) -> tuple[Any, ...] | None:
    """Return all values of one row by its number in the file, from 0, or ``None``."""
    first = 0
    with pq.ParquetFile(table.path, pre_buffer=False) as file:
        for group in range(file.num_row_groups):
            size = file.metadata.row_group(group).num_rows
            if number < first + size:
                return _row_of(file, group, number - first)
            first += size
    return None


def _row_of(file: pq.ParquetFile, group: int, place: int) -> tuple[Any, ...]:
    """Return one row of a row group; a few columns at once, for there may be thousands."""
    names, values = file.schema_arrow.names, []
    for start in range(0, len(names), _ROW_COLUMNS):
        part = names[start : start + _ROW_COLUMNS]
        left = place
        for batch in file.iter_batches(
            _ROW_BATCH, row_groups=[group], columns=part, use_threads=False
        ):
            if left < batch.num_rows:
                values += [batch.column(name)[left].as_py() for name in part]
                break
            left -= batch.num_rows
    return tuple(values)


def count_rows(table: StoredTable, question: Question) -> int:
    """Return how many rows fit, whatever the limit; refusals are those of `read_page`."""
    plan = plan_question(table, question)
    if not question.is_filtered:
        return table.n_rows
    with opened_engine(table.path) as engine:
        plan = prepared(engine, plan)
        return int(engine.value(plan.count_sql(), plan.parameters))


def read_rows(engine: Engine, plan: Plan, batch_rows: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a plan in the types of the file."""
    schema = plan.schema
    for batch in engine.batches(plan.rows_sql(), plan.parameters, batch_rows):
        arrays = [
            cast_column(array, field.type)
            for array, field in zip(batch.columns, schema, strict=True)
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def prepared(engine: Engine, plan: Plan) -> Plan:
    """Return a plan that the engine can answer: checked, and with the rows of its region.

    Raises
    ------
    ConditionError
        As of `require_whole_numbers`.
    SubsetTooLargeError
        If its region holds too many rows.
    """
    require_whole_numbers(engine, plan)
    if plan.moc is None:
        return plan
    return plan.within(rows_inside(engine, plan.positions_sql(), plan.parameters, plan.moc))


def require_whole_numbers(engine: Engine, plan: Plan) -> None:
    """Refuse ``int()`` of values that have a fraction.

    Raises
    ------
    ConditionError
        Saying how many there are, with examples.
    """
    source = plan.table.source
    for condition in plan.conditions:
        for check in condition.checks:
            wrong = f"FROM {source} WHERE ({check.doubtful}) IS NOT NULL"
            count = int(engine.value(f"SELECT count(*) {wrong}", plan.parameters))
            if not count:
                continue
            values = f"SELECT DISTINCT {check.doubtful} AS v {wrong} ORDER BY v LIMIT 5"
            examples = engine.values(values, plan.parameters)
            shown = ", ".join(map(str, examples))
            reason = f"int() met {count} values that are not whole numbers (such as {shown})"
            refusal = FractionalIntError(
                check.text, check.position, reason, count=count, examples=examples
            )
            raise ConditionError(refusal, "where")
