"""A part of a product's table: some columns, the rows of a condition, a cone on the sky."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from pzserver._extras import needed
from pzserver._http import PASSING_STATUSES, Connection, pause_seconds
from pzserver.errors import Invalid, PzServerError, ServerFault, Unreachable

#: How often a download of a part is begun; it cannot be continued.
_MAX_ATTEMPTS = 6
#: Longer questions travel in the body of a request, characters.
_LONGEST_ADDRESS: Final = 4_000
Query = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class Selection:
    """What is wanted of a table.

    Parameters
    ----------
    columns
        Names, in the order wanted; None means all.
    where
        Condition on columns, like ``z > 0.5 and z_flag >= 3``.
    cone
        ``(ra, dec, radius)`` of a circle on the sky, all in degrees, ICRS.
    limit
        Most rows.
    moc
        A region as text, from `pzserver.regions.moc_text`.

    Raises
    ------
    Invalid
        If it cannot be meant so.
    """

    columns: Sequence[str] | None = None
    where: str | None = None
    cone: tuple[float, float, float] | None = None
    limit: int | None = None
    moc: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.columns, str):
            raise Invalid(f"columns={self.columns!r}: a list of names is expected")
        if self.columns is not None and not self.columns:
            raise Invalid("columns=[]: name at least one column, or leave it out for all")
        if self.limit is not None and self.limit < 0:
            raise Invalid(f"limit={self.limit}: a number of rows, 0 or more, is expected")
        if self.cone is not None:
            _check_cone(self.cone)

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        given = (self.columns, self.where, self.cone, self.limit, self.moc)
        return all(part is None for part in given)

    def as_query(self) -> dict[str, str | list[str]]:
        """Return what is asked of the server; a column's name may hold a comma, so each is one."""
        query: dict[str, str | list[str]] = {}
        if self.columns is not None:
            query["columns"] = list(self.columns)
        if self.where is not None:
            query["where"] = self.where
        if self.cone is not None:
            query["cone"] = ",".join(repr(float(number)) for number in self.cone)
        if self.moc is not None:
            query["moc"] = self.moc
        if self.limit is not None:
            query["limit"] = str(self.limit)
        return query


def ask(connection: Connection, path: str, query: Query) -> Any:
    """Return the answer to a question about a table, however long the question is.

    Parameters
    ----------
    connection, path, query
        Where, and what: `Selection.as_query` and what else the address takes.
    """
    if _fits_address(query):
        return connection.get(path, **query)
    return connection.request("POST", path, data=dict(query), repeatable=True)


def _fits_address(query: Query) -> bool:
    return len(urlencode(query, doseq=True)) <= _LONGEST_ADDRESS


def fetch_subset(
    connection: Connection, product_id: int, selection: Selection, target: Path, *, suffix: str
) -> bool:
    """Have the server select, and write what it sends.

    Parameters
    ----------
    connection, product_id
        Where from.
    selection
        What is wanted.
    target
        File to write, whole or not at all.
    suffix
        Format of the file: ``parquet``, ``csv``, ``fits`` …

    Returns
    -------
    False if this server does not select

    Raises
    ------
    PzServerError
        If the server refuses the selection, with its sentence.
    """
    path, query = f"products/{product_id}/data/", {**selection.as_query(), "format": suffix}
    for attempt in range(1, _MAX_ATTEMPTS + 1):
        try:
            _write_answer(connection, path, query, target)
            return True
        except PzServerError as error:
            # A region may name a product that is not there: no reason to doubt the server.
            doubtful = error.status in (404, 405) and selection.moc is None
            if doubtful and not _offers_data(error):
                return False
            if attempt == _MAX_ATTEMPTS or not _is_passing(error):
                raise
            time.sleep(pause_seconds(attempt))
    raise AssertionError("the last attempt returns or raises")


def select_locally(table: Any, selection: Selection, positions: tuple[str, str] | None) -> Any:
    """Return a part of an Arrow table, as the server would select it.

    Parameters
    ----------
    table
        The whole table.
    selection
        What is wanted.
    positions
        Names of the columns of right ascension and declination, degrees.

    Raises
    ------
    Invalid
        If a column does not exist, or the condition is not one.
    """
    user_error = needed("pztables.errors").UserError
    try:
        if selection.where is not None:
            table = _rows_where(table, selection.where, positions)
        if selection.moc is not None:
            raise Invalid("moc: this server does not select by such regions; ask with cone=")
        if selection.cone is not None:
            table = _rows_in_cone(table, selection.cone, positions)
        if selection.columns is not None:
            table = _with_columns(table, selection.columns)
    except user_error as error:
        raise Invalid(str(error), code=error.code) from error
    return table if selection.limit is None else table.slice(0, selection.limit)


def _check_cone(cone: Sequence[float]) -> None:
    if len(cone) != 3 or not all(math.isfinite(number) for number in cone):
        raise Invalid(f"cone={cone!r}: (ra, dec, radius) in degrees is expected")
    _, dec, radius = cone
    if not -90 <= dec <= 90 or not 0 < radius <= 180:
        raise Invalid(
            f"cone={tuple(cone)!r}: a declination from -90 to 90 and a radius above 0 and up to "
            "180 degrees are expected"
        )


def _is_passing(error: PzServerError) -> bool:
    """Whether the same question may be answered a moment later."""
    return isinstance(error, Unreachable) or error.status in PASSING_STATUSES


def _offers_data(error: PzServerError) -> bool:
    """Whether a 404 or 405 is about the product, not about the address."""
    return error.code not in ("not_found", "error", "invalid", "server_fault")


def _write_answer(connection: Connection, path: str, query: Query, target: Path) -> None:
    given: dict[str, Any] = {"params" if _fits_address(query) else "form": query}
    beside = target.with_name(f"{target.name}.part")
    try:
        with connection.stream(path, **given) as response, beside.open("wb") as file:
            for block in response.iter_bytes():
                file.write(block)
        if not beside.stat().st_size:
            raise ServerFault(f"{path} was answered without content")
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _rows_where(table: Any, where: str, positions: tuple[str, str] | None) -> Any:
    expressions = needed("pztables.expressions")
    columns = {name: table.column(name).combine_chunks() for name in table.column_names}
    fits = expressions.matches(expressions.parse(where), columns, positions=positions)
    return table.filter(fits)


def _rows_in_cone(
    table: Any, cone: tuple[float, float, float], positions: tuple[str, str] | None
) -> Any:
    if positions is None:
        raise Invalid("a cone needs the columns of RA and Dec: their owner has not named them")
    numpy = needed("numpy")
    ra, dec = (numpy.radians(table.column(name).to_numpy()) for name in positions)
    ra0, dec0, radius = (math.radians(number) for number in cone)
    # Half the chord: exact also for small angles, where the cosine is not.
    half = numpy.sin((dec - dec0) / 2) ** 2
    half += numpy.cos(dec) * math.cos(dec0) * numpy.sin((ra - ra0) / 2) ** 2
    return table.filter(numpy.asarray(half <= math.sin(radius / 2) ** 2))


def _with_columns(table: Any, columns: Sequence[str]) -> Any:
    unknown = [name for name in columns if name not in table.column_names]
    if unknown:
        known = ", ".join(table.column_names)
        raise Invalid(f"no column {', '.join(unknown)}; the columns are: {known}")
    return table.select(list(columns))
