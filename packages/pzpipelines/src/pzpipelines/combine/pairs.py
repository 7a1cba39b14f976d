"""Pairs of a whole sky, found partition by partition."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait

import numpy as np

from pzpipelines.arrays import FloatArray, IntArray
from pzpipelines.sky.pairs import pairs_within, require_radius, sorted_pairs
from pzpipelines.sky.partitions import partition_sky

#: Told of each partition: the share of rows handed out so far, 0 to 1.
Progress = Callable[[float], None]

#: Partitions copied out at once, so that memory does not grow with their number.
_TASKS_IN_FLIGHT = 32


#: Smaller partitions cost more in margins than they gain in cache.
_FEWEST_ROWS = 25_000
_MOST_ROWS = 200_000


def partition_rows_for(n_rows: int, workers: int) -> int:
    """Return how many rows a partition should hold, so that all workers are busy to the end.

    Parameters
    ----------
    n_rows
        Rows in all.
    workers
        Partitions matched at once.
    """
    return int(np.clip(n_rows // (8 * workers), _FEWEST_ROWS, _MOST_ROWS))


def find_pairs(
    ra: FloatArray,
    dec: FloatArray,
    *,
    radius_arcsec: float,
    executor: Executor,
    rows_per_partition: int,
    progress: Progress,
) -> IntArray:
    """Find every pair within a radius, matching partitions side by side.

    The result does not depend on the partitions or the executor.

    Parameters
    ----------
    ra, dec
        ICRS degrees, finite, shape ``(n,)``.
    radius_arcsec
        Arcsec along the great circle, above 0; the boundary is inside.
    executor
        Runs `pairs_of_partition`; threads, processes or Dask workers.
    rows_per_partition
        About how many rows are matched at once by one worker.
    progress
        Told of each partition.

    Returns
    -------
    row numbers of each pair, shape ``(m, 2)``, first < second, sorted

    Raises
    ------
    RadiusError
        If ``radius_arcsec`` is not positive.
    """
    require_radius(radius_arcsec)
    if len(ra) <= rows_per_partition:
        progress(1.0)
        return pairs_within(ra, dec, radius_arcsec=radius_arcsec)
    partitions = partition_sky(ra, dec, radius_arcsec=radius_arcsec, max_rows=rows_per_partition)
    found: list[IntArray] = []
    waiting: set[Future[IntArray]] = set()
    rows_done = 0
    for part in partitions:
        if len(waiting) == _TASKS_IN_FLIGHT:
            waiting = _collect_first(waiting, found)
        rows = np.concatenate([part.rows, part.margin])
        waiting.add(
            executor.submit(
                pairs_of_partition, ra[rows], dec[rows], rows, len(part.rows), radius_arcsec
            )
        )
        rows_done += len(part.rows)
        progress(rows_done / len(ra))
    while waiting:
        waiting = _collect_first(waiting, found)
    return sorted_pairs(np.concatenate(found), len(ra))


def _collect_first(waiting: set[Future[IntArray]], found: list[IntArray]) -> set[Future[IntArray]]:
    done, still_waiting = wait(waiting, return_when=FIRST_COMPLETED)
    found += [future.result() for future in done]
    return still_waiting


def pairs_of_partition(
    ra: FloatArray, dec: FloatArray, rows: IntArray, n_inside: int, radius_arcsec: float
) -> IntArray:
    """Find the pairs that a partition counts: those whose smaller row is inside it.

    Parameters
    ----------
    ra, dec
        ICRS degrees of the rows inside, then of the margin, shape ``(k,)``.
    rows
        Their row numbers in the whole, shape ``(k,)``.
    n_inside
        How many of them are inside.
    radius_arcsec
        Arcsec along the great circle.

    Returns
    -------
    row numbers in the whole, shape ``(m, 2)``
    """
    local = pairs_within(ra, dec, radius_arcsec=radius_arcsec)
    whole = rows[local]
    smaller = np.where(whole[:, 0] < whole[:, 1], local[:, 0], local[:, 1])
    return whole[smaller < n_inside]
