"""Which row of a group stands for the object: the resolution of duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pzpipelines.arrays import BoolArray, FloatArray, IntArray


class TieResult(IntEnum):
    """Verdict on a row, as written to the column ``tie_result``."""

    LOSER = 0
    WINNER = 1
    UNRESOLVED = 2
    STAR = 3


#: Beside the index of a priority column: where a row can lose.
LOST_IN_COLLAPSE: Final = 100
LOST_IN_DRAW: Final = 101
SURVIVED: Final = -1


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the verdict is taken from, all of shape ``(n,)``.

    Attributes
    ----------
    scores
        One array for each priority column, in order; higher is better, a
        missing value is ``-inf``.
    z
        Redshift, NaN where unknown.
    crd_order
        Sort keys that order rows as the text of their CRD_ID does.
    collapse_scores
        Preferences among rows of one redshift cluster, in order; lower is
        better, a missing value is ``+inf``. The CRD_ID decides after them.
    """

    scores: Sequence[FloatArray]
    z: FloatArray
    crd_order: IntArray
    collapse_scores: Sequence[FloatArray] = field(default=())

    def take(self, rows: IntArray) -> Evidence:
        """Return the evidence on some rows only."""
        return Evidence(
            [score[rows] for score in self.scores],
            self.z[rows],
            self.crd_order[rows],
            [score[rows] for score in self.collapse_scores],
        )


@dataclass(frozen=True, slots=True)
class Resolution:
    """Verdicts on rows that belong to groups of two or more.

    Attributes
    ----------
    rows
        Row numbers, by group, shape ``(k,)``.
    tie_result
        `TieResult` of each, int8, shape ``(k,)``.
    lost_at
        Which criterion removed the row: the index of a priority column or
        `LOST_IN_COLLAPSE`; `SURVIVED` for survivors; int8, shape ``(k,)``.
    group
        Dense index of the row's group, ascending, shape ``(k,)``.
    """

    rows: IntArray
    tie_result: NDArray[np.int8]
    lost_at: NDArray[np.int8]
    group: IntArray


def crd_text_order(catalog: IntArray, number: IntArray, prefixes: Sequence[str]) -> IntArray:
    """Return integers that sort rows as the text ``CRD<prefix>_<number>`` does.

    Parameters
    ----------
    catalog
        Index into ``prefixes``, shape ``(n,)``.
    number
        Row number within the catalog, from 1, shape ``(n,)``.
    prefixes
        Distinct digits of each catalog.
    """
    by_text = sorted(range(len(prefixes)), key=lambda index: f"{prefixes[index]}_")
    rank = np.empty(len(prefixes), dtype=np.int64)
    rank[by_text] = np.arange(len(prefixes))
    powers = 10 ** np.arange(19, dtype=np.int64)
    width = int(np.searchsorted(powers, number.max(initial=1), side="right"))
    digits = np.searchsorted(powers, number, side="right")
    # Digits are compared from the left: shift all to one width; of 1, 10, 100
    # the shorter text comes first.
    shifted = number * powers[width - digits]
    keys: IntArray = (rank[catalog] * powers[width] + shifted) * 32 + digits
    return keys


def resolve_groups(
    labels: IntArray,
    evidence: Evidence,
    *,
    delta_z_threshold: float,
    null_z_loses: bool = False,
) -> Resolution:
    """Decide every group of two or more rows.

    In each group only the rows with the best score of each priority column stay,
    column after column. Survivors whose redshifts chain together within the
    threshold (single linkage) are one measurement: its best row stays. One
    survivor is the winner; several are an unresolved tie; all others lose.

    Parameters
    ----------
    labels
        Equal within a group and nowhere else, shape ``(n,)``.
    evidence
        On the same rows.
    delta_z_threshold
        Redshift difference, at least 0; 0 switches the collapse off.
    null_z_loses
        Whether survivors without a redshift lose against one that has it.
    """
    rows, group = _rows_of_shared_groups(labels)
    evidence = evidence.take(rows)
    lost_at = np.full(len(rows), SURVIVED, dtype=np.int8)
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    for index, score in enumerate(evidence.scores):
        held = np.where(lost_at < 0, score, -np.inf)
        best = np.maximum.reduceat(held, starts)[group] if len(rows) else held
        lost_at[(lost_at < 0) & (held < best)] = index
    if null_z_loses:
        lost_at[_null_z_losers(lost_at < 0, evidence.z, group, starts)] = LOST_IN_COLLAPSE
    if delta_z_threshold > 0:
        lost_at[_collapsed(lost_at < 0, evidence, group, delta_z_threshold)] = LOST_IN_COLLAPSE
    survives = lost_at < 0
    survivors = np.bincount(group, weights=survives)[group] if len(rows) else survives
    tie_result = np.where(
        survives, np.where(survivors == 1, TieResult.WINNER, TieResult.UNRESOLVED), TieResult.LOSER
    ).astype(np.int8)
    return Resolution(rows, tie_result, lost_at, group)


def _rows_of_shared_groups(labels: IntArray) -> tuple[IntArray, IntArray]:
    """Return the rows of groups of two or more, by group, and a dense group index."""
    is_shared = np.bincount(labels, minlength=1)[labels] > 1 if len(labels) else labels > 0
    rows = np.flatnonzero(is_shared)
    rows = rows[np.argsort(labels[rows], kind="stable")]
    group = np.cumsum(np.diff(labels[rows], prepend=-1) != 0) - 1
    return rows, group


def _null_z_losers(
    survives: BoolArray, z: FloatArray, group: IntArray, starts: IntArray
) -> BoolArray:
    has_z = survives & ~np.isnan(z)
    group_has_z = np.maximum.reduceat(has_z, starts)[group] if len(z) else has_z
    losers: BoolArray = survives & ~has_z & group_has_z
    return losers


def _collapsed(
    survives: BoolArray, evidence: Evidence, group: IntArray, threshold: float
) -> IntArray:
    """Return the survivors that another row of their redshift cluster stands for."""
    has_z = survives & ~np.isnan(evidence.z)
    competitors = np.bincount(group, weights=has_z) if len(group) else has_z
    rows = np.flatnonzero(has_z & (competitors[group] > 1))  # most groups have one left by now
    if len(rows) == 0:
        return rows
    rows = rows[np.lexsort((evidence.z[rows], group[rows]))]
    z = evidence.z[rows]
    with np.errstate(invalid="ignore"):  # two infinite redshifts differ by nothing defined
        is_new = ~(np.diff(z, prepend=z[0]) <= threshold)
    is_new |= np.diff(group[rows], prepend=-1) != 0
    cluster = np.cumsum(is_new)
    preferences = (evidence.crd_order[rows], *(s[rows] for s in evidence.collapse_scores[::-1]))
    order = np.lexsort((*preferences, cluster))
    is_best = np.diff(cluster[order], prepend=0) != 0
    stood_for: IntArray = rows[order[~is_best]]
    return stood_for
