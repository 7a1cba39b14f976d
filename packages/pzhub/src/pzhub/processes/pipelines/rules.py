"""The rule file that the owner of a run may give."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from pzhub.core.storage import process_dir
from pzhub.processes.models import Process

FLAGS_FILE: Final = "flags_translation.yaml"


def check_flags_translation(path: Path, name: str) -> None:
    """Refuse a rule file that the pipelines cannot use, before any data is read.

    Parameters
    ----------
    path
        Where it lies.
    name
        What its owner calls it.

    Raises
    ------
    pztables.errors.UserError
        Naming survey, rule and reason.
    """
    from pzpipelines.combine.rule_file import read_rule_text
    from pzpipelines.combine.rules import parse_rules

    parse_rules(read_rule_text(path), name=name)


def flags_translation_of(process: Process) -> dict[Any, Any] | None:
    """Return the content of the rule file that a run's owner gave, if any."""
    from pzpipelines.combine.rule_file import load_yaml, read_rule_text

    path = process_dir(process) / FLAGS_FILE
    return load_yaml(read_rule_text(path), name=FLAGS_FILE) if path.exists() else None
