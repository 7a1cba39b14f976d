"""Small releases and redshift catalogs for tests of whole runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from object_catalogs import uniform_sky, write_hats
from pzpipelines.runtime.job import Job, JobInput, JobObjects, JobOutput
from pzpipelines.runtime.outcome import ExitCode, Outcome
from pzpipelines.runtime.run import run_in_workspace
from pzpipelines.runtime.workspace import Workspace
from pzpipelines.training.run import run

BANDS = "ugrizy"
N_OBJECTS = 3_000
BOX = {"ra": (-1.0, 1.0), "dec": (-1.0, 1.0)}


def positions() -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of the objects, around right ascension 0."""
    return uniform_sky(N_OBJECTS, **BOX, seed=1)


def object_table(**more: Any) -> pa.Table:
    """Return objects with identifier, position and further columns."""
    ra, dec = positions()
    ids = np.arange(N_OBJECTS) + 10**17
    return pa.table({"objectId": ids, "coord_ra": ra, "coord_dec": dec, **more})


def fluxes(model: str = "cModel") -> dict[str, pa.Array]:
    """Return fluxes with some that are no magnitude, and their errors."""
    random = np.random.default_rng(2)
    columns: dict[str, pa.Array] = {}
    for band in BANDS:
        flux = 10 ** random.uniform(1, 5, N_OBJECTS)
        flux[random.random(N_OBJECTS) < 0.1] *= -1
        error = np.abs(flux) * random.uniform(0.01, 0.2, N_OBJECTS)
        missing = random.random(N_OBJECTS) < 0.05
        columns[f"{band}_{model}Flux"] = pa.array(flux, pa.float32(), mask=missing)
        columns[f"{band}_{model}FluxErr"] = pa.array(error, pa.float32())
    return columns


def write_release(root: Path, table: pa.Table, *, below: str = "") -> Path:
    """Write a release: one HATS catalog of several partitions, or one below its layout."""
    folder = root / below / "catalog" if below else root
    write_hats(folder, table, ra="coord_ra", dec="coord_dec", max_rows=800)
    return root


def redshift_table(n: int = 1_200, *, offset_arcsec: float = 0.4, seed: int = 3) -> pa.Table:
    """Return redshifts near some of the objects, some of them measured twice, with text columns."""
    random = np.random.default_rng(seed)
    ra, dec = positions()
    of_object = random.integers(0, N_OBJECTS, n)
    angle = random.uniform(0, 2 * np.pi, n)
    away = offset_arcsec * random.random(n) * np.where(random.random(n) < 0.2, 10, 1) / 3600
    return pa.table(
        {
            "ID": [f"s{number:05d}" for number in range(n)],
            "RA": (ra[of_object] + away * np.cos(angle)) % 360,
            "DEC": dec[of_object] + away * np.sin(angle),
            "objectId": random.integers(0, 9, n),
            "z": np.where(random.random(n) < 0.02, np.nan, random.uniform(0, 2, n)),
            "Q": random.integers(0, 5, n),
            "SURVEY": np.where(random.random(n) < 0.5, "VVDS", "é DEEP"),
        }
    )


ROLES: dict[str, str | None] = {
    "id": "ID", "ra": "RA", "dec": "DEC", "z": "z", "z_flag": "Q", "survey": "SURVEY",
}  # fmt: skip


def train(
    folder: Path,
    redshifts: Path | pa.Table,
    release: Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    columns: Mapping[str, str | None] = ROLES,
    output_format: str | None = None,
    dust_maps: Path | None = None,
    name: str = "run",
    indexing_column: str | None = None,
) -> tuple[Outcome, ExitCode, Path]:
    """Run the pipeline as the service does; return outcome, exit code and working directory."""
    if isinstance(redshifts, pa.Table):
        path = folder / "redshifts.parquet"
        pq.write_table(redshifts, path)
    else:
        path = redshifts
    job = Job(
        pipeline="training_set_maker",
        parameters={"random_seed": 11, **(parameters or {})},
        inputs=[JobInput(path=path, internal_name="12_redshifts", columns=dict(columns))],
        objects=JobObjects(
            path=release, name="dp1", dust_maps=dust_maps, indexing_column=indexing_column
        ),
        output=JobOutput(name="tsm", format=output_format),
    )
    workspace = Workspace(folder / name)
    outcome, exit_code = run_in_workspace(workspace, lambda: run(job, workspace))
    return outcome, exit_code, workspace.folder
