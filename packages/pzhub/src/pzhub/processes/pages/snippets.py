"""The same run as a program: Python, JSON, command line."""

from __future__ import annotations

import json
import shlex
from typing import Any

from pzhub.catalog.services import internal_name_for
from pzhub.processes.pages.forms import PIPELINE, CombineForm, products_of
from pzhub.processes.selectors import pipeline_named


def snippets_of(form: CombineForm, address: str) -> dict[str, str]:
    """Return the run that a form describes as ``python``, ``json`` and ``command``.

    Parameters
    ----------
    form
        Validated; fields that are not valid are left out.
    address
        Of this server, as the client wants it.
    """
    name = form.cleaned_data.get("display_name") or "combined catalog"
    output_format = form.cleaned_data.get("output_format", "parquet")
    names = [product.internal_name or "" for product in products_of(form)]
    return {
        "python": _python(name, names, form.parameters, output_format, address),
        "json": _json(name, form, output_format),
        "command": _command(name, names, form.parameters, output_format),
    }


def _python(
    name: str, inputs: list[str], parameters: dict[str, Any], output_format: str, address: str
) -> str:
    lines = [
        "from pzserver import PzServer",
        "",
        f'pz = PzServer(token="…", host="{address}")',
        f"crc = pz.combine_redshift_catalogs({name!r})",
        *(f"crc.append_catalog(internal_name={item!r})" for item in inputs),
        *([f"crc.set_config({parameters!r})"] if parameters else []),
        *(
            [f"crc.set_config({{'output_format': {output_format!r}}})"]
            if output_format != "parquet"
            else []
        ),
        "pz.run_and_wait(crc)",
    ]
    return "\n".join(lines)


def _json(name: str, form: CombineForm, output_format: str) -> str:
    body = {
        "display_name": name,
        "description": form.cleaned_data.get("description", ""),
        "pipeline": pipeline_named(PIPELINE).pk,
        "inputs": [product.pk for product in products_of(form)],
        "used_config": {"param": form.parameters},
        "output_format": output_format,
    }
    return json.dumps(body, indent=2, ensure_ascii=False)


def _command(name: str, inputs: list[str], parameters: dict[str, Any], output_format: str) -> str:
    words = ["pz", "combine", *inputs, "--name", name]
    for key, value in parameters.items():
        text = value if isinstance(value, str) else json.dumps(value)
        words += ["--param", f"{key}={text}"]
    if output_format != "parquet":
        words += ["--format", output_format]
    return shlex.join(words)


def known_as(form: CombineForm) -> str:
    """Return the end of the internal name that the result will get; its number comes first."""
    name = form.cleaned_data.get("display_name", "")
    return internal_name_for(0, name).removeprefix("0") if name else ""
