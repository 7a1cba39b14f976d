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


#: The parts of the story, in the order in which they are told.
PARTS = ("main_job", "general", "training", "product_types", "formats", "refusals")
#: Those that need much time: LSDB starts slowly, large files take their time.
THOROUGH_PARTS = ("hats_catalogs", "sizes")


def steps_of(part: str) -> list[str]:
    """Return the steps that a part of the story defines by name, read from its source."""
    return [
        node.name
        for node in ast.parse((HERE / "story" / f"{part}.py").read_text()).body
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(mark) == "step" for mark in node.decorator_list)
    ]


NAMED = [name for part in (*PARTS, *THOROUGH_PARTS) for name in steps_of(part)]
THOROUGH = [
    pytest.param(name, marks=pytest.mark.thorough)
    for part in THOROUGH_PARTS
    for name in steps_of(part)
]
USUAL = [name for part in PARTS for name in steps_of(part)]


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
def story(
    request: pytest.FixtureRequest,
    hub: Hub,
    published_python: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Told:
    """Tell the story once; the long parts when a test asks for them."""
    long = any(
        "story" in item.fixturenames and item.get_closest_marker("thorough")
        for item in request.session.items
    )
    parts = (*PARTS, *THOROUGH_PARTS) if long else PARTS
    folder = tmp_path_factory.mktemp("contract")
    hub.create_release("contract_dp", groups=["contract-team"])
    register_objects(hub, folder / "objects")
    people = {"ana": ["contract-team"], "bob": []}
    tokens = [hub.create_token(hub.create_user(name, groups=g)) for name, g in people.items()]
    command = [
        str(published_python),
        "-m",
        "story",
        f"{hub.address}/api/",
        *tokens,
        str(folder),
        *parts,
    ]
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


@pytest.mark.parametrize("name", [*USUAL, *THOROUGH])
def test_the_published_client_is_served(name: str, story: Told) -> None:
    assert name in story.steps, f"the story ended before {name}"
    assert story.steps[name]["passed"], story.steps[name]["why"]


def test_every_product_type_and_format_is_served(story: Told) -> None:
    made = {name: line for name, line in story.steps.items() if name not in NAMED}
    assert len(made) == 7 + 8
    assert [line["why"] for line in made.values() if not line["passed"]] == []


def test_every_public_method_was_called_and_returned(story: Told) -> None:
    assert len(story.methods) > 75
    for method, passed in story.methods.items():
        print(f"{method} → {'passed' if passed else 'MISSING'}")  # noqa: T201  # the list to show
    for name, line in story.steps.items():
        print(f"{line['seconds']:6.1f} s  {name}")  # noqa: T201  # what the time goes into
    assert [method for method, passed in story.methods.items() if not passed] == []
