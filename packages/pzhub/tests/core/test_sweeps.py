"""The sweep command runs what every app registered."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import OperationalError

from pzhub.core import sweeps


def test_the_repairs_of_uploads_and_downloads_are_registered() -> None:
    names = {getattr(sweep, "__name__", "") for sweep in sweeps.SWEEPS}
    assert {"sweep_inspections", "sweep_orphans", "sweep_profiles", "sweep_archives"} <= names


def test_one_repair_that_fails_does_not_stop_the_others(
    db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done = []

    def busy() -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(sweeps, "SWEEPS", [busy, lambda: done.append("second")])
    call_command("sweep")
    assert done == ["second"]
    assert "the next round tries again" in caplog.text


def test_a_sweep_of_an_empty_server_finds_nothing(db: None) -> None:
    call_command("sweep")
