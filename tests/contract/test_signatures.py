"""Our library has every public name of the published one, with the same parameters in order."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

#: Where the published client keeps its public classes; ours may keep them elsewhere.
CLASSES = {
    "PzServer": ("core", "client"),
    "PzUpload": ("upload", "uploads"),
    "UploadData": ("upload", "uploads"),
    "PzProduct": ("product", "products"),
    "Pipeline": ("pipeline", "processes"),
    "Process": ("process", "processes"),
    "CRCProcess": ("process", "processes"),
    "TSMProcess": ("process", "processes"),
    "Catalog": ("catalog", "models"),
    "SpeczCatalog": ("catalog", "models"),
    "TrainingSet": ("catalog", "models"),
}
PROGRAM = """
import importlib, inspect, json, sys
names = json.loads(sys.argv[1])
def parameters(member):
    return list(inspect.signature(member).parameters) if inspect.isfunction(member) else None
found = {
    name: {key: parameters(member) for key, member in inspect.getmembers(getattr(importlib.import_module("pzserver." + module), name))
           if not key.startswith(("_", "model_", "validate_")) and (inspect.isfunction(member) or isinstance(member, property))}
    for name, (module, ours) in names.items()
}
found["module"] = {name: None for name in importlib.import_module("pzserver").__all__}
print("FOUND " + json.dumps(found))
"""  # noqa: E501

pytestmark = [pytest.mark.contract, pytest.mark.xdist_group("contract")]
# What every pydantic v1-style model carries along is not part of the client's own names.
INHERITED = {"copy", "dict", "json"}


@pytest.fixture(scope="module")
def published(
    published_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, list[str] | None]]:
    home = tmp_path_factory.mktemp("home")
    done = subprocess.run(
        [str(published_python), "-c", PROGRAM, json.dumps(CLASSES)],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "MPLBACKEND": "Agg"},
        check=True,
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("FOUND "))
    found: dict[str, dict[str, list[str] | None]] = json.loads(line[6:])
    return found


def test_every_name_of_the_module_is_there(published: dict[str, Any]) -> None:
    ours = importlib.import_module("pzserver")
    assert [name for name in published["module"] if not hasattr(ours, name)] == []


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_the_published_methods_and_parameters(
    name: str, published: dict[str, Any]
) -> None:
    ours = getattr(importlib.import_module(f"pzserver.{CLASSES[name][1]}"), name)
    differences = []
    for key, parameters in published[name].items():
        if key in INHERITED:
            continue
        member = inspect.getattr_static(ours, key, None)
        if member is None:
            differences.append(f"{key} is missing")
        elif parameters is not None:
            accepted = list(inspect.signature(getattr(ours, key)).parameters)
            if accepted[: len(parameters)] != parameters:
                differences.append(f"{key}{parameters} takes {accepted}")
    assert differences == []
