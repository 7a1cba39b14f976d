"""Old runs lose their scratch and keep their record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.processes.models import Phase, Process
from pzhub.processes.retention import remove_old_scratch
from pzhub.processes.selectors import attempt_folder


@pytest.mark.parametrize(
    ("phase", "days", "removed"),
    [
        (Phase.COMPLETED, 8, ["crd.parquet"]),
        (Phase.COMPLETED, 6, []),
        (Phase.ERROR, 29, []),
        (Phase.ERROR, 31, ["crd.parquet"]),
        (Phase.ABORTED, 31, ["crd.parquet"]),
    ],
)
def test_scratch_goes_and_the_record_stays(
    submit: Any, ana: User, phase: Phase, days: int, removed: list[str]
) -> None:
    process = submit(ana)
    ended_at = timezone.now() - timedelta(days=days)
    Process.objects.filter(pk=process.pk).update(phase=phase, ended_at=ended_at, attempt=1)
    process.refresh_from_db()
    work = attempt_folder(process) / "work"
    work.mkdir(parents=True)
    for name in ("crd.parquet", "pipeline.log", "outcome.json"):
        (work / name).write_text(name)
    assert remove_old_scratch() == removed
    left = {"crd.parquet", "pipeline.log", "outcome.json"} - set(removed)
    assert {path.name for path in work.iterdir()} == left
    assert remove_old_scratch() == []


def test_a_run_that_goes_on_keeps_everything(submit: Any, ana: User) -> None:
    submit(ana)
    assert remove_old_scratch() == []
