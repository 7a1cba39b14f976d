"""Pairs of a whole sky, found partition by partition."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass

import numpy as np

from pzpipelines.arrays import FloatArray, IntArray
from pzpipelines.sky.errors import TooManyPairsError
from pzpipelines.sky.healpix import WIDEST_MARGIN_ARCSEC
from pzpipelines.sky.pairs import MAX_PAIRS, pairs_within, require_radius, sorted_pairs
from pzpipelines.sky.partitions import partition_sky

#: Told the share of rows whose pairs are found, 0 to 1; about a hundred times at most.
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
    max_pairs: int = MAX_PAIRS,
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
        Told how far the search is.
    max_pairs
        More are refused before they fill the memory.

    Returns
    -------
    row numbers of each pair, shape ``(m, 2)``, first < second, sorted

    Raises
    ------
    RadiusError
        If ``radius_arcsec`` is not positive.
    TooManyPairsError
        If positions are too crowded.
    """
    require_radius(radius_arcsec)
    if len(ra) <= rows_per_partition or radius_arcsec > WIDEST_MARGIN_ARCSEC:
        progress(1.0)
        return pairs_within(ra, dec, radius_arcsec=radius_arcsec, max_pairs=max_pairs)
    partitions = partition_sky(ra, dec, radius_arcsec=radius_arcsec, max_rows=rows_per_partition)
    found: list[IntArray] = []
    waiting: dict[Future[IntArray], int] = {}
    counter = _Counter(len(ra), max_pairs, progress)
    for part in partitions:
        if len(waiting) == _TASKS_IN_FLIGHT:
            _collect_finished(waiting, found, counter)
        rows = np.concatenate([part.rows, part.margin])
        task = executor.submit(
            pairs_of_partition, ra[rows], dec[rows], rows, len(part.rows), radius_arcsec, max_pairs
        )
        waiting[task] = len(part.rows)
    while waiting:
        _collect_finished(waiting, found, counter)
    return sorted_pairs(np.concatenate(found), len(ra))


@dataclass(slots=True)
class _Counter:
    """Counts rows and pairs, and tells of progress in steps of at least one percent."""

    n_rows: int
    max_pairs: int
    progress: Progress
    n_pairs: int = 0
    done: int = 0
    told: float = 0.0

    def add(self, rows: int) -> None:
        self.done += rows
        share = self.done / self.n_rows
        if share - self.told >= 0.01 or self.done == self.n_rows:
            self.told = share
            self.progress(share)


def _collect_finished(
    waiting: dict[Future[IntArray], int], found: list[IntArray], counter: _Counter
) -> None:
    """Wait for at least one task and take over the results of all that are done."""
    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        found.append(future.result())
        counter.n_pairs += len(found[-1])
        if counter.n_pairs > counter.max_pairs:
            raise TooManyPairsError(counter.n_pairs, counter.max_pairs)
        counter.add(waiting.pop(future))


def pairs_of_partition(
    ra: FloatArray,
    dec: FloatArray,
    rows: IntArray,
    n_inside: int,
    radius_arcsec: float,
    max_pairs: int,
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
    radius_arcsec, max_pairs
        As for `find_pairs`.

    Returns
    -------
    row numbers in the whole, shape ``(m, 2)``
    """
    local = pairs_within(ra, dec, radius_arcsec=radius_arcsec, max_pairs=max_pairs)
    whole = rows[local]
    smaller = np.where(whole[:, 0] < whole[:, 1], local[:, 0], local[:, 1])
    return whole[smaller < n_inside]
