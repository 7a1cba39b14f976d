"""A run as a program that does the same again: Python, JSON, command line."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from pzhub.processes.models import Process
from pzhub.processes.pages.training_form import PIPELINE as TRAINING
from pzhub.processes.pages.training_job import flat_parameters
from pzhub.processes.pipelines import default_parameters
from pzhub.processes.selectors import inputs_of


def snippets_of_job(process: Process, address: str) -> dict[str, str]:
    """Return a run as ``python``, ``json`` and ``command``; what is as by default is left out.

    Parameters
    ----------
    process
        The run.
    address
        Of this server, as the client wants it.
    """
    names = [product.internal_name or "" for product in inputs_of(process)]
    changed = changed_parameters(process)
    return {
        "python": _python(process, names, changed, address),
        "json": _json(process),
        "command": _command(process, names, changed),
    }


def changed_parameters(process: Process) -> dict[str, Any]:
    """Return the parameters that differ from the pipeline's own, as they are nested."""
    given = process.used_config.get("param", {})
    return _difference(given, default_parameters(process.pipeline.name))


def _difference(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in given.items():
        known = defaults.get(name)
        if isinstance(value, Mapping) and isinstance(known, Mapping):
            if inner := _difference(value, known):
                found[name] = inner
        elif name not in defaults or value != known:
            found[name] = value
    return found


def _python(process: Process, names: list[str], changed: dict[str, Any], address: str) -> str:
    output_format = process.used_config.get("output_format")
    config = {**changed, **({"output_format": output_format} if output_format else {})}
    lines = ["from pzserver import PzServer", "", f'pz = PzServer(token="…", host="{address}")']
    if process.pipeline.name == TRAINING:
        release = process.release.name if process.release else "…"
        lines += [
            f"job = pz.training_set_maker({process.display_name!r})",
            *(f"job.set_redshift(internal_name={name!r})" for name in names),
            f"job.set_release(name={release!r})",
        ]
    else:
        lines += [
            f"job = pz.combine_redshift_catalogs({process.display_name!r})",
            *(f"job.append_catalog(internal_name={name!r})" for name in names),
        ]
    if config:
        lines.append(f"job.set_config({config!r})")
    if rules := process.used_config.get("flags_translation"):
        lines.append(f"job.set_flags_translation({rules['name']!r})  # the rule file, on your disk")
    return "\n".join([*lines, "pz.run_and_wait(job)"])


def _json(process: Process) -> str:
    body = {
        "display_name": process.display_name,
        "pipeline": process.pipeline_id,
        "release": process.release_id,
        "inputs": [product.pk for product in inputs_of(process)],
        "used_config": {"param": process.used_config.get("param", {})},
        "output_format": process.used_config.get("output_format"),
    }
    wanted = {name: value for name, value in body.items() if value is not None}
    return json.dumps(wanted, indent=2, ensure_ascii=False)


def _command(process: Process, names: list[str], changed: dict[str, Any]) -> str:
    words = ["pz", "train" if process.pipeline.name == TRAINING else "combine", *names]
    if process.release:
        words += ["--release", process.release.name]
    words += ["--name", process.display_name]
    for key, value in flat_parameters(changed).items():
        words += ["--param", f"{key}={value if isinstance(value, str) else json.dumps(value)}"]
    if output_format := process.used_config.get("output_format"):
        words += ["--format", output_format]
    if rules := process.used_config.get("flags_translation"):
        words += ["--rules", rules["name"]]
    return shlex.join(words)
