"""Inspections as chores: claimed once, given back by the dead, whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from pzhub.accounts.models import User
from pzhub.catalog.models import Column, Product, ProductFile
from pzhub.core import chores, storage
from pzhub.uploads.models import Inspection, InspectionState
from pzhub.uploads.services import (
    receive_file,
    registration,
    remove_file,
    run_inspection,
    stage_copy,
    start_registration,
    sweep_inspections,
    wait_for_inspection,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def waiting(ana: User, product_factory: Any, make: SimpleNamespace, tmp_path: Path) -> Inspection:
    """Return the inspection of a draft of ana that waits for a worker."""
    product = product_factory(ana, name="Zed", type_name="redshift_catalog", status=0)
    source = tmp_path / "cat.csv"
    source.write_bytes(make.csv())
    receive_file(actor=ana, product=product, upload=stage_copy(source), role=0)
    return start_registration(actor=ana, product=product)


def test_a_registration_is_queued_once(ana: User, waiting: Inspection) -> None:
    again = start_registration(actor=ana, product=waiting.product)
    assert again.pk == waiting.pk
    assert chores.queued_arguments(registration.INSPECT_CHORE) == {waiting.pk}


def test_the_worker_of_the_queue_does_the_chore(waiting: Inspection) -> None:
    call_command("db_worker", batch=True, startup_delay=False, verbosity=0)
    waiting.refresh_from_db()
    assert waiting.state == InspectionState.DONE
    assert waiting.lease_holder == ""
    assert waiting.product.columns.count() == 6
    assert storage.data_path(waiting.canonical_path).is_file()
    assert list(storage.staging_dir().iterdir()) == []


def test_a_second_worker_finds_nothing_to_do(waiting: Inspection) -> None:
    holder = chores.claim_row(Inspection, waiting.pk, **registration._STATE)
    run_inspection(waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.lease_holder) == (InspectionState.RUNNING, holder)
    assert Column.objects.count() == 0


def test_a_worker_that_lost_its_lease_changes_nothing(
    waiting: Inspection, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspect = registration.read_main_file

    def slow(product: Product, path: Path, folder: Path) -> Any:
        Inspection.objects.update(lease_holder="another")
        return inspect(product, path, folder)

    monkeypatch.setattr(registration, "read_main_file", slow)
    run_inspection(waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.lease_holder) == (InspectionState.RUNNING, "another")
    assert Column.objects.count() == 0


def test_a_main_file_removed_meanwhile_takes_its_inspection_along(
    ana: User, waiting: Inspection, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspect = registration.read_main_file

    def slow(product: Product, path: Path, folder: Path) -> Any:
        found = inspect(product, path, folder)
        remove_file(actor=ana, file=ProductFile.objects.get())
        return found

    monkeypatch.setattr(registration, "read_main_file", slow)
    run_inspection(waiting.pk)
    assert Inspection.objects.count() == 0
    assert Column.objects.count() == 0


def test_a_failure_of_ours_gives_the_row_back(
    waiting: Inspection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(product: Product, path: Path, folder: Path) -> Any:
        raise OSError("disk full")

    monkeypatch.setattr(registration, "read_main_file", broken)
    for _ in range(chores.MAX_ATTEMPTS):
        with pytest.raises(OSError, match="disk full"):
            run_inspection(waiting.pk)
        waiting.refresh_from_db()
        assert waiting.state == InspectionState.WAITING
    sweep_inspections()
    waiting.refresh_from_db()
    assert waiting.state == InspectionState.REFUSED
    assert waiting.error["code"] == "inspection_given_up"
    assert waiting.error["message"].startswith("cat.csv could not be read: the server failed 3")


def test_a_killed_worker_leaves_nothing_and_another_finishes(
    waiting: Inspection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Claim in a process of its own, kill -9 it in the middle, sweep, work again."""
    code = (
        "import sys, time\n"
        "from pzhub.core.chores import holder_name\n"
        "print(holder_name(), flush=True)\n"
        "time.sleep(60)\n"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "pzhub.settings.testing"}
    script = f"import django; django.setup()\n{code}"
    worker = subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    holder = worker.stdout.readline().strip()
    Inspection.objects.update(
        state=InspectionState.RUNNING,
        attempt=1,
        lease_holder=holder,
        lease_until=timezone.now() + timedelta(seconds=60),
        created_at=timezone.now() - timedelta(minutes=1),
    )
    half = storage.staging_dir() / f"inspection-{waiting.pk}-1"
    half.mkdir()
    (half / "canonical.parquet").write_bytes(b"PAR1")
    sweep_inspections()
    waiting.refresh_from_db()
    assert waiting.state == InspectionState.RUNNING  # the worker lives: its lease holds
    os.kill(worker.pid, signal.SIGKILL)
    worker.communicate()
    sweep_inspections()
    waiting.refresh_from_db()
    assert waiting.state == InspectionState.WAITING
    assert Column.objects.count() == 0
    call_command("db_worker", batch=True, startup_delay=False, verbosity=0)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.attempt) == (InspectionState.DONE, 2)
    assert Column.objects.count() == 6


def test_waiting_ends_when_the_inspection_does(waiting: Inspection) -> None:
    assert wait_for_inspection(waiting, 0.1).state == InspectionState.WAITING
    run_inspection(waiting.pk)
    started = time.monotonic()
    assert wait_for_inspection(waiting, 10).state == InspectionState.DONE
    assert time.monotonic() - started < 1


def test_a_new_main_file_keeps_associations_by_name(
    ana: User, waiting: Inspection, make: SimpleNamespace, tmp_path: Path
) -> None:
    run_inspection(waiting.pk)
    product = waiting.product
    product.columns.filter(column_name="zspec").update(alias="z", ucd="src.redshift")
    product.columns.filter(column_name="zerr").update(alias="z_err")
    source = tmp_path / "better.csv"
    source.write_bytes(b"zspec,quality\n0.5,4\n0.6,3\n")
    receive_file(actor=ana, product=product, upload=stage_copy(source), role=0, replace_main=True)
    run_inspection(start_registration(actor=ana, product=product).pk)
    rows = product.columns.order_by("order").values_list("column_name", "alias", "ucd")
    assert list(rows) == [("zspec", "z", "src.redshift"), ("quality", None, None)]
    assert not connection.in_atomic_block
