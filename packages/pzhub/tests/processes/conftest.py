"""Fixtures of the tests of processes: published catalogs, and programs that are not pipelines.

The runner takes whatever command it is given, so most tests run real processes of `sh`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pzhub.accounts.models import User
from pzhub.catalog.models import Column, FileRole, Product, ProductFile, Release
from pzhub.core import storage
from pzhub.demo.objects import generate_objects, write_objects
from pzhub.processes.models import Phase, Pipeline, Process
from pzhub.processes.reconciler import ReconcilePolicy, reconcile_once
from pzhub.processes.runners import runner_named
from pzhub.processes.services import (
    ReleaseWishes,
    register_pipelines,
    register_release,
    submit_process,
)
from pzhub.uploads.models import Inspection, InspectionState

ROLES = {"RA": "RA", "DEC": "Dec", "Z": "z", "QF": "z_flag", "SV": "survey"}
SUCCESS = """
cp "$SOURCE/crd.parquet" . && cp "$SOURCE/outcome.json" .
"""


def small_table(n_rows: int = 6, first_ra: float = 10.0) -> pa.Table:
    """Return a catalog in the convention of 2dFGRS."""
    return pa.table(
        {
            "RA": [first_ra + 0.1 * n for n in range(n_rows)],
            "DEC": [-30.0 + 0.1 * n for n in range(n_rows)],
            "Z": [0.1 + 0.01 * n for n in range(n_rows)],
            "QF": [3 + n % 2 for n in range(n_rows)],
            "SV": ["2DFGRS"] * n_rows,
        }
    )


CatalogMaker = Callable[..., Product]


@pytest.fixture
def catalog(product_factory: Callable[..., Product]) -> CatalogMaker:
    """Return a maker of published redshift catalogs with a canonical copy."""

    def make(
        user: User,
        name: str = "cat",
        first_ra: float = 10.0,
        table: pa.Table | None = None,
        **fields: Any,
    ) -> Product:
        product = product_factory(user, name=name, type_name="redshift_catalog", **fields)
        path = storage.product_dir(product) / "cat.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        table = small_table(first_ra=first_ra) if table is None else table
        pq.write_table(table, path)
        main = ProductFile.objects.create(
            product=product,
            role=FileRole.MAIN,
            name="cat.parquet",
            path=storage.relative_path(path),
            extension=".parquet",
            size=path.stat().st_size,
            n_rows=table.num_rows,
            sha256=f"{product.pk:064d}",
        )
        Inspection.objects.create(
            product=product,
            file=main,
            sha256=main.sha256,
            state=InspectionState.DONE,
            is_table=True,
            canonical_path=main.path,
        )
        for order, (column, alias) in enumerate(ROLES.items()):
            Column.objects.create(product=product, column_name=column, alias=alias, order=order)
        return product

    return make


@pytest.fixture
def combine(product_types: object) -> Pipeline:
    """Return the row of Combine Redshift Catalogs."""
    register_pipelines()
    return Pipeline.objects.get(name="combine_redshift_dedup")


@pytest.fixture
def training(product_types: object) -> Pipeline:
    """Return the row of the Training Set Maker."""
    register_pipelines()
    return Pipeline.objects.get(name="training_set_maker")


@pytest.fixture(scope="session")
def objects_table() -> pa.Table:
    """Return 400 objects with fluxes, as observed and dereddened."""
    return generate_objects().slice(0, 400)


@pytest.fixture(scope="session")
def objects_folder(objects_table: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the objects as a HATS collection."""
    folder = tmp_path_factory.mktemp("datasets") / "sky"
    write_objects(objects_table, folder)
    return folder


@pytest.fixture
def sky(product_types: object, objects_folder: Path) -> Release:
    """Return a release, open to everybody, that has the objects."""
    return register_release(
        actor=None,
        name="sky",
        wishes=ReleaseWishes(path=objects_folder, display_name="The sky", is_public=True),
        deep=False,
    )


