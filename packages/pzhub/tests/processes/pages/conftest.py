"""Browsers without script, and runs in every phase."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.core.storage import data_path
from pzhub.processes.models import Phase, Process

RunMaker = Callable[..., Process]


@pytest.fixture
def run_in(ana: User, submit: Callable[..., Process]) -> RunMaker:
    """Return a maker of ana's runs in a phase, with the files that its program left."""

    def make(
        phase: Phase,
        *,
        events: list[dict[str, Any]] | None = None,
        log: str = "",
        fields: dict[str, Any] | None = None,
        **options: Any,
    ) -> Process:
        process = submit(ana, **options)
        started = None if phase == Phase.PENDING else timezone.now() - timedelta(seconds=75)
        is_final = phase in {Phase.COMPLETED, Phase.ERROR, Phase.ABORTED}
        Process.objects.filter(pk=process.pk).update(
            phase=phase,
            attempt=0 if phase == Phase.PENDING else 1,
            started_at=started,
            ended_at=timezone.now() if is_final else None,
            **(fields or {}),
        )
        process.refresh_from_db()
        work = data_path(process.path) / "attempt-1" / "work"
        work.mkdir(parents=True)
        lines = [
            json.dumps({"time": timezone.now().isoformat(), **event}) for event in events or []
        ]
        (work / "progress.jsonl").write_text("".join(f"{line}\n" for line in lines))
        (work / "pipeline.log").write_text(log)
        return process

    return make
