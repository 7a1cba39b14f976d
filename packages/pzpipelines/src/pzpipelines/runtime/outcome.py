"""``outcome.json``: what became of a run."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, field
from enum import IntEnum, StrEnum
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

#: Packages that can change a result; their versions are part of its provenance.
_VERSIONED = ("pzpipelines", "pztables", "numpy", "scipy", "pyarrow", "hpgeom", "astropy", "h5py")


class ExitCode(IntEnum):
    """What the exit code of a run means."""

    DONE = 0
    FAILED = 1
    REFUSED = 2
    STOPPED = 143  # 128 + SIGTERM, as shells write it


class Status(StrEnum):
    """What became of a run."""

    COMPLETED = "completed"
    REFUSED = "refused"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file of the result.

    Attributes
    ----------
    path
        Relative to the working directory.
    role
        ``main`` or ``auxiliary``.
    columns_assoc
        Role to column of a main table.
    """

    path: str
    role: Literal["main", "auxiliary"]
    columns_assoc: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run, as written to ``outcome.json``."""

    status: Status
    error: dict[str, Any] | None = None
    outputs: list[OutputFile] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome with the versions of everything that took part, ready for JSON."""
        return {**asdict(self), "versions": package_versions()}


def package_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that can change a result."""
    versions = {"python": platform.python_version()}
    for package in _VERSIONED:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
