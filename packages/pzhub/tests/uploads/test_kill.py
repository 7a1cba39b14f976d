"""Real worker processes: two at once, and one killed while it reads a file."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django_tasks_db.models import DBTaskResult

SEED = """
import django; django.setup()
from pathlib import Path
from pzhub.accounts.services import create_user
from pzhub.catalog.models import ProductType
from pzhub.catalog.services import create_product
from pzhub.uploads.services import receive_file, stage_copy, start_registration
user = create_user(username="ana", password="correct horse battery")
type_ = ProductType.objects.get(name="redshift_catalog")
product = create_product(actor=user, display_name="Large", product_type=type_)
receive_file(actor=user, product=product, upload=stage_copy(Path({path!r})), role=0)
start_registration(actor=user, product=product)
"""
#: Reading them takes long enough to be killed over.
N_ROWS = 50_000
TASKS = DBTaskResult._meta.db_table
WORKER = ["-m", "django", "db_worker", "--no-startup-delay", "--interval", "0.1"]


class Instance:
    """A server of its own: data folder, SQLite file, and processes that can be killed."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.environment = {
            **os.environ,
            "PZHUB_DATA_DIR": str(self.data),
            "PZHUB_DATABASE_URL": "",
            "PZHUB_SECRET_KEY": "tests",
            "DJANGO_SETTINGS_MODULE": "pzhub.settings.development",
        }

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, *arguments], env=self.environment)

    def run(self, *arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], env=self.environment, check=True)

    def row(self, query: str) -> Any:
        with sqlite3.connect(self.data / "db.sqlite3") as database:
            found = database.execute(query).fetchone()
        database.close()
        return found

    def wait_for(self, state: str) -> None:
        deadline = time.monotonic() + 60
        while self.row("SELECT state FROM uploads_inspection") != (state,):
            assert time.monotonic() < deadline, f"the inspection never became {state}"
            time.sleep(0.02)


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    instance = Instance(tmp_path)
    instance.run("-m", "django", "migrate", "--verbosity", "0")
    table = tmp_path / "large.csv"
    rows = "".join(f"{n % 360}.5,{n % 90}.25,0.{n}\n" for n in range(N_ROWS))
    table.write_text(f"ra,dec,z\n{rows}")
    instance.run("-c", SEED.format(path=str(table)))
    return instance


@pytest.mark.slow
@pytest.mark.thorough  # test_chores tells in one process that a row is claimed once
def test_of_two_workers_at_once_one_does_it(instance: Instance) -> None:
    chore = "import django; django.setup()\nfrom pzhub.uploads.services import run_inspection\n"
    workers = [instance.start("-c", f"{chore}run_inspection(1)") for _ in range(2)]
    assert [worker.wait() for worker in workers] == [0, 0]
    assert instance.row("SELECT state, attempt FROM uploads_inspection") == ("done", 1)
    assert instance.row("SELECT count(*) FROM catalog_column") == (3,)


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_is_replaced_after_a_sweep(instance: Instance) -> None:
    worker = instance.start(*WORKER)
    try:
        instance.wait_for("running")
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert instance.row("SELECT state, attempt FROM uploads_inspection") == ("running", 1)
    assert instance.row("SELECT count(*) FROM catalog_column") == (0,)
    instance.run("-m", "django", "sweep")
    assert instance.row("SELECT state, attempt FROM uploads_inspection") == ("waiting", 1)
    # The sweep leaves rows of the last seconds to whoever made them, then queues them.
    deadline = time.monotonic() + 30
    while instance.row(f"SELECT count(*) FROM {TASKS}") == (1,):
        assert time.monotonic() < deadline
        time.sleep(1)
        instance.run("-m", "django", "sweep")
    instance.run(*WORKER, "--batch")
    assert instance.row("SELECT state, attempt FROM uploads_inspection") == ("done", 2)
    columns = instance.row("SELECT json_group_array(column_name) FROM catalog_column")
    assert sorted(json.loads(columns[0])) == ["dec", "ra", "z"]
    assert instance.row("SELECT n_rows FROM catalog_productfile") == (N_ROWS,)
