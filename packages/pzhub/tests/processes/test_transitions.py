"""The table of legal moves, exhaustively."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from django.db.models import Q
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.processes.models import Phase, Process
from pzhub.processes.transitions import FINAL_PHASES, LEGAL_MOVES, IllegalMoveError, move

LEGAL = [(source, target) for source, targets in LEGAL_MOVES.items() for target in targets]
ILLEGAL = sorted(set(product(Phase, Phase)) - set(LEGAL))


@pytest.fixture
def process(submit: Any, ana: User) -> Process:
    return submit(ana)


def put(process: Process, phase: Phase) -> None:
    ended_at = timezone.now() if phase in FINAL_PHASES else None
    Process.objects.filter(pk=process.pk).update(phase=phase, ended_at=ended_at)


def test_every_phase_has_its_moves() -> None:
    assert set(LEGAL_MOVES) == set(Phase)


def test_every_phase_can_be_reached_from_the_first() -> None:
    reached = {Phase.PENDING}
    while more := {t for s in reached for t in LEGAL_MOVES[s]} - reached:
        reached |= more
    assert reached == set(Phase)


def test_every_phase_that_is_not_final_leads_to_each_kind_of_end() -> None:
    for phase in set(Phase) - FINAL_PHASES:
        reached = set(LEGAL_MOVES[phase])
        while more := {t for s in reached for t in LEGAL_MOVES[s]} - reached:
            reached |= more
        assert reached >= FINAL_PHASES


def test_legal_moves_are_made_once_and_others_never(process: Process, steps: Any) -> None:
    for source, target in LEGAL:
        put(process, source)
        changes = {"ended_at": timezone.now()} if target in FINAL_PHASES else {"ended_at": None}
        assert move(process.pk, source, target, **changes)
        assert steps.phase(process) == target
        assert not move(process.pk, source, target, **changes)
        assert steps.phase(process) == target
    for source, target in ILLEGAL:
        put(process, source)
        with pytest.raises(IllegalMoveError):
            move(process.pk, source, target)
        assert steps.phase(process) == source


def test_a_move_from_another_phase_changes_nothing(process: Process, steps: Any) -> None:
    for actual, (source, target) in product(Phase, LEGAL):
        if actual != source:
            put(process, actual)
            assert not move(process.pk, source, target, comment="wrong")
    assert steps.fresh(process).comment is None


def test_a_condition_can_forbid_a_move(process: Process, steps: Any) -> None:
    Process.objects.filter(pk=process.pk).update(stop_requested_at=timezone.now())
    wanted = Q(stop_requested_at__isnull=True)
    assert not move(process.pk, Phase.PENDING, Phase.SUBMITTING, only_if=wanted)
    assert steps.phase(process) == Phase.PENDING