@pytest.fixture
def redshifts(catalog: CatalogMaker, objects_table: pa.Table) -> CatalogMaker:
    """Return a maker of redshift catalogs, 0.1 arcsec off the first 60 objects."""

    def make(user: User, name: str = "redshifts", **fields: Any) -> Product:
        table = pa.table(
            {
                "RA": objects_table["coord_ra"].slice(0, 60),
                "DEC": pa.array(objects_table["coord_dec"].to_numpy()[:60] + 0.1 / 3600),
                "Z": [0.1 + 0.01 * n for n in range(60)],
                "QF": [1 + n % 4 for n in range(60)],
                "SV": ["2DFGRS"] * 60,
            }
        )
        return catalog(user, name, table=table, **fields)

    return make


Submitter = Callable[..., Process]


@pytest.fixture
def submit(catalog: CatalogMaker, combine: Pipeline) -> Submitter:
    """Return a function that submits a combination of two fresh catalogs."""

    def make(user: User, **options: Any) -> Process:
        given = {
            "display_name": "Combined",
            "inputs": [catalog(user, "one"), catalog(user, "two", 20.0)],
            "parameters": {},
        }
        return submit_process(actor=user, pipeline=combine, **{**given, **options})

    return make


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a folder with a result that a program may copy."""
    folder = tmp_path / "source"
    folder.mkdir()
    table = small_table().append_column("CRD_ID", pa.array([f"001_{n}" for n in range(6)]))
    pq.write_table(table, folder / "crd.parquet")
    columns = {"id": "CRD_ID", "ra": "RA", "dec": "DEC", "z": "Z"}
    outcome = {
        "status": "completed",
        "error": None,
        "outputs": [{"path": "crd.parquet", "role": "main", "columns_assoc": columns}],
        "summary": {"rows": 6},
        "versions": {"pzpipelines": "1.0.0"},
    }
    (folder / "outcome.json").write_text(json.dumps(outcome))
    return folder


PolicyMaker = Callable[..., ReconcilePolicy]


@pytest.fixture
def shell(source: Path) -> PolicyMaker:
    """Return a maker of policies under which a run's program is a shell script."""

    def make(script: str, **limits: Any) -> ReconcilePolicy:
        text = f'SOURCE="{source}"\n{script}'
        policy = ReconcilePolicy(
            grace_seconds=0.3, max_attempts=3, command=lambda *_: ["sh", "-c", text]
        )
        return replace(policy, **limits)

    return make


@pytest.fixture(autouse=True)
def no_process_is_left(data_dir: Path) -> Iterator[None]:
    """End what a test started: programs outlive the server by design."""
    yield
    mine = [
        process
        for process in psutil.process_iter(["cmdline", "cwd"])
        if str(data_dir) in " ".join(process.info["cmdline"] or [])
        or str(process.info["cwd"]).startswith(str(data_dir))
    ]
    for process in mine:
        process.kill()
    psutil.wait_procs(mine, timeout=5)
    runner_named("local").poll([])


class Steps:
    """Looking at runs, and reconciling until they are where a test wants them."""

    success = SUCCESS

    def phase(self, process: Process) -> Phase:
        """Return the phase in the database."""
        return Phase(Process.objects.values_list("phase", flat=True).get(pk=process.pk))

    def fresh(self, process: Process) -> Process:
        """Return the run as it is in the database."""
        return Process.objects.select_related("upload").get(pk=process.pk)

    def product(self, process: Process) -> Product:
        """Return the product that a run makes, fresh."""
        return Product.objects.get(pk=process.upload_id)

    def until(
        self, process: Process, *phases: Phase, policy: ReconcilePolicy, seconds: float = 20
    ) -> Process:
        """Reconcile until a run is in one of some phases, and return it fresh."""
        deadline = time.monotonic() + seconds
        while self.phase(process) not in phases:
            assert time.monotonic() < deadline, vars(self.fresh(process))
            reconcile_once(policy)
            time.sleep(0.02)
        return self.fresh(process)

    def settled(self, process: Process, policy: ReconcilePolicy) -> Process:
        """Reconcile until a run has ended."""
        return self.until(process, Phase.COMPLETED, Phase.ERROR, Phase.ABORTED, policy=policy)

    def wait_for(self, condition: Callable[[], object], seconds: float = 10) -> None:
        """Wait until something is true."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture
def steps() -> Steps:
    """Return what looks at runs and moves them."""
    return Steps()
