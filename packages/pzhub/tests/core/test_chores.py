"""Chores: rows are claimed once, and rows of dead workers come back."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from pzhub.accounts.models import User
from pzhub.core import chores
from pzhub.downloads.models import Archive, ArchiveStatus

STATE: dict[str, Any] = {
    "field": "status",
    "waiting": ArchiveStatus.PENDING,
    "running": ArchiveStatus.RUNNING,
}
BUILD = "pzhub.downloads.tasks.build"


@pytest.fixture
def row(ana: User, product_factory: Any) -> Archive:
    product = product_factory(ana)
    return Archive.objects.create(product=product, kind="product", source_signature="s")


def dead_holder() -> str:
    """Return the holder name of a process that has ended."""
    code = "from pzhub.core.chores import holder_name; print(holder_name())"
    environment = {"DJANGO_SETTINGS_MODULE": "pzhub.settings.testing"}
    script = f"import os; os.environ.update({environment}); import django; django.setup(); {code}"
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_row_is_claimed_by_one_worker_only(row: Archive) -> None:
    first = chores.claim_row(Archive, row.pk, **STATE)
    second = chores.claim_row(Archive, row.pk, **STATE)
    row.refresh_from_db()
    assert (first, second) == (row.lease_holder, None)
    assert (row.status, row.attempt) == ("running", 1)


def test_a_row_whose_lease_ran_out_is_claimed_again(row: Archive) -> None:
    chores.claim_row(Archive, row.pk, **STATE)
    Archive.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert chores.claim_row(Archive, row.pk, **STATE) is not None
    row.refresh_from_db()
    assert row.attempt == 2


def test_this_process_is_alive_and_another_host_is_left_alone(row: Archive) -> None:
    mine = chores.holder_name()
    assert not chores.is_holder_dead(mine)
    assert not chores.is_holder_dead("elsewhere/1/0.00/abcd")
    assert not chores.is_holder_dead("")


def test_a_dead_worker_loses_its_row_at_once_and_a_living_one_keeps_it(row: Archive) -> None:
    chores.claim_row(Archive, row.pk, **STATE)
    assert chores.release_dead_rows(Archive, **STATE) == 0
    Archive.objects.update(lease_holder=dead_holder())
    assert chores.release_dead_rows(Archive, **STATE) == 1
    row.refresh_from_db()
    assert (row.status, row.lease_holder, row.lease_until) == ("pending", "", None)


def test_a_waiting_row_is_queued_once(row: Archive) -> None:
    Archive.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    queue = {"field": "status", "waiting": ArchiveStatus.PENDING}
    assert chores.enqueue_waiting_rows(Archive, BUILD, **queue) == 1
    assert chores.enqueue_waiting_rows(Archive, BUILD, **queue) == 0
    assert chores.queued_arguments(BUILD) == {row.pk}


def test_a_fresh_row_is_left_to_whoever_made_it(row: Archive) -> None:
    queue = {"field": "status", "waiting": ArchiveStatus.PENDING}
    assert chores.enqueue_waiting_rows(Archive, BUILD, **queue) == 0


def test_a_lease_is_renewed_while_the_work_lasts(
    row: Archive,
) -> None:
    holder = chores.claim_row(Archive, row.pk, **STATE)
    assert holder is not None
    before = Archive.objects.get().lease_until
    renewed = chores._renew(Archive, row.pk, holder)
    assert renewed
    assert Archive.objects.get().lease_until > before
    assert not chores._renew(Archive, row.pk, "somebody else")


def test_old_tasks_are_forgotten(row: Archive) -> None:
    chores.enqueue_chore(BUILD, row.pk)
    old = timezone.now() - timedelta(days=8)
    DBTaskResult.objects.update(status="RUNNING", started_at=old)
    assert chores.prune_tasks() == 1
