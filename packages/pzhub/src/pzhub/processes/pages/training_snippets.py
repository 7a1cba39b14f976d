"""The same training set as a program: Python, JSON, command line."""

from __future__ import annotations

import json
import shlex
from typing import Any

from pzhub.processes.pages.training_form import PIPELINE, SAME, TrainingForm
from pzhub.processes.selectors import pipeline_named


def training_snippets(form: TrainingForm, address: str) -> dict[str, str]:
    """Return the run that a form describes as ``python``, ``json`` and ``command``.

    Parameters
    ----------
    form
        Validated; fields that are not valid are left out.
    address
        Of this server, as the client wants it.
    """
    name = form.cleaned_data.get("display_name") or "training set"
    asked = form.cleaned_data.get("output_format", SAME)
    output_format = None if asked == SAME else asked
    return {
        "python": _python(name, form, output_format, address),
        "json": _json(name, form, output_format),
        "command": _command(name, form, output_format),
    }


def _names(form: TrainingForm) -> tuple[str, str]:
    product, release = form.product, form.chosen_release
    return (
        product.internal_name or "" if product else "…",
        release.name if release else "…",
    )


def _python(name: str, form: TrainingForm, output_format: str | None, address: str) -> str:
    catalog, release = _names(form)
    config = {**form.parameters, **({"output_format": output_format} if output_format else {})}
    lines = [
        "from pzserver import PzServer",
        "",
        f'pz = PzServer(token="…", host="{address}")',
        f"tsm = pz.training_set_maker({name!r})",
        f"tsm.set_redshift(internal_name={catalog!r})",
        f"tsm.set_release(name={release!r})",
        *([f"tsm.set_config({config!r})"] if config else []),
        "pz.run_and_wait(tsm)",
    ]
    return "\n".join(lines)


def _json(name: str, form: TrainingForm, output_format: str | None) -> str:
    product, release = form.product, form.chosen_release
    body: dict[str, Any] = {
        "display_name": name,
        "description": form.cleaned_data.get("description", ""),
        "pipeline": pipeline_named(PIPELINE).pk,
        "inputs": [product.pk] if product else [],
        "release": release.pk if release else None,
        "used_config": {"param": form.parameters},
        "output_format": output_format,
    }
    return json.dumps(body, indent=2, ensure_ascii=False)


def _command(name: str, form: TrainingForm, output_format: str | None) -> str:
    catalog, release = _names(form)
    words = ["pz", "train", catalog, "--release", release, "--name", name]
    for key, value in _flat(form.parameters):
        text = value if isinstance(value, str) else json.dumps(value)
        words += ["--param", f"{key}={text}"]
    if output_format:
        words += ["--format", output_format]
    return shlex.join(words)


def _flat(parameters: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return parameters with those of nested maps under names with dots."""
    flat: list[tuple[str, Any]] = []
    for key, value in parameters.items():
        if isinstance(value, dict):
            flat += [(f"{key}.{inner}", each) for inner, each in value.items()]
        else:
            flat.append((key, value))
    return flat
