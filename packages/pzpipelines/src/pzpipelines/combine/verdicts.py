"""The verdict on every row of a combination: alone, winner, loser, tie or star."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pzpipelines.arrays import BoolArray, IntArray
from pzpipelines.combine.duplicates import (
    LOST_IN_DRAW,
    SURVIVED,
    Evidence,
    TieResult,
    resolve_groups,
)
from pzpipelines.combine.groups import label_groups


class TieTreatment(StrEnum):
    """Which rows stay when duplicates are removed."""

    REMOVE_ALL = "remove_all"
    KEEP_ALL = "keep_all"
    DRAW_ONE = "draw_one"


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What was decided, for each row of the whole (shape ``(n,)``).

    Attributes
    ----------
    tie_result
        `TieResult` of each row, int8.
    labels
        Equal within a group and nowhere else, as of `label_groups`.
    lost_at
        Index of the priority column that removed a row, `LOST_IN_COLLAPSE` or
        `LOST_IN_DRAW`; `SURVIVED` for every row that was not removed; int8.
    """

    tie_result: NDArray[np.int8]
    labels: IntArray
    lost_at: NDArray[np.int8]


def reach_verdicts(
    pairs: IntArray,
    is_star: BoolArray,
    evidence: Evidence,
    earlier_result: NDArray[np.int8],
    *,
    delta_z_threshold: float,
    null_z_loses: bool = False,
) -> Verdicts:
    """Decide on every row.

    Stars never compete. Rows that are alone (or have only stars near) keep the
    result that they came with; every group of two or more is decided afresh.

    Parameters
    ----------
    pairs
        Row numbers of neighbours, shape ``(m, 2)``.
    is_star
        Shape ``(n,)``.
    evidence
        On all rows.
    earlier_result
        `TieResult` that each row came with (1 where fresh), shape ``(n,)``.
    delta_z_threshold, null_z_loses
        As for `resolve_groups`.
    """
    labels = label_groups(len(is_star), pairs, is_star)
    resolution = resolve_groups(
        labels, evidence, delta_z_threshold=delta_z_threshold, null_z_loses=null_z_loses
    )
    tie_result = earlier_result.copy()
    tie_result[resolution.rows] = resolution.tie_result
    tie_result[is_star] = TieResult.STAR
    lost_at = np.full(len(is_star), SURVIVED, dtype=np.int8)
    lost_at[resolution.rows] = resolution.lost_at
    return Verdicts(tie_result, labels, lost_at)


def draw_one(verdicts: Verdicts, *, seed: int) -> Verdicts:
    """Draw one row of each unresolved tie as the winner; the others lose.

    Parameters
    ----------
    verdicts
        As reached.
    seed
        The same seed draws the same rows.
    """
    tied = np.flatnonzero(verdicts.tie_result == TieResult.UNRESOLVED)
    lots = np.random.default_rng(seed).random(len(tied))
    order = np.lexsort((lots, verdicts.labels[tied]))
    ordered = tied[order]
    is_first = np.diff(verdicts.labels[ordered], prepend=-1) != 0
    tie_result = verdicts.tie_result.copy()
    tie_result[ordered] = np.where(is_first, TieResult.WINNER, TieResult.LOSER)
    lost_at = verdicts.lost_at.copy()
    lost_at[ordered[~is_first]] = LOST_IN_DRAW
    return replace(verdicts, tie_result=tie_result, lost_at=lost_at)


def rows_that_stay(
    verdicts: Verdicts, treatment: TieTreatment, *, keep_stars: bool = False
) -> BoolArray:
    """Tell which rows stay when duplicates are removed.

    Parameters
    ----------
    verdicts
        As reached, after `draw_one` where one is drawn.
    treatment
        ``keep_all`` keeps unresolved ties, the others only winners.
    keep_stars
        Whether stars stay.
    """
    kept = [TieResult.WINNER]
    if treatment is TieTreatment.KEEP_ALL:
        kept.append(TieResult.UNRESOLVED)
    if keep_stars:
        kept.append(TieResult.STAR)
    stays: BoolArray = np.isin(verdicts.tie_result, kept)
    return stays


def best_of_group(verdicts: Verdicts, evidence: Evidence) -> IntArray:
    """Return for each row the survivor of its group that comes first by CRD_ID.

    That is the winner, or the first of several tied rows; a row that is alone
    stands for itself.

    Returns
    -------
    row numbers, shape ``(n,)``
    """
    n_rows = len(verdicts.labels)
    survivors = np.flatnonzero(verdicts.lost_at == SURVIVED)
    order = np.argsort(evidence.crd_order[survivors], kind="stable")[::-1]
    best = np.arange(n_rows)
    best[verdicts.labels[survivors[order]]] = survivors[order]  # the last one written is the first
    result: IntArray = best[verdicts.labels]
    return result
