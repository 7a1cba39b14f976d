"""``job.json``: what a run is asked to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pztables.errors import UserError


class JobError(UserError):
    """The job file is missing, is not JSON, or does not say what to do."""

    code = "invalid_job"


class JobInput(BaseModel):
    """One input catalog.

    Attributes
    ----------
    path
        The file or HATS directory.
    internal_name
        ``<digits>_<name>``; the digits become the prefix of CRD_IDs.
    columns
        Role to column name (``{"ra": "RA"}``).
    product_id, sha256
        Where the file comes from, kept for provenance.
    format
        Format of the file, or null to look at it.
    """

    model_config = ConfigDict(extra="forbid")

    path: Path
    internal_name: str
    columns: dict[str, str | None] = Field(default_factory=dict)
    product_id: int | None = None
    sha256: str | None = None
    format: str | None = None


class JobOutput(BaseModel):
    """The main output: a file name without suffix, and a format (null: as the parameters say)."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="crd", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=200)
    format: str | None = None


class JobResources(BaseModel):
    """What the run may use.

    Attributes
    ----------
    workers
        Partitions matched at once.
    memory_bytes
        Aim for the peak: above it, prepared catalogs wait on disk.
    executor
        ``threads``, ``processes``, ``serial`` or ``dask://HOST:PORT``.
    """

    model_config = ConfigDict(extra="forbid")

    workers: int = Field(default=2, ge=1, le=1024)
    memory_bytes: int = Field(default=2_000_000_000, ge=100_000_000)
    executor: str = "threads"


class JobObjects(BaseModel):
    """The object catalog (photometry) that redshifts are matched with.

    Attributes
    ----------
    path
        Root of a release: a HATS catalog or collection, or the layout
        ``<root>/<mag|flux>/<flux type>/<dereddening>/catalog``.
    name
        Of the release, as users know it.
    indexing_column
        Column whose equal values are one object, or null: each row is an object.
    dust_maps
        Folder with the map files of ``dustmaps``, or null where there is none.
    """

    model_config = ConfigDict(extra="forbid")

    path: Path
    name: str = Field(default="objects", min_length=1, max_length=255)
    indexing_column: str | None = None
    dust_maps: Path | None = None


class Job(BaseModel):
    """What a run is asked to do: pipeline, parameters, inputs, objects, output, resources."""

    model_config = ConfigDict(extra="forbid")

    pipeline: str
    version: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    inputs: list[JobInput]
    objects: JobObjects | None = None
    output: JobOutput = Field(default_factory=JobOutput)
    resources: JobResources = Field(default_factory=JobResources)
    flags_translation: Path | None = None


def read_job(path: Path) -> Job:
    """Read and check a job file.

    Raises
    ------
    JobError
        If the file is absent or one of its keys is wrong; the message names the key.
    """
    try:
        return Job.model_validate_json(path.read_bytes())
    except FileNotFoundError as missing:
        raise JobError(f"{path}: no such job file", path=str(path)) from missing
    except OSError as unreadable:
        raise JobError(
            f"{path}: cannot be read ({unreadable.strerror})", path=str(path)
        ) from unreadable
    except ValidationError as wrong:
        raise JobError(f"{path}: {_sentence(wrong)}", path=str(path)) from wrong


def _sentence(wrong: ValidationError) -> str:
    problems = []
    for problem in wrong.errors(include_url=False):
        key = ".".join(str(part) for part in problem["loc"])
        problems.append(f"{key}: {problem['msg']}" if key else problem["msg"])
    return "; ".join(problems)
