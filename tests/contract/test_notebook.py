"""The tutorial notebook runs, cell by cell, with the published client and with ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hub import Hub

HERE = Path(__file__).parent
NOTEBOOK = HERE.parents[1] / "docs" / "tutorials" / "photoz-server-from-python.ipynb"
pytestmark = [pytest.mark.contract, pytest.mark.xdist_group("notebook")]


def cells_run(python: Path, hub: Hub, folder: Path) -> list[dict[str, Any]]:
    """Run all cells with a Python and return what became of each."""
    token = json.loads((hub.data_dir / "demo.json").read_text())["token"]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "MPLBACKEND": "Agg",
        "PZSERVER_TOKEN": token,
        "PZSERVER_HOST": f"{hub.address}/api/",
    }
    done = subprocess.run(
        [str(python), str(HERE / "notebook.py"), str(NOTEBOOK)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    lines = done.stdout.splitlines()
    cells = [json.loads(line[5:]) for line in lines if line.startswith("CELL ")]
    assert lines[-1] == f"CELLS {len(cells)}", f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return cells


@pytest.fixture(params=["published", "ours"])
def python(request: pytest.FixtureRequest) -> Path:
    """Return a Python that has one of the two clients."""
    if request.param == "ours":
        return Path(sys.executable)
    found: Path = request.getfixturevalue("published_python")
    return found


@pytest.mark.thorough
def test_every_cell_of_the_tutorial_runs(python: Path, demo_hub: Hub, tmp_path: Path) -> None:
    cells = cells_run(python, demo_hub, tmp_path)
    assert len(cells) > 20
    assert [cell["why"] for cell in cells if cell["why"]] == []


def test_the_tutorial_is_stored_without_what_a_run_leaves() -> None:
    notebook = json.loads(NOTEBOOK.read_text())
    assert notebook["nbformat"] == 4
    left = [
        cell for cell in notebook["cells"] if cell.get("outputs") or cell.get("execution_count")
    ]
    assert left == []
