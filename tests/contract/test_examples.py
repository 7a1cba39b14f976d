"""What the documents show is run: commands, Python, REST, on a server with the demo content."""

from __future__ import annotations

import doctest
import importlib
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
import typer
import yaml
from typer.testing import CliRunner

from hub import Hub
from pzserver import PzServer
from pzserver.cli import app

pytestmark = [pytest.mark.contract, pytest.mark.xdist_group("notebook"), pytest.mark.thorough]
ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
build_reference = importlib.import_module("build_reference")
transcript = importlib.import_module("transcript")
REST_EXAMPLES = yaml.safe_load((ROOT / "docs/reference/examples.yaml").read_text())


@pytest.fixture(scope="module")
def token(demo_hub: Hub) -> str:
    return str(transcript.demo_token(demo_hub.data_dir))


@pytest.fixture(scope="module")
def pz(demo_hub: Hub, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PzServer]:
    cache = tmp_path_factory.mktemp("cache")
    with PzServer(token, f"{demo_hub.address}/api/", cache=cache) as connected:
        yield connected


@pytest.fixture(scope="module")
def result(pz: PzServer) -> dict[str, Any]:
    """Make a combination that examples look at."""
    run = pz.combine_redshift_catalogs("For the examples")
    for name in ("1_2dfgrslike_ecdfs", "2_vvdslike_ecdfs"):
        run.append_catalog(internal_name=name)
    return pz.run_and_wait(run)


def my_catalog(folder: Path) -> Path:
    """Write the file that examples upload."""
    rng = np.random.default_rng(8)
    columns = {"RA": rng.uniform(52, 54, 50), "DEC": rng.uniform(-29, -27, 50)}
    path = folder / "my_catalog.csv"
    pd.DataFrame({**columns, "Z": rng.uniform(0, 2, 50)}).to_csv(path, index=False)
    return path


def loosely(text: str) -> list[str]:
    """Return what must not change: words, not numbers, times, hashes or widths."""
    text = re.sub(r"_[0-9a-f]{32}\b", "_#", text)
    text = re.sub(r"\d+(?:[.,:T]?\d+)*Z?", "#", text)
    return [re.sub(r"-{3,}|─{3,}", "-", " ".join(line.split())) for line in text.splitlines()]


# ── pages ───────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("name", ["how-to/use-the-command-line.md"])
def test_a_page_shows_what_its_commands_print(
    name: str, demo_hub: Hub, token: str, tmp_path: Path
) -> None:
    steps = transcript.steps_of((ROOT / "docs" / name).read_text())
    printed = transcript.run_steps(steps, demo_hub.address, token, tmp_path)
    assert len(printed) == len(steps)
    for step, now in zip(steps, printed, strict=True):
        assert loosely(now) == loosely(step.output), step.command


# ── commands ────────────────────────────────────────────────────────────────
def test_the_examples_of_every_command_work(
    demo_hub: Hub,
    token: str,
    tmp_path: Path,
    pz: PzServer,
    result: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the order of the help; what an example calls the reader's own is made first."""
    for name in ("PZSERVER_TOKEN", "PZSERVER_HOST", "PZSERVER_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.chdir(tmp_path)
    draft = pz.upload("My draft", "redshift_catalog", my_catalog(tmp_path))
    draft.accept_suggestions()
    own = pz.api.get("products", draft.product_id)["internal_name"]
    made_by = pz.get_product_metadata(result["id"], mainfile_info=False)["process_id"]
    failed = []
    for line in command_examples():
        ours = line.replace("8_my_catalog", own).replace(transcript.ADDRESS, demo_hub.address)
        ours = re.sub(r"^(pz process \w+) 1\b", rf"\1 {made_by}", ours)
        words = shlex.split(ours.rpartition("| ")[2].removesuffix(" > pz.bash"))
        done = CliRunner().invoke(app, words[1:], input=f"{token}\n")
        if done.exit_code:
            failed.append((line, done.output, done.exception))
    assert failed == []


def command_examples() -> list[str]:
    """Return every example of the help of ``pz``, in its order."""

    def below(command: Any) -> Iterator[str]:
        yield from build_reference.examples_of(command) if command.name != "pz" else ()
        for child in getattr(command, "commands", {}).values():
            yield from below(child)

    every = below(typer.main.get_command(app))
    # A training set needs a release with objects; --wait and eval are tried elsewhere.
    elsewhere = ("pz logout", "pz train", "pz process rerun 1 --wait", "eval")
    return [line for line in every if not line.startswith(elsewhere)]


# ── Python ──────────────────────────────────────────────────────────────────
def docstring_examples() -> Iterator[Any]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    for address in build_reference.CLASSES:
        parts = build_reference.parts_of(build_reference.load(address))
        for found in [each for part in parts for each in finder.find(part)]:
            if found.examples:
                yield pytest.param(found, id=found.name)


@pytest.mark.parametrize("example", docstring_examples())
def test_the_examples_of_the_python_reference_work(
    example: Any,
    pz: PzServer,
    result: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    my_catalog(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    example.globs = {"pz": pz, "result": result}
    told: list[str] = []
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failures, tried = doctest.DocTestRunner(optionflags=options).run(example, out=told.append)
    assert (failures, tried > 0) == (0, True), "".join(told)


# ── REST ────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("example", REST_EXAMPLES, ids=lambda item: item["route"])
def test_the_examples_of_the_rest_reference_work(
    example: dict[str, Any], demo_hub: Hub, token: str
) -> None:
    command = build_reference.curl_of(example).replace(transcript.ADDRESS, demo_hub.address)
    done = subprocess.run(
        ["bash", "-c", command.replace("curl ", "curl --silent --show-error --include ", 1)],
        capture_output=True,
        env={"TOKEN": token, "PATH": "/usr/bin:/bin"},
        check=True,
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    assert int(head.split()[1]) == example["status"], body[:500]
    if "answer" in example:
        assert_shape(json.loads(body), example["answer"])
    else:
        assert httpx.Headers(head_lines(head))["content-type"].startswith(example["content_type"])


def head_lines(head: bytes) -> list[tuple[bytes, bytes]]:
    lines = [line.split(b":", 1) for line in head.split(b"\r\n")[1:]]
    return [(line[0], line[1].strip()) for line in lines]


def assert_shape(now: Any, shown: Any) -> None:
    """Check that what is shown is there, with values of the same kind."""
    if isinstance(shown, dict):
        assert isinstance(now, dict)
        missing = shown.keys() - now.keys()
        assert not missing, f"{missing} not in {sorted(now)}"
        for key, value in shown.items():
            assert_shape(now[key], value)
    elif isinstance(shown, list):
        assert isinstance(now, list)
        assert bool(now) == bool(shown)
        for value in shown:
            assert_shape(now[0], value)
    elif shown is not None and now is not None:
        assert isinstance(now, type(shown)) or {type(now), type(shown)} <= {int, float}
