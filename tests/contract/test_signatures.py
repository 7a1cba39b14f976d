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
    "PzRequests": ("communicate", "api"),
}
#: Ours find the host in the environment or in the stored sign-in before they take the published
#: one, ask more often, and build what is uploaded from arguments; a helper for lists is no call.
DELIBERATE = {
    ("PzServer", "__init__", "host"),
    ("PzRequests", "download_product", "poll_interval"),
    ("PzRequests", "download_main_file", "poll_interval"),
    ("UploadData", "__init__", "data"),
    ("PzRequests", "safe_list_get", ""),
}
PROGRAM = """
import importlib, inspect, json, sys
names = json.loads(sys.argv[1])
def parameters(member):
    if not inspect.isfunction(member):
        return None
    known = inspect.signature(member).parameters.values()
    return [[item.name, None if item.default is item.empty else repr(item.default)] for item in known]
found = {
    name: {key: parameters(member) for key, member in inspect.getmembers(getattr(importlib.import_module("pzserver." + module), name))
           if (key == "__init__" or not key.startswith(("_", "model_", "validate_"))) and (inspect.isfunction(member) or isinstance(member, property))}
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
) -> dict[str, dict[str, list[list[str | None]] | None]]:
    home = tmp_path_factory.mktemp("home")
    done = subprocess.run(
        [str(published_python), "-c", PROGRAM, json.dumps(CLASSES)],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "MPLBACKEND": "Agg"},
        check=True,
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("FOUND "))
    found: dict[str, dict[str, list[list[str | None]] | None]] = json.loads(line[6:])
    return found


def test_every_name_of_the_module_is_there(published: dict[str, Any]) -> None:
    ours = importlib.import_module("pzserver")
    assert [name for name in published["module"] if not hasattr(ours, name)] == []


def differing(name: str, key: str, parameters: list[list[str | None]]) -> list[str]:
    """Return what a method of ours does not take as the published one: place, name, default."""
    ours = getattr(importlib.import_module(f"pzserver.{CLASSES[name][1]}"), name)
    taken = list(inspect.signature(getattr(ours, key)).parameters.values())
    told = []
    for place, (parameter, default) in enumerate(parameters):
        if (name, key, parameter) in DELIBERATE:
            continue
        mine = taken[place] if place < len(taken) else None
        kept = mine and (None if mine.default is mine.empty else repr(mine.default))
        same = kept == default or (default is not None and kept == f"{default}.0")
        if mine is None or mine.name != parameter or not same:
            told.append(f"{key}: {parameter}={default} is {mine}")
    if (name, key, "data") not in DELIBERATE:
        more = taken[len(parameters) :]
        told += [f"{key} also wants {item}" for item in more if item.default is item.empty]
    return told


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_the_published_methods_and_parameters(
    name: str, published: dict[str, Any]
) -> None:
    ours = getattr(importlib.import_module(f"pzserver.{CLASSES[name][1]}"), name)
    differences = []
    for key, parameters in published[name].items():
        if key in INHERITED or (name, key, "") in DELIBERATE:
            continue
        member = inspect.getattr_static(ours, key, None)
        if member is None:
            differences.append(f"{key} is missing")
        elif parameters is not None:
            differences += differing(name, key, parameters)
    assert differences == []
