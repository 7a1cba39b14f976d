"""Why each row won or lost: the columns of the ``explain`` option."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pzpipelines.arrays import BoolArray, FloatArray, IntArray
from pzpipelines.combine.duplicates import (
    LOST_IN_COLLAPSE,
    LOST_IN_DRAW,
    SURVIVED,
    Evidence,
    TieResult,
)
from pzpipelines.combine.outputs import CatalogRows
from pzpipelines.combine.verdicts import Verdicts, best_of_group
from pzpipelines.sky.vectors import separations_arcsec, unit_vectors

#: What decided; the name of a priority column stands for itself.
ALONE: Final = "alone"
EARLIER_RESULT: Final = "earlier_result"
STAR: Final = "star"
COLLAPSE: Final = "delta_z_threshold"
DRAW: Final = "draw_one"
UNDECIDED: Final = "unresolved"

EXPLAIN_FIELDS: Final = (
    pa.field("decided_by", pa.string()),
    pa.field("group_winner", pa.string()),
    pa.field("separation_to_winner_arcsec", pa.float64()),
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why each row of the whole came out as it did, shape ``(n,)``.

    Attributes
    ----------
    reasons
        Words that ``reason`` indexes.
    reason
        What decided about the row: for a loser, where it lost; for a winner,
        the last criterion that its group needed.
    winner
        Row that stands for the group (the first survivor by CRD_ID where the
        tie is unresolved), -1 for rows without neighbours that compete.
    separation_arcsec
        Arcsec to that row, NaN where there is none.
    """

    reasons: tuple[str, ...]
    reason: NDArray[np.int8]
    winner: IntArray
    separation_arcsec: FloatArray

    def columns(self, rows: IntArray, ids: CatalogRows) -> dict[str, pa.Array]:
        """Return the columns of `EXPLAIN_FIELDS` for some rows."""
        has_winner = self.winner[rows] >= 0
        winners = ids.crd_ids(np.where(has_winner, self.winner[rows], 0))
        absent = pa.array(~has_winner)
        return {
            "decided_by": pa.array(self.reasons, pa.string()).take(pa.array(self.reason[rows])),
            "group_winner": pc.if_else(absent, pa.scalar(None, pa.string()), winners),
            "separation_to_winner_arcsec": pa.array(self.separation_arcsec[rows], mask=~has_winner),
        }


def explain_verdicts(
    verdicts: Verdicts,
    evidence: Evidence,
    ra: FloatArray,
    dec: FloatArray,
    *,
    is_star: BoolArray,
    earlier_result: NDArray[np.int8],
    priority: Sequence[str],
) -> Explanation:
    """Tell of every row what decided about it, and how far its group's winner is.

    Parameters
    ----------
    verdicts, evidence
        On the whole.
    ra, dec
        ICRS degrees, shape ``(n,)``.
    is_star
        Which rows never competed.
    earlier_result
        Result that each row came with, 1 where fresh.
    priority
        Names of the priority columns, in order.
    """
    reasons = (*priority, ALONE, EARLIER_RESULT, STAR, COLLAPSE, DRAW, UNDECIDED)
    word = {reason: index for index, reason in enumerate(reasons)}
    n_rows = len(ra)
    is_shared = np.bincount(verdicts.labels, minlength=n_rows)[verdicts.labels] > 1
    reason = np.where(earlier_result == TieResult.WINNER, word[ALONE], word[EARLIER_RESULT])
    last = _last_criterion(verdicts)
    reason = np.where(is_shared, _words_of(last, word), reason)
    lost = verdicts.lost_at != SURVIVED
    reason = np.where(lost, _words_of(verdicts.lost_at, word), reason)
    reason = np.where(
        is_shared & (verdicts.tie_result == TieResult.UNRESOLVED), word[UNDECIDED], reason
    )
    reason = np.where(is_star, word[STAR], reason)
    winner = np.where(is_shared, best_of_group(verdicts, evidence), -1)
    separation = np.full(n_rows, np.nan)
    rows = np.flatnonzero(is_shared)
    separation[rows] = separations_arcsec(
        unit_vectors(ra[rows], dec[rows]), unit_vectors(ra[winner[rows]], dec[winner[rows]])
    )
    return Explanation(reasons, reason.astype(np.int8), winner, separation)


def _last_criterion(verdicts: Verdicts) -> NDArray[np.int8]:
    """Return for each row the last criterion that removed anybody from its group."""
    last = np.full(len(verdicts.labels), SURVIVED, dtype=np.int8)
    lost = np.flatnonzero(verdicts.lost_at != SURVIVED)
    np.maximum.at(last, verdicts.labels[lost], verdicts.lost_at[lost])
    of_row: NDArray[np.int8] = last[verdicts.labels]
    return of_row


def _words_of(lost_at: NDArray[np.int8], word: dict[str, int]) -> NDArray[np.int64]:
    words = lost_at.astype(np.int64)
    words[lost_at == LOST_IN_COLLAPSE] = word[COLLAPSE]
    words[lost_at == LOST_IN_DRAW] = word[DRAW]
    words[lost_at == SURVIVED] = word[UNDECIDED]
    return words
