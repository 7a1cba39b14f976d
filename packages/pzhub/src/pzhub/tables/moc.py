"""Regions given as a MOC: rows are found by position first, then asked for by their number.

The engine knows no HEALPix. What it can do is leave out what is far away; the cells of what is
left are compared here, batch by batch.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, Final

import numpy as np

from pzhub.tables.engine import Engine
from pzhub.tables.errors import OptionValueError, SubsetTooLargeError

#: Longest text of a MOC that is taken, characters.
MAX_TEXT: Final = 200_000
#: Largest file of a MOC that is taken, bytes.
MAX_FILE_BYTES: Final = 10_000_000
#: Most rows that a region may hold: their numbers are kept in memory.
MAX_ROWS: Final = 2_000_000
#: What mocpy takes for something else instead of refusing it.
_FINEST: Final = 29
_ORDERS: Final = re.compile(r'(\d{1,9})"?\s*[/:]')
_BATCH_ROWS: Final = 100_000
_EXAMPLES: Final = "ASCII such as 3/100-102 4/500, JSON, or product:<name>"


def parse_moc(text: str) -> Any:
    """Return a MOC from the ASCII or JSON of the IVOA.

    Raises
    ------
    OptionValueError
        If it is too long, no MOC, or empty.
    """
    from mocpy import MOC

    if len(text) > MAX_TEXT:
        raise OptionValueError("moc", f"may have at most {MAX_TEXT:,} characters; use larger cells")
    if any(int(order) > _FINEST for order in _ORDERS.findall(text)):
        raise OptionValueError("moc", f"has orders from 0 to {_FINEST}")
    kind = "json" if text.lstrip().startswith("{") else "ascii"
    try:
        moc = MOC.from_string(text, kind)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0][:100] if str(error) else "it cannot be read"
        raise OptionValueError("moc", f"must be {_EXAMPLES} ({reason})") from None
    if moc.empty():
        raise OptionValueError("moc", f"has no cell; it must be {_EXAMPLES}")
    return moc


def text_of_file(path: Path) -> str:
    """Return a MOC that came as a file of FITS, ASCII or JSON as text.

    Raises
    ------
    OptionValueError
        If it is too large, or no such file.
    """
    from mocpy import MOC

    if path.stat().st_size > MAX_FILE_BYTES:
        most = f"{MAX_FILE_BYTES // 1_000_000} MB"
        raise OptionValueError("moc", f"may be a file of at most {most}; use larger cells")
    try:
        content = path.read_bytes()
        if content.startswith(b"SIMPLE"):
            return str(MOC.load(path, format="fits").to_string("ascii"))
        if text := content.decode().strip():
            return text
        raise ValueError("empty")
    except (OSError, ValueError, TypeError) as error:
        raise OptionValueError(
            "moc", "must be a file of FITS, ASCII or JSON that holds a MOC of the sky"
        ) from error


def cone_around(moc: Any) -> tuple[float, float, float] | None:
    """Return a cone that holds a MOC, degrees, or ``None`` where that leaves little out."""
    import astropy.units as u

    middle = moc.barycenter()
    radius = float(moc.largest_distance_from_coo_to_vertices(middle).to_value(u.deg))
    # Edges of cells are no great circles: some room beyond the farthest corner.
    wide = radius * 1.2 + 15.0 / 2 ** int(moc.max_order)
    if not math.isfinite(wide) or wide >= 80.0:
        return None
    return float(middle.ra.deg) % 360.0, float(middle.dec.deg), wide


def rows_inside(engine: Engine, sql: str, parameters: dict[str, Any], moc: Any) -> list[int]:
    """Return the numbers of the rows inside a MOC.

    Parameters
    ----------
    engine
        Of the table.
    sql
        Selects number, right ascension and declination (degrees) of the rows that may be inside.
    parameters
        Of the SQL.
    moc
        From `parse_moc`.

    Raises
    ------
    SubsetTooLargeError
        If there are more than `MAX_ROWS`.
    """
    import astropy.units as u

    found: list[int] = []
    for batch in engine.batches(sql, parameters, _BATCH_ROWS):
        numbers, ra, dec = (column.to_numpy(zero_copy_only=False) for column in batch.columns)
        there = np.isfinite(ra) & (np.abs(dec) <= 90)
        numbers, ra, dec = numbers[there], ra[there] % 360.0, dec[there]
        if len(numbers):
            inside = moc.contains_lonlat(ra * u.deg, dec * u.deg)
            found += numbers[inside].tolist()
        if len(found) > MAX_ROWS:
            raise SubsetTooLargeError(
                f"The MOC holds more than the {MAX_ROWS:,} rows that a region may have: narrow "
                "the filter, or use a smaller region.",
                rows=MAX_ROWS,
            )
    return found
