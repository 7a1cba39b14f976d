"""The client that users have, unmodified, against a live server of ours."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.story.positions import positions
from hub import Hub
from object_catalogs import write_object_collection

HERE = Path(__file__).parent

pytestmark = [pytest.mark.contract, pytest.mark.xdist_group("contract")]


def step_names() -> list[str]:
    """Return the steps that the parts of the story define by name, read from their source."""
    names = []
    for part in sorted((HERE / "story").glob("*.py")):
        functions = (node for node in ast.parse(part.read_text()).body)
        names += [
            node.name
            for node in functions
            if isinstance(node, ast.FunctionDef)
            and any(ast.unparse(mark) == "step" for mark in node.decorator_list)
        ]
    return names


@dataclass(frozen=True)
class Told:
    """What became of the steps, and of the public methods, of the story."""

    steps: dict[str, dict[str, Any]]
    methods: dict[str, bool]


def register_objects(hub: Hub, root: Path) -> None:
    """Register a release whose objects are those of one catalog of the story, and others."""
    ra, dec, _ = positions(3)
    others = np.random.default_rng(99).uniform((150, 2), (151, 3), (300, 2))
    objects = root / "mag" / "cModel" / "sfd" / "catalog"
    write_object_collection(objects, np.r_[ra, others[:, 0]], np.r_[dec, others[:, 1]])
    done = hub.cli("register-release", "contract_dr", "--objects", str(root))
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def story(hub: Hub, published_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Tell the whole story once."""
    folder = tmp_path_factory.mktemp("contract")
    hub.create_release("contract_dp", groups=["contract-team"])
    register_objects(hub, folder / "objects")
    people = {"ana": ["contract-team"], "bob": []}
    tokens = [hub.create_token(hub.create_user(name, groups=g)) for name, g in people.items()]
    command = [str(published_python), "-m", "story", f"{hub.address}/api/", *tokens, str(folder)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "MPLBACKEND": "Agg"}
    done = subprocess.run(
        command,
        cwd=HERE,
        capture_output=True,
        text=True,
        env=environment,
        timeout=600,
        check=False,
    )
    kinds: dict[str, list[dict[str, Any]]] = {"STEP": [], "METHOD": []}
    for line in done.stdout.splitlines():
        kind, _, rest = line.partition(" ")
        if kind in kinds:
            kinds[kind].append(json.loads(rest))
    assert kinds["METHOD"], f"the story broke off:\n{done.stdout[-5000:]}\n{done.stderr[-5000:]}"
    return Told(
        {line["step"]: line for line in kinds["STEP"]},
        {line["method"]: line["passed"] for line in kinds["METHOD"]},
    )


@pytest.mark.parametrize("name", step_names())
def test_the_published_client_is_served(name: str, story: Told) -> None:
    assert name in story.steps, f"the story ended before {name}"
    assert story.steps[name]["passed"], story.steps[name]["why"]


def test_every_product_type_and_format_is_served(story: Told) -> None:
    made = {name: line for name, line in story.steps.items() if name not in step_names()}
    assert len(made) == 7 + 8
    assert [line["why"] for line in made.values() if not line["passed"]] == []


def test_every_public_method_was_called_and_returned(story: Told) -> None:
    assert len(story.methods) > 75
    for method, passed in story.methods.items():
        print(f"{method} → {'passed' if passed else 'MISSING'}")  # noqa: T201  # the list to show
    assert [method for method, passed in story.methods.items() if not passed] == []
