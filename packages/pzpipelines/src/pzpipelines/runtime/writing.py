"""Writes a result slice by slice: the next slice is computed while one is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pyarrow as pa

from pztables.errors import OptionError

#: Rows computed and written at once; a Parquet row group.
ROWS_PER_SLICE: Final = 1 << 17
SUFFIXES: Final = {
    "parquet": ".parquet", "csv": ".csv", "fits": ".fits", "hdf5": ".hdf5", "hats": "",
}  # fmt: skip


def require_output_format(name: str) -> str:
    """Return the format of that name.

    Raises
    ------
    OptionError
        With the formats there are.
    """
    wanted = name.strip().lower()
    if wanted not in SUFFIXES:
        raise OptionError(
            f"output format {wanted!r} is not one of {', '.join(SUFFIXES)}",
            option="output_format",
            allowed=list(SUFFIXES),
        )
    return wanted


def write_slices(
    path: Path,
    schema: pa.Schema,
    slices: Iterable[pa.Table],
    output_format: str,
    *,
    n_rows: int,
    progress: Callable[[float], None],
) -> None:
    """Write a file.

    Parameters
    ----------
    path
        It must not exist.
    schema
        Of the result.
    slices
        Its rows, in order.
    output_format
        ``parquet``, ``csv``, ``fits`` or ``hdf5``.
    n_rows
        Of all slices.
    progress
        Told the share of rows written, 0 to 1.
    """
    from pztables.formats import TableFormat, open_writer

    written = 0
    with (
        open_writer(path, schema, TableFormat(output_format)) as writer,
        ThreadPoolExecutor(1) as background,
    ):
        pending: Future[None] | None = None
        for table in slices:
            if pending is not None:
                pending.result()
            pending = background.submit(writer.write, table)
            written += len(table)
            progress(written / n_rows)
        if pending is not None:
            pending.result()
