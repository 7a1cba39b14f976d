"""A look into a table: what is asked for, checked and made ready for the engine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import pyarrow as pa

from pzhub.tables.errors import (
    ConditionError,
    NoPositionsError,
    UnknownColumnError,
    UnsortableColumnError,
)
from pzhub.tables.moc import cone_around, parse_moc
from pzhub.tables.table import ROW, StoredTable
from pztables.expressions import Expression, ExpressionError, SqlCondition, parse, sql_condition
from pztables.expressions.errors import near_names

_LISTED: Final = 30


@dataclass(frozen=True, slots=True)
class Question:
    """Which rows and columns are asked for, as the user wrote it.

    Attributes
    ----------
    columns
        Names, or ``None`` for all in file order.
    where
        A condition of the language of `pztables.expressions`, or nothing.
    cone, box
        The numbers of ``cone(…)`` and ``box(…)`` of the language, degrees.
    moc
        A region as ASCII or JSON of a MOC, or nothing.
    sort
        Names, ``-`` before one for descending.
    limit, offset
        Of the rows that fit.
    """

    columns: tuple[str, ...] | None = None
    where: str = ""
    cone: tuple[float, float, float] | None = None
    box: tuple[float, float, float, float] | None = None
    moc: str = ""
    sort: tuple[str, ...] = ()
    limit: int | None = None
    offset: int = 0

    @property
    def is_filtered(self) -> bool:
        """Whether some rows may be left out."""
        return bool(self.where.strip() or self.cone or self.box or self.moc)

    def as_dict(self) -> dict[str, Any]:
        """Return what was asked for, without what was not."""
        return {key: value for key, value in asdict(self).items() if value not in (None, "", (), 0)}

    def signature(self, table: StoredTable, *more: str) -> str:
        """Return what changes when the answer may: hexadecimal SHA-256."""
        meanings = [column.as_dict() for column in table.columns.values()]
        facts = [table.checksum, self.as_dict(), self.limit, meanings, more]
        text = json.dumps(facts, sort_keys=True, default=str)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Plan:
    """A question that fits its table, as SQL that holds nothing of the user.

    Attributes
    ----------
    table
        Where it is asked.
    names
        The columns of the answer.
    conditions
        All must hold.
    order
        SQL after ``ORDER BY``, or nothing.
    limit, offset
        Of the question.
    moc
        A region that the engine cannot ask for, or ``None``; see `within_moc`.
    """

    table: StoredTable
    names: tuple[str, ...]
    conditions: tuple[SqlCondition, ...]
    order: str
    limit: int | None
    offset: int
    parameters: dict[str, Any] = field(default_factory=dict)
    moc: Any = None

    @property
    def schema(self) -> pa.Schema:
        """The columns of the answer, with their meaning."""
        return pa.schema([self.table.columns[name].arrow_field() for name in self.names])

    @property
    def _where(self) -> str:
        texts = [condition.text for condition in self.conditions]
        return f"WHERE {' AND '.join(texts)}" if texts else ""

    def positions_sql(self) -> str:
        """Return SQL of number, right ascension and declination of the rows that may fit."""
        names = self.table.positions or ("", "")
        ra, dec = (f"CAST({self.table.sql[name].reference} AS DOUBLE)" for name in names)
        return f"SELECT {ROW}, {ra} AS ra, {dec} AS dec FROM {self.filtered_source()}"

    def within(self, rows: list[int]) -> Plan:
        """Return this plan for rows of these numbers only."""
        inside = SqlCondition(f"{ROW} IN (SELECT unnest($rows::BIGINT[]))", {}, ())
        parameters = {**self.parameters, "rows": rows}
        conditions = (*self.conditions, inside)
        return replace(self, conditions=conditions, parameters=parameters, moc=None)

    def filtered_source(self) -> str:
        """Return what stands after ``FROM``: the rows that fit; it ends in a condition."""
        return f"{self.table.source} {self._where or 'WHERE TRUE'}"

    def count_sql(self) -> str:
        """Return SQL that counts the rows that fit, whatever the limit."""
        return f"SELECT count(*) FROM {self.table.source} {self._where}"

    def rows_sql(self, *, numbered: bool = False) -> str:
        """Return SQL of the rows: columns named by their place in ``names``.

        Parameters
        ----------
        numbered
            Whether the number of the row in its file follows as the last column.
        """
        references = [self.table.sql[name].reference for name in self.names]
        references += [ROW] if numbered else []
        columns = ", ".join(f"{column} AS o{place}" for place, column in enumerate(references))
        source, part = self.table.source, self._part()
        if not self.order:
            return f"SELECT {columns} FROM {source} {self._where} {part}"
        if not part:
            return f"SELECT {columns} FROM {source} {self._where} ORDER BY {self.order}"
        # The rows are found with the columns of filter and order only; then the others are read.
        found = f"SELECT {ROW} FROM {source} {self._where} ORDER BY {self.order} {part}"
        return f"SELECT {columns} FROM {source} WHERE {ROW} IN ({found}) ORDER BY {self.order}"

    def _part(self) -> str:
        limit = "" if self.limit is None else f"LIMIT {int(self.limit)}"
        return f"{limit} OFFSET {int(self.offset)}" if self.offset else limit


def plan_question(table: StoredTable, question: Question) -> Plan:
    """Check a question against its table.

    Raises
    ------
    ConditionError
        If the condition is not of the language or does not fit the columns.
    UnknownColumnError, UnsortableColumnError, NoPositionsError
        Naming the column, and near ones.
    """
    names = tuple(table.columns) if question.columns is None else question.columns
    _require_known(table, names, "columns")
    conditions = tuple(
        _condition(table, expression, option, prefix)
        for prefix, (option, expression) in zip("abc", _expressions(question), strict=False)
    )
    moc = parse_moc(question.moc) if question.moc else None
    if moc is not None:
        conditions = (*conditions, *_near(table, moc))
    parameters: dict[str, Any] = {"path": str(table.path)}
    for condition in conditions:
        parameters |= condition.parameters
    return Plan(
        table=table,
        names=tuple(dict.fromkeys(names)),
        conditions=conditions,
        order=_order(table, question.sort),
        limit=question.limit,
        offset=question.offset,
        parameters=parameters,
        moc=moc,
    )


def _near(table: StoredTable, moc: Any) -> tuple[SqlCondition, ...]:
    """Return a condition that leaves out what is far from a region."""
    _require_positions(table, "moc")
    cone = cone_around(moc)
    if cone is None:
        return ()
    return (_condition(table, parse(f"cone({', '.join(map(repr, cone))})"), "moc", "m"),)


def _expressions(question: Question) -> Iterable[tuple[str, Expression]]:
    if question.where.strip():
        try:
            yield "where", parse(question.where)
        except ExpressionError as refusal:
            raise ConditionError(refusal, "where") from None
    for option in ("cone", "box"):
        numbers = getattr(question, option)
        if numbers is not None:
            try:
                yield option, parse(f"{option}({', '.join(map(repr, numbers))})")
            except ExpressionError as refusal:
                raise ConditionError(refusal, option) from None


def _condition(
    table: StoredTable, expression: Expression, option: str, prefix: str
) -> SqlCondition:
    if expression.regions:
        _require_positions(table, option)
    try:
        return sql_condition(expression, table.sql, positions=table.positions, prefix=prefix)
    except ExpressionError as refusal:
        raise ConditionError(refusal, option) from None


def _require_positions(table: StoredTable, option: str) -> None:
    if table.positions is None:
        message = (
            "The product has no columns that are associated with RA and Dec, so it cannot be "
            "searched by a region of the sky: filter by its columns instead."
        )
        raise NoPositionsError(message, fields={option: [message]})


def _require_known(table: StoredTable, names: Iterable[str], option: str) -> None:
    unknown = [name for name in names if name not in table.columns]
    if not unknown:
        return
    near = {name: near_names(name, table.columns) for name in unknown[:10]}
    hints = [f"did you mean {', '.join(found)}?" for found in near.values() if found]
    listed = list(table.columns)[:_LISTED]
    more = len(table.columns) - len(listed)
    message = " ".join(
        [
            f"There is no column {', '.join(unknown[:10])};",
            *hints,
            f"the columns are {', '.join(listed)}{f' and {more} more' if more else ''}.",
        ]
    )
    raise UnknownColumnError(
        message, fields={option: [message]}, names=unknown[:10], near=near, available=listed
    )


def _order(table: StoredTable, sort: Iterable[str]) -> str:
    """Return the order: what has no value comes last, equal rows stay in file order."""
    keys = []
    for word in sort:
        name = word.removeprefix("-") if word not in table.columns else word
        _require_known(table, [name], "sort")
        keys.append(f"{_sort_key(table, name)} {'ASC' if name == word else 'DESC'} NULLS LAST")
    return ", ".join([*keys, ROW]) if keys else ""


def _sort_key(table: StoredTable, name: str) -> str:
    column = table.sql[name]
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        message = f"{name} holds {column.type}, which has no order: sort by another column."
        raise UnsortableColumnError(message, fields={"sort": [message]})
    if pa.types.is_floating(column.type):
        kind = "DOUBLE" if column.type == pa.float64() else "FLOAT"
        return f"nullif({column.reference}, 'nan'::{kind})"
    return column.reference
