"""The client that users have, unmodified, against a live server of ours."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent

pytestmark = [pytest.mark.contract, pytest.mark.xdist_group("contract")]


def step_names() -> list[str]:
    """Return the steps of the story, read from its source."""
    tree = ast.parse((HERE / "story.py").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return [node.name for node in functions if node.decorator_list]


@pytest.fixture(scope="session")
def story(
    hub: Any, published_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """Run the whole story once and return what became of each step."""
    folder = tmp_path_factory.mktemp("contract")
    tokens = [hub.create_token(hub.create_user(name)) for name in ("ana", "bob")]
    command = [
        str(published_python),
        str(HERE / "story.py"),
        f"{hub.address}/api/",
        *tokens,
        str(folder),
    ]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "MPLBACKEND": "Agg"}
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, timeout=600, check=False
    )
    lines = [json.loads(line[5:]) for line in done.stdout.splitlines() if line.startswith("STEP ")]
    assert lines, f"the story did not start:\n{done.stdout}\n{done.stderr}"
    return {line["step"]: line for line in lines}


@pytest.mark.parametrize("name", step_names())
def test_the_published_client_is_served(name: str, story: dict[str, dict[str, Any]]) -> None:
    assert name in story, f"the story ended before {name}"
    assert story[name]["passed"], story[name]["why"]
