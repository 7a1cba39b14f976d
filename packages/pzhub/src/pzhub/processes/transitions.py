"""Moves between phases: a table of what may follow what, and one compare-and-set update.

No row is ever saved whole: a stale copy cannot undo what another process wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import Q

from pzhub.processes.models import Phase, Process

LEGAL_MOVES: Final[Mapping[Phase, frozenset[Phase]]] = {
    Phase.PENDING: frozenset({Phase.SUBMITTING, Phase.ABORTED, Phase.ERROR}),
    # Back to PENDING: this attempt was lost, another is to be made.
    Phase.SUBMITTING: frozenset({Phase.QUEUED, Phase.PENDING, Phase.ABORTED, Phase.ERROR}),
    Phase.QUEUED: frozenset(
        {Phase.EXECUTING, Phase.COLLECTING, Phase.PENDING, Phase.ABORTED, Phase.ERROR}
    ),
    Phase.EXECUTING: frozenset({Phase.COLLECTING, Phase.PENDING, Phase.ABORTED, Phase.ERROR}),
    Phase.COLLECTING: frozenset({Phase.COMPLETED, Phase.PENDING, Phase.ERROR}),
    Phase.COMPLETED: frozenset(),
    Phase.ERROR: frozenset(),
    Phase.ABORTED: frozenset(),
}
FINAL_PHASES: Final = frozenset({Phase.COMPLETED, Phase.ERROR, Phase.ABORTED})
#: Phases in which a run holds a slot of its runner.
ACTIVE_PHASES: Final = frozenset({Phase.SUBMITTING, Phase.QUEUED, Phase.EXECUTING})
#: Phases in which a run can still be stopped; afterwards its program has ended.
STOPPABLE_PHASES: Final = frozenset({Phase.PENDING, *ACTIVE_PHASES})


class IllegalMoveError(RuntimeError):
    """The program asked for a move that the table does not have: a fault of ours."""


def move(
    pk: int, source: Phase, target: Phase, *, only_if: Q | None = None, **changes: Any
) -> bool:
    """Move a process from one phase to another, if it is still in the first.

    Parameters
    ----------
    pk
        The process.
    source, target
        A legal move.
    only_if
        Another condition on the row.
    **changes
        Fields that change with the phase.

    Returns
    -------
    whether this call made the move

    Raises
    ------
    IllegalMoveError
        If the table does not have it.
    """
    if target not in LEGAL_MOVES[source]:
        raise IllegalMoveError(f"{source} -> {target}")
    rows = Process.objects.filter(only_if or Q(), pk=pk, phase=source)
    return rows.update(phase=target, **changes) == 1
