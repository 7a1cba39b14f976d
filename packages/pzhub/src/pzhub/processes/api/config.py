"""``used_config``: what clients send and see, against what the server keeps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pzhub.core.errors import InvalidError
from pzhub.processes.models import Pipeline, Process
from pzhub.processes.pipelines import (
    FLAGS_PARAMETER,
    FOLLOW_INPUT,
    default_parameters,
    spec_of,
)

#: Keys of the configuration of old that the server decides now.
_OURS: Final = ("inputs", "executor", "output_dir", "output_name", "output_root_dir")
#: Defaults that published clients know, where they are others than the pipeline's own: a rule
#: file that equals the default is none; photometry is named, not left to the release.
_KNOWN_DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "combine_redshift_dedup": {FLAGS_PARAMETER: None},
    "training_set_maker": {
        "use_absolute_lsdb_path": False,
        "flux_type": "auto",
        "convert_flux_to_mag": True,
        "dereddening": "sfd",
    },
}


@dataclass(frozen=True)
class AskedConfig:
    """What a client asks for: parameters, and the output format if it names one."""

    parameters: Mapping[str, Any]
    output_format: str | None


def system_config(pipeline: Pipeline) -> dict[str, Any]:
    """Return a pipeline's configuration with all defaults."""
    spec = spec_of(pipeline)
    # contract: the published client starts from "param" and sends all of it back.
    known = _KNOWN_DEFAULTS.get(pipeline.name, {})
    parameters = {**_told(default_parameters(pipeline.name)), **known}
    follows = pipeline.name in FOLLOW_INPUT
    return {
        "param": parameters,
        "inputs": {},
        "executor": {},
        "output_dir": "",
        "output_name": spec.output_name,
        "output_format": None if follows else spec.output_formats[0],
        "output_root_dir": "",
    }


def _told(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return defaults without the empty entries of nested maps."""
    return {
        name: {key: each for key, each in value.items() if each is not None}
        if name == "crossmatch"
        else value
        for name, value in parameters.items()
    }


def shown_config(process: Process) -> dict[str, Any]:
    """Return the configuration of a run: complete, without paths of the server."""
    return {"executor": {}, "output_dir": "", "output_root_dir": "", **process.used_config}


def read_config(pipeline: Pipeline, sent: object, *, has_flags_file: bool) -> AskedConfig:
    """Read the ``used_config`` of a request.

    Parameters
    ----------
    pipeline
        Which one is asked for.
    sent
        An object, or the text of one in JSON, or nothing.
    has_flags_file
        Whether a rule file came with the request.

    Raises
    ------
    pzhub.core.errors.InvalidError
        If it is no object, or wants to decide what the server decides.
    """
    config = _as_object(sent)
    defaults = system_config(pipeline)
    for key, value in config.items():
        if key in ("param", "output_format"):
            continue
        if key not in _OURS:
            raise _refused(f"{key!r} is not a key of used_config; use param and output_format.")
        if value not in (None, "", {}, defaults[key]):
            raise _refused(f"{key!r} is decided by the server; leave it out.")
    parameters = config.get("param") or {}
    if not isinstance(parameters, dict):
        raise _refused("param must be an object of parameter names and values.")
    output_format = config.get("output_format")
    if output_format is not None and not isinstance(output_format, str):
        raise _refused("output_format must be a word, such as parquet.")
    return AskedConfig(_without_flags(parameters, has_flags_file=has_flags_file), output_format)


def _as_object(sent: object) -> dict[str, Any]:
    if sent is None or sent == "":
        return {}
    if isinstance(sent, str):  # contract: the published client sends JSON in a JSON string
        try:
            sent = json.loads(sent)
        except ValueError as error:
            raise _refused(f"used_config is not JSON ({error}).") from error
    if not isinstance(sent, dict):
        raise _refused("used_config must be an object, or the JSON text of one.")
    return sent


def _without_flags(parameters: Mapping[str, Any], *, has_flags_file: bool) -> dict[str, Any]:
    """Take out the name of the rule file: its content is sent, never a path of the server."""
    rest = dict(parameters)
    if rest.pop(FLAGS_PARAMETER, None) not in (None, "") and not has_flags_file:
        raise _refused(
            f"{FLAGS_PARAMETER} cannot be a path; send the file itself in the form field of this"
            " name."
        )
    return rest


def _refused(text: str) -> InvalidError:
    return InvalidError(text, fields={"used_config": [text]})
